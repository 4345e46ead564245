using System.Text;
using System.Text.Json;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// Releases an answer while it is being made: text is moderated, then committed, then seen. While one release commits, the next
/// gathers, so a fast model costs few commits and a slow one shows every word.
/// </summary>
/// <param name="said">What was released before, in another process.</param>
internal sealed class TurnWriter(Db db, IModeration moderation, SessionStreams streams, PreparedTurn turn, string said, CancellationToken cancellationToken)
{
    /// <summary>A rule may match across a release's edge: so much of what was released is looked at again.</summary>
    private const int Overlap = 256;

    private readonly Lock _lock = new();
    private readonly StringBuilder _pending = new();
    private readonly StringBuilder _released = new(said);
    private Task _release = Task.CompletedTask;
    private bool _releasing;
    private bool _finishing;

    /// <summary>All that was released so far: moderated and durable.</summary>
    public string Released => _released.ToString();

    public void Append(string text)
    {
        lock (_lock)
        {
            // NUL cannot be stored as text; a model that sends one gets the replacement character.
            _pending.Append(text).Replace('\0', '\uFFFD');
            Begin();
        }
    }

    /// <summary>Waits until everything is released; more may follow.</summary>
    /// <exception cref="Problem">403 <c>moderation_blocked</c> when a rule stopped the rest.</exception>
    public async Task FinishAsync()
    {
        Task release;
        lock (_lock)
        {
            _finishing = true;
            if (_pending.Length > 0) Begin();
            release = _release;
        }
        await release;
        lock (_lock) _finishing = false;
    }

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
        while (Take() is { } text)
        {
            var from = Math.Max(0, _released.Length - Overlap);
            var before = _released.ToString(from, _released.Length - from);
            var result = await moderation.CheckAsync(turn.Context, ModerationStage.Output, before + text, cancellationToken);
            if (result.Blocked) throw ModerationProblems.Because(result, "The moderation rules stop the rest of this answer.");
            // What was released stands; a rule that redacts across the edge redacts what is still to come.
            if (result.Redacted is { } redacted) text = redacted.StartsWith(before, StringComparison.Ordinal) ? redacted[before.Length..] : "[redacted]";
            var data = JsonSerializer.Serialize(new DeltaData(text), SessionsJson.Default.DeltaData);
            await db.WriteAsync(turn.Context.Tenant, work =>
            {
                work.OnCommit(() => streams.Signal(turn.Context.Tenant, turn.SessionId));
                return SessionStore.AddEventsAsync(work, turn.Context.Tenant, turn.SessionId, turn.TurnId, [(StreamEvent.Delta, data)]);
            }, cancellationToken);
            _released.Append(text);
        }
    }

    private string? Take()
    {
        lock (_lock)
        {
            // Half a surrogate pair waits for its other half, unless nothing follows.
            var half = _pending.Length > 0 && char.IsHighSurrogate(_pending[^1]);
            if (half && _finishing) _pending[^1] = '\uFFFD';
            var length = half && !_finishing ? _pending.Length - 1 : _pending.Length;
            _releasing = length > 0;
            if (length == 0) return null;
            var text = _pending.ToString(0, length);
            _pending.Remove(0, length);
            return text;
        }
    }
}
