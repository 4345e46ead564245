using System.Runtime.CompilerServices;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>Who in this process waits for new events of which run.</summary>
internal sealed class RunSignals
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Tenant, string Run), Waiters> _waiters = [];

    /// <summary>New events of the run are committed.</summary>
    /// <param name="over">With them it ended.</param>
    public void Ring(string tenant, string run, bool over)
    {
        lock (_lock)
        {
            if (!_waiters.TryGetValue((tenant, run), out var waiters)) return;
            if (over) waiters.Over.TrySetResult();
            var changed = waiters.Changed;
            waiters.Changed = New();
            changed.TrySetResult();
        }
    }

    /// <summary>Keeps the place until it is disposed of; take <see cref="Listening.Next"/> before looking.</summary>
    public Listening Listen(string tenant, string run)
    {
        lock (_lock)
        {
            if (!_waiters.TryGetValue((tenant, run), out var waiters)) _waiters[(tenant, run)] = waiters = new Waiters();
            waiters.Count++;
            return new Listening(this, (tenant, run), waiters);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal sealed class Waiters
    {
        public int Count { get; set; }

        public volatile TaskCompletionSource Changed = New();

        public TaskCompletionSource Over { get; } = New();
    }

    internal readonly struct Listening(RunSignals signals, (string, string) key, Waiters waiters) : IDisposable
    {
        public Task Next => waiters.Changed.Task;

        /// <summary>Completes when a commit of this process ends the run.</summary>
        public Task Over => waiters.Over.Task;

        public void Dispose()
        {
            lock (signals._lock)
            {
                if (--waiters.Count == 0) signals._waiters.Remove(key);
            }
        }
    }
}

/// <summary>
/// Reads a run's history from any event on. Events are durable before anybody sees them, so a reader that reconnects anywhere, even after a
/// crash, continues byte for byte. Readers in this process are woken at once, those in others look twice a second.
/// </summary>
internal sealed class RunStreams(RunStore store, RunSignals signals, TimeProvider clock)
{
    private const int BatchMax = 200;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);

    /// <param name="untilOver">Ends after the event that ends the run; else it waits for a retry.</param>
    public async IAsyncEnumerable<RunEventRow> ReadAsync(string tenant, string run, long after, bool untilOver, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var listening = signals.Listen(tenant, run);
        while (true)
        {
            var changed = listening.Next;
            var events = await store.EventsAsync(tenant, run, after, BatchMax, cancellationToken);
            foreach (var item in events)
            {
                after = item.Seq;
                yield return item;
            }
            if (events.Count == BatchMax) continue;
            if (untilOver && (await store.FindAsync(tenant, run, cancellationToken) is not { } row || (row.EndedAt is not null && row.Seq <= after))) yield break;
            await Task.WhenAny(changed, Task.Delay(Poll, clock, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Returns when the run has ended.</summary>
    public async Task<RunRow> WhenOverAsync(string tenant, string run, CancellationToken cancellationToken)
    {
        using var listening = signals.Listen(tenant, run);
        while (true)
        {
            var changed = listening.Next;
            if (await store.GetAsync(tenant, run, cancellationToken) is { EndedAt: not null } over) return over;
            await Task.WhenAny(changed, Task.Delay(Poll, clock, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }
}
