using System.Runtime.CompilerServices;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Rings when a request's stream has grown in this process, so that its readers need not wait for their next look. Events are durable
/// before anybody sees them: a reader that comes back anywhere continues where it was.
/// </summary>
internal sealed class RequestStreams
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Tenant, string Id), Waiters> _waiters = [];

    public void Signal(string tenant, string id)
    {
        lock (_lock)
        {
            if (!_waiters.TryGetValue((tenant, id), out var waiters)) return;
            var changed = waiters.Changed;
            waiters.Changed = New();
            changed.TrySetResult();
        }
    }

    /// <summary>To be disposed of when the reader leaves.</summary>
    public Reader Enter(string tenant, string id)
    {
        lock (_lock)
        {
            if (!_waiters.TryGetValue((tenant, id), out var waiters)) _waiters[(tenant, id)] = waiters = new Waiters();
            waiters.Count++;
            return new Reader(this, (tenant, id), waiters);
        }
    }

    private void Leave((string, string) key, Waiters waiters)
    {
        lock (_lock)
        {
            if (--waiters.Count == 0) _waiters.Remove(key);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal sealed class Waiters
    {
        public int Count { get; set; }

        public volatile TaskCompletionSource Changed = New();
    }

    internal sealed class Reader(RequestStreams streams, (string, string) key, Waiters waiters) : IDisposable
    {
        /// <summary>Take this before looking; it completes when there is more.</summary>
        public Task Changed => waiters.Changed.Task;

        public void Dispose() => streams.Leave(key, waiters);
    }
}

/// <summary>Reads a request's stream from any event on, to the event that ends it.</summary>
internal sealed class ReadStream(RequestStore store, RequestStreams streams, TimeProvider clock)
{
    private const int BatchMax = 200;

    /// <summary>How often readers look whose request runs in another process.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    public async IAsyncEnumerable<RequestStreamEvent> ReadAsync(string tenant, string id, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = streams.Enter(tenant, id);
        while (true)
        {
            var changed = reader.Changed;
            var events = await store.EventsAsync(tenant, id, after, BatchMax, cancellationToken);
            for (var i = 0; i < events.Count; i++)
            {
                after = events[i].Seq;
                yield return events[i];
            }
            // A replay goes on behind an end, so only an end that nothing follows ends the stream.
            if ((events.Count == 0 || events[^1].Ends) && await store.LastEventAsync(tenant, id, cancellationToken) is { Ends: true } last && last.Seq <= after) yield break;
            if (events.Count < BatchMax) await Task.WhenAny(changed, Task.Delay(Poll, clock, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
