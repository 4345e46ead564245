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
internal sealed class WaitingTurns(Db db, SessionStore sessions, RoundStore rounds, SessionStreams streams, TurnOwner owner, IApprovals approvals, ISettings settings, TimeProvider clock)
{
    /// <summary>Rings when a turn may go on.</summary>
    public JournalSignal Woken { get; } = new();

    public void Handle(Subscriptions subscriptions) => subscriptions.On("sessions.approvals", [ApprovalEvents.Decided, ApprovalEvents.Returned], HearAsync);

    internal async Task HearAsync(JournalLine line, DbWork work, CancellationToken cancellationToken)
    {
        if (line.Type == ApprovalEvents.Decided)
        {
            var decided = ApprovalEvents.ReadDecided(line);
            var no = decided.Decision == "approve" ? null : Refusal(decided.Decider, decided.Comment);
            if (await RoundStore.DecideAsync(work, line.Tenant, decided.Id, new CallDecision(no is null ? null : "approval_rejected", no)) is not null) work.OnCommit(Woken.Ring);
            else if (no is not null)
                await DenyAsync(work, line.Tenant, decided.Id, new TurnFailure("approval_rejected", no));
            else if (await WaitingTurnStore.ApproveAsync(work, line.Tenant, decided.Id))
                work.OnCommit(Woken.Ring);
            return;
        }
        var returned = ApprovalEvents.ReadReturned(line);
        var code = returned.Code switch { "expired" => "approval_expired", "withdrawn" => "approval_withdrawn", _ => "approval_void" };
        if (await RoundStore.DecideAsync(work, line.Tenant, returned.Id, new CallDecision(code, returned.Detail)) is not null) work.OnCommit(Woken.Ring);
        else await DenyAsync(work, line.Tenant, returned.Id, new TurnFailure(code, returned.Detail));
    }

