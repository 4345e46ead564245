using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>Opens a turn, has it answered by its owner, and hands the answer out whole or as a stream.</summary>
internal sealed class AwaitTurn(RunningTurns running, SessionStore sessions, RoundStore rounds, SessionStreams streams, Db db)
{
    public async Task<IResult> RunAsync(RequestContext context, TurnRequest wanted, OpenTurn open, bool stream, bool created, HttpContext http)
    {
        var cancellationToken = http.RequestAborted;
        var (session, turn, done) = await BeginAsync(context, wanted, open, cancellationToken);
        if (stream) return StreamEvent.Result(streams.ReadAsync(context.Tenant, session, await sessions.BeforeTurnAsync(context.Tenant, session, turn, cancellationToken), turn, cancellationToken));
        await done.WaitAsync(cancellationToken);
        var view = await sessions.FindTurnAsync(context.Tenant, turn, cancellationToken) ?? throw SessionProblems.Unknown.Because("The turn was deleted meanwhile.");
        view = view with { ToolCalls = [.. (await rounds.OfTurnAsync(context.Tenant, turn, cancellationToken)).Select(ToolCallView.Of)] };
        if (view.Status == WaitingTurnStore.Waiting) return TypedResults.Accepted($"/v1/sessions/{session}", view);
        return created ? TypedResults.Created($"/v1/sessions/{session}", view) : TypedResults.Ok(view);
    }

    /// <summary>
    /// Opens the turn and begins to answer it. A retry with the same idempotency key after a crash meets the rows of the first try and
    /// gets them as they are.
    /// </summary>
    public async Task<(string Session, string Turn, Task Done)> BeginAsync(RequestContext context, TurnRequest wanted, OpenTurn open, CancellationToken cancellationToken)
    {
        running.ThrowIfFull();
        try
        {
            var begun = await open.RunAsync(context, wanted, cancellationToken);
            if (begun.Turn is not { } turn) return (begun.SessionId, begun.TurnId, Task.CompletedTask);
            var done = running.Begin(turn);
            await turn.Opened.WaitAsync(cancellationToken);
            return (turn.SessionId, turn.TurnId, done);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            if (context.IdempotencyKey is not null && await sessions.FindTurnAsync(context.Tenant, Ids.For(context, "turn"), cancellationToken) is { } first)
                return (first.SessionId, first.TurnId, Task.CompletedTask);
            throw SessionProblems.TurnRunning.Because("Another message reached the session at the same time.", exception);
        }
    }
}
