using System.Collections.Concurrent;

namespace SomaStack.Agents.Protocols;

/// <summary>
/// Calls of handshake clients that this replica carries out, so that <c>notifications/cancelled</c> of the same session finds them. One that
/// another replica carries out is not found, and ends by its own limit.
/// </summary>
internal sealed class RunningCalls
{
    private readonly ConcurrentDictionary<(string Session, string Id), CancellationTokenSource> _running = new();

    /// <summary>False when this id is being answered already: a session uses each once.</summary>
    public bool Add(McpHandle session, string id, CancellationTokenSource cancel) => _running.TryAdd((session.Nonce, id), cancel);

    public void Remove(McpHandle session, string id) => _running.TryRemove((session.Nonce, id), out _);

    public void Cancel(McpHandle session, string id)
    {
        if (!_running.TryRemove((session.Nonce, id), out var cancel)) return;
        try
        {
            cancel.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was done at that moment.
        }
    }
}