    public static string Refusal(string? decider, string? comment) => $"{decider} refused it.{(comment is { Length: > 0 } said ? " " + said : "")}";

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
        if (state is { Awaits: SessionState.Tools, OpenTurn: { } paused }) return await CancelPausedAsync(work, context, session, state, paused);
        if (state.Awaits is not { } awaited || await WaitingTurnStore.FindAsync(work, context.Tenant, awaited) is not { } turn) return null;
        await approvals.WithdrawAsync(work, context, awaited, "The turn was cancelled.");
        await sessions.ApplyAsync(work, context, session, state, new CancelTurnCommand(new TurnCancelled(turn.TurnId, context.Principal.Id, 0, null, null)));
        await EndAsync(work, context, turn, "cancelled", StreamEvent.TurnCancelled, null);
        return turn.TurnId;
    }, cancellationToken);

    /// <summary>
    /// The turn's slot is free until somebody has decided. It is marked as due at once: a decision that was made before this commit was heard by
    /// nobody, so whoever goes on with turns looks once and then lets it rest.
    /// </summary>
    /// <returns>False when somebody wants it cancelled.</returns>
    public Task<bool> PauseAsync(PreparedTurn turn, IReadOnlyList<TurnToolCall> awaited) => db.WriteAsync(turn.Context.Tenant, async work =>
    {
        await RoundStore.ThrowIfLostAsync(work, turn.Context.Tenant, turn.TurnId, owner.Id);
        if (!await RoundStore.PauseAsync(work, turn.Context.Tenant, turn.TurnId)) return false;
        var state = await SessionStore.StateAsync(work, turn.Context.Tenant, turn.SessionId);
        var paused = new TurnPaused(turn.TurnId, awaited[0].Round, [.. awaited.Select(static call => call.Approval!.Id)]);
        await sessions.ApplyAsync(work, turn.Context, turn.SessionId, state, new PauseTurnCommand(paused));
        work.OnCommit(() =>
        {
            streams.Signal(turn.Context.Tenant, turn.SessionId);
            Woken.Ring();
        });
        return true;
    }, CancellationToken.None);

    /// <summary>A turn whose tool calls wait cannot go on: its asker's rights or the constitution have changed.</summary>
    public Task FailPausedAsync(PausedTurn turn, Problem problem, CancellationToken cancellationToken) => db.WriteAsync(turn.Tenant, async work =>
    {
        var state = await SessionStore.StateAsync(work, turn.Tenant, turn.SessionId);
        if (state.OpenTurn != turn.TurnId || state.Awaits != SessionState.Tools) return;
        var context = RequestContext.ForSystem(turn.Tenant, settings.Mode) with { TraceId = turn.Checkpoint.Request.TraceId };
        await EndPausedAsync(work, context, state, turn, "failed", StreamEvent.TurnFailed, new TurnFailure(problem.Code.Code, problem.Detail), problem.Detail);
    }, cancellationToken);

    private async Task<string?> CancelPausedAsync(DbWork work, RequestContext context, string session, SessionState state, string id)
    {
        if (await RoundStore.FindAsync(work, context.Tenant, id) is not { } turn || turn.SessionId != session) return null;
        await EndPausedAsync(work, context, state, turn, "cancelled", StreamEvent.TurnCancelled, null, "The turn was cancelled.");
        return id;
    }

    /// <summary>What was said stays, and every question to a second person goes back.</summary>
    private async Task EndPausedAsync(DbWork work, RequestContext context, SessionState state, PausedTurn turn, string status, string type, TurnFailure? failure, string reason)
    {
        var stored = await RoundStore.RoundsAsync(work, turn.Tenant, turn.TurnId);
        foreach (var approval in stored.SelectMany(static round => round.Calls).Where(static call => call.State == CallState.Awaiting).Select(static call => call.Approval!.Id).Distinct())
            await approvals.WithdrawAsync(work, context, approval, reason);
        var (said, usage) = (Rounds.Text(stored), TurnUsage.Of(stored));
        await sessions.ApplyAsync(work, context, turn.SessionId, state, failure is null
            ? new CancelTurnCommand(new TurnCancelled(turn.TurnId, context.Principal.Id, said.Length, usage.InputTokens, usage.OutputTokens))
            : new FailTurnCommand(new TurnFailed(turn.TurnId, failure.Code, said.Length)));
        var kept = turn.Checkpoint;
        await sessions.EndTurnAsync(work, context, turn.TurnId, status, said, new TurnResult([], null, kept.DegradedReasons, kept.Moderation, failure is null ? "cancelled" : null), failure);
        var view = new TurnView(turn.SessionId, turn.TurnId, turn.Number, status, turn.Prompt, said, [], null, kept.DegradedReasons, kept.Moderation, failure, turn.CreatedAt, clock.GetUtcNow())
        {
            ParentTurn = turn.Parent,
            ToolCalls = await rounds.EndOpenAsync(work, turn.Tenant, turn.TurnId),
        };
        await AddEndAsync(work, turn.Tenant, turn.SessionId, turn.TurnId, status, type, view);
    }

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
        var view = new TurnView(turn.SessionId, turn.TurnId, turn.Number, status, turn.Prompt, "", [], null, [], [], failure, turn.CreatedAt, clock.GetUtcNow())
        {
            Approval = turn.Approval,
            ParentTurn = turn.Parent,
        };
        await AddEndAsync(work, turn.Tenant, turn.SessionId, turn.TurnId, status, type, view);
    }

    private async Task AddEndAsync(DbWork work, string tenant, string session, string turn, string status, string type, TurnView view)
    {
        await SessionStore.AddEventsAsync(work, tenant, session, turn, [(type, JsonSerializer.Serialize(view, SessionsJson.Default.TurnView))]);
        work.OnCommit(() =>
        {
            streams.Signal(tenant, session);
            SessionMetrics.Turns.Add(1, new TagList { { "outcome", status } });
        });
    }

    private RequestContext ContextOf(WaitingTurn turn) => RequestContext.ForSystem(turn.Tenant, settings.Mode) with { TraceId = turn.Request.TraceId };
}
