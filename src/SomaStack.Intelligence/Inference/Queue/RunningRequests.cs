using System.Collections.Concurrent;

namespace SomaStack.Intelligence.Inference;

/// <summary>The requests that this process works on now.</summary>
internal sealed class RunningRequests
{
    private readonly ConcurrentDictionary<(string Tenant, string Id), RunningRequest> _all = new();

    public int Count => _all.Count;

    public IReadOnlyList<RunningRequest> All => [.. _all.Values];

    /// <summary>False while an earlier attempt of it has not left this process yet.</summary>
    public bool TryAdd(RunningRequest request) => _all.TryAdd((request.Row.Tenant, request.Row.Id), request);

    public void Remove(RunningRequest request) => _all.TryRemove(new KeyValuePair<(string, string), RunningRequest>((request.Row.Tenant, request.Row.Id), request));

    /// <summary>Ends it at once when it runs here; another process hears of it from the database.</summary>
    public void Cancel(string tenant, string id)
    {
        if (_all.TryGetValue((tenant, id), out var request)) request.End();
    }
}

/// <summary>One attempt under way.</summary>
internal sealed class RunningRequest(RequestRow row, CancellationToken stopping) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _source = CancellationTokenSource.CreateLinkedTokenSource(stopping);
    private bool _disposed;

    public RequestRow Row => row;

    public long Attempt => row.State.Attempt;

    public CancellationToken Token => _source.Token;

    /// <summary>Completes when the attempt has left this process, however it went.</summary>
    public Task Done { get; set; } = Task.CompletedTask;

    /// <summary>Ends the model's work; what that means is for the decider to say.</summary>
    public void End()
    {
        lock (_lock)
        {
            if (!_disposed) _source.Cancel();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _source.Dispose();
        }
    }
}
