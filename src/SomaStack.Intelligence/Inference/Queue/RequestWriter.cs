using System.Text;
using System.Text.Json;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Writes an answer to the stream while it is being made. While one commit runs, and for a moment after it, the next gathers: a fast
/// model costs twenty commits a second at most, and a slow one shows every word. Each commit also proves that the attempt is still
/// the current one.
/// </summary>
internal sealed class RequestWriter(RequestStore store, RunningRequest request, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();
    private readonly List<(string Type, StringBuilder Text)> _pending = [];
    private readonly CancellationTokenSource _hurry = new();
    private Task _release = Task.CompletedTask;
    private bool _releasing;
    private bool _finishing;

    /// <summary>Somebody else has the request now; nothing of this attempt is written any more.</summary>
    public bool Lost { get; private set; }

    public void Append(string type, string text)
    {
        lock (_lock)
        {
            if (_pending.Count > 0 && _pending[^1].Type == type && type != RequestStreamEvent.ToolCall) _pending[^1].Text.Append(text);
            else _pending.Add((type, new StringBuilder(text)));
            Begin();
        }
    }

    /// <summary>Waits until everything is written.</summary>
    public async Task FinishAsync()
    {
        Task release;
        lock (_lock)
        {
            _finishing = true;
            if (_pending.Count > 0) Begin();
            release = _release;
        }
        await _hurry.CancelAsync();
        await release;
    }

    public void Dispose() => _hurry.Dispose();

    private void Begin()
    {
        if (_releasing) return;
        _releasing = true;
        _release = ReleaseAsync();
    }

    private async Task ReleaseAsync()
    {
        // Leave the caller's stack first: it holds the lock.
        await Task.Yield();
        while (Take() is { } events)
        {
            if (Lost) continue;
            if (!await store.StreamAsync(request.Row.Tenant, request.Row.Id, request.Attempt, events))
            {
                Lost = true;
                request.End();
            }
            await Task.Delay(Gather, clock, _hurry.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private List<(string Type, string Data)>? Take()
    {
        lock (_lock)
        {
            // Half a surrogate pair waits for its other half, unless nothing follows.
            var held = !_finishing && _pending.Count > 0 && char.IsHighSurrogate(_pending[^1].Text[^1]) ? _pending[^1].Text[^1] : (char?)null;
            if (held is not null) _pending[^1].Text.Length--;
            var events = _pending.Where(static item => item.Text.Length > 0).Select(item => (item.Type, Data(item.Type, item.Text.ToString()))).ToList();
            var type = _pending.Count > 0 ? _pending[^1].Type : "";
            _pending.Clear();
            if (held is { } half) _pending.Add((type, new StringBuilder().Append(half)));
            _releasing = events.Count > 0;
            return _releasing ? events : null;
        }
    }

    /// <summary>A tool call is JSON already.</summary>
    private string Data(string type, string text) =>
        type == RequestStreamEvent.ToolCall ? text : JsonSerializer.Serialize(new RequestDelta(request.Attempt, text), QueueJson.Default.RequestDelta);
}
