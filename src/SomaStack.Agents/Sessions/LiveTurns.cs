using System.Runtime.CompilerServices;
using System.Text.Json;
using SomaStack.Agents.Sessions.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>The room's own path, for whoever is in this process.</summary>
internal sealed class LiveTurns(
    SessionStore sessions, PersonaStore personas, SendMessage send, OpenTurn open, AwaitTurn turns, SessionStreams streams, RunningTurns running, WaitingTurns waiting) : ILiveTurns
{
    private const int RecallLimit = 8;

    public async Task<string> FindAsync(RequestContext context, string? session, string? persona, CancellationToken cancellationToken)
    {
        if (session is null) return (await personas.GetAsync(context, persona ?? PersonaStore.Starter, cancellationToken)).Id;
        var found = await sessions.GetAsync(context, session, cancellationToken);
        return found.Status == "closed" ? throw SessionProblems.Closed.Because("The session takes no more messages.") : found.Persona;
    }

    public async Task<LiveTurn> BeginAsync(RequestContext context, LiveMessage message, CancellationToken cancellationToken)
    {
        TurnChecks.Check(message.Text, RecallLimit, message.Model, "text");
        // Each message is one of its own: a key that came with the channel names none of them.
        var own = context with { IdempotencyKey = null };
        var wanted = message.Session is { } id
            ? await send.WantedAsync(id, new SendMessage.Request(message.Text, message.Model, RecallLimit), own, cancellationToken)
            : new TurnRequest(null, message.Text, message.Persona ?? PersonaStore.Starter, message.Model, context.TokenConstitution, RecallLimit);
        var (session, turn, _) = await turns.BeginAsync(own, wanted, open, cancellationToken);
        return new LiveTurn(session, turn);
    }

    public async IAsyncEnumerable<LiveEvent> FollowAsync(RequestContext context, LiveTurn turn, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = await sessions.BeforeTurnAsync(context.Tenant, turn.Session, turn.Turn, cancellationToken);
        await foreach (var item in streams.ReadAsync(context.Tenant, turn.Session, after, turn.Turn, cancellationToken))
        {
            if (item.Turn != turn.Turn) continue;
            var said = item.Type == StreamEvent.Delta ? JsonSerializer.Deserialize(item.Data, SessionsJson.Default.DeltaData)?.Text : null;
            yield return new LiveEvent(item.Seq, item.Type, item.Data, said);
            if (item.Type == StreamEvent.ApprovalRequired) yield break;
        }
    }

    public async Task<bool> CancelAsync(RequestContext context, string session, CancellationToken cancellationToken)
    {
        try
        {
            await CancelTurn.CancelAsync(session, context, sessions, running, waiting, cancellationToken);
            return true;
        }
        catch (Problem problem) when (problem.Code == SessionProblems.TurnNotRunning)
        {
            return false;
        }
    }
}
