using System.Diagnostics;
using System.Text.Json;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>
/// Turns that wait for a second person. Approvals are decided in the room below, so what became of one comes up as an event of the
/// journal: a yes wakes the turn, everything else ends it as denied, in the transaction that takes the event.
/// </summary>
internal sealed class WaitingTurns(Db db, SessionStore sessions, SessionStreams streams, IApprovals approvals, ISettings settings, TimeProvider clock)
{
    /// <summary>Rings when a turn may go on.</summary>
    public JournalSignal Woken { get; } = new();

    public void Handle(Subscriptions subscriptions) => subscriptions.On("sessions.approvals", [ApprovalEvents.Decided, ApprovalEvents.Returned], HearAsync);

    internal async Task HearAsync(JournalLine line, DbWork work, CancellationToken cancellationToken)
    {
        if (line.Type == ApprovalEvents.Decided)
        {
            var decided = ApprovalEvents.ReadDecided(line);
            if (decided.Decision != "approve")
                await DenyAsync(work, line.Tenant, decided.Id, new TurnFailure("approval_rejected", $"{decided.Decider} refused it.{(decided.Comment is { Length: > 0 } comment ? " " + comment : "")}"));
            else if (await WaitingTurnStore.ApproveAsync(work, line.Tenant, decided.Id))
                work.OnCommit(Woken.Ring);
            return;
        }
        var returned = ApprovalEvents.ReadReturned(line);
        var code = returned.Code switch { "expired" => "approval_expired", "withdrawn" => "approval_withdrawn", _ => "approval_void" };
        await DenyAsync(work, line.Tenant, returned.Id, new TurnFailure(code, returned.Detail));
    }

    /// <summary>The yes cannot be used, or not any more: the turn ends and the approval goes back.</summary>
    public Task DenyAsync(WaitingTurn turn, Problem problem, CancellationToken cancellationToken) => db.WriteAsync(turn.Tenant, async work =>
    {
        if (!await DenyAsync(work, turn.Tenant, turn.ApprovalId, new TurnFailure(problem.Code.Code, problem.Detail))) return;
        // What the approval itself refused, it returns itself, with the exact reason.
        if (!problem.Code.Code.StartsWith("approval_", StringComparison.Ordinal))
            await approvals.WithdrawAsync(work, ContextOf(turn), turn.ApprovalId, problem.Detail);
    }, cancellationToken);

    /// <summary>Ends the session's waiting turn at once.</summary>
    /// <returns>Its id, or null when none waits.</returns>
    public Task<string?> CancelAsync(RequestContext context, string session, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        var state = await SessionStore.StateAsync(work, context.Tenant, session);
        if (state.Awaits is not { } awaited || await WaitingTurnStore.FindAsync(work, context.Tenant, awaited) is not { } turn) return null;
        await approvals.WithdrawAsync(work, context, awaited, "The turn was cancelled.");
        await sessions.ApplyAsync(work, context, session, state, new CancelTurnCommand(new TurnCancelled(turn.TurnId, context.Principal.Id, 0, null, null)));
        await EndAsync(work, context, turn, "cancelled", StreamEvent.TurnCancelled, null);
        return turn.TurnId;
    }, cancellationToken);

    private async Task<bool> DenyAsync(DbWork work, string tenant, string approvalId, TurnFailure failure)
    {
        if (await WaitingTurnStore.FindAsync(work, tenant, approvalId) is not { } turn) return false;
        var state = await SessionStore.StateAsync(work, tenant, turn.SessionId);
        var context = ContextOf(turn);
        await sessions.ApplyAsync(work, context, turn.SessionId, state, new DenyTurnCommand(new TurnDenied(turn.TurnId, approvalId, failure.Code)));
        await EndAsync(work, context, turn, "denied", StreamEvent.TurnDenied, failure);
        return true;
    }

    private async Task EndAsync(DbWork work, RequestContext context, WaitingTurn turn, string status, string type, TurnFailure? failure)
    {
        await sessions.EndTurnAsync(work, context, turn.TurnId, status, "", null, failure);
        var view = new TurnView(turn.SessionId, turn.TurnId, turn.Number, status, turn.Prompt, "", [], null, [], [], failure, turn.CreatedAt, clock.GetUtcNow()) { Approval = turn.Approval };
        await SessionStore.AddEventsAsync(work, turn.Tenant, turn.SessionId, turn.TurnId, [(type, JsonSerializer.Serialize(view, SessionsJson.Default.TurnView))]);
        work.OnCommit(() =>
        {
            streams.Signal(turn.Tenant, turn.SessionId);
            SessionMetrics.Turns.Add(1, new TagList { { "outcome", status } });
        });
    }

    private RequestContext ContextOf(WaitingTurn turn) => RequestContext.ForSystem(turn.Tenant, settings.Mode) with { TraceId = turn.Request.TraceId };
}
