using System.Diagnostics;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>The transactions of a call: what waits, what begins, what ended. Rows, money, approval and journal line go together.</summary>
internal sealed class RecordCalls(Db db, Journal journal, IApprovals approvals, IBilling billing, NativeAdapters natives, TimeProvider clock)
{
    /// <summary>After the tool's own time: to look at its words and to write the end.</summary>
    private static readonly TimeSpan LeaseMargin = TimeSpan.FromSeconds(15);

    /// <summary>Nothing is done: the call and the question are recorded in one commit.</summary>
    public Task<ExecutedCall> SuspendAsync(PlannedCall plan, CancellationToken cancellationToken) => db.WriteAsync(plan.Context.Tenant, async work =>
    {
        var approval = await approvals.ProposeAsync(work, plan.Context, plan.Wanted);
        var row = NewRow(plan) with { State = CallRow.Awaiting, Approval = approval.Id };
        await CallStore.InsertAsync(work, row);
        work.OnCommit(() => Count(plan, ToolOutcome.Awaiting));
        return Waiting(plan, row.Id, approval);
    }, cancellationToken);

    /// <summary>It was asked for and nobody has decided yet. Asking again gives the question that is open.</summary>
    public Task<ExecutedCall> AwaitAsync(PlannedCall plan, CallRow? known, CancellationToken cancellationToken) => db.WriteAsync(plan.Context.Tenant, async work =>
    {
        var approval = await approvals.ProposeAsync(work, plan.Context, plan.Wanted);
        var row = known ?? NewRow(plan) with { State = CallRow.Awaiting, Approval = approval.Id };
        if (known is null) await CallStore.InsertAsync(work, row);
        return Waiting(plan, row.Id, approval);
    }, cancellationToken);

    /// <summary>The opening: from here on the call is known, whatever dies.</summary>
    /// <param name="known">The same call as it waited, or as a crash left it; null for a new one.</param>
    /// <exception cref="Problem">409 when somebody else opens it; as <see cref="IApprovals.ClaimAsync"/>; as <see cref="IBilling.ReserveAsync(DbWork, RequestContext, ReservationRequest)"/>.</exception>
    public Task<CallRow> OpenAsync(PlannedCall plan, CallRow? known, string? approval, string owner, CancellationToken cancellationToken) => db.WriteAsync(plan.Context.Tenant, async work =>
    {
        await StillInForceAsync(work, plan);
        var needs = plan.Decision.Verdict == Verdict.NeedsApproval;
        var spends = needs && known?.State != CallRow.Open;
        var row = (known ?? NewRow(plan)) with
        {
            State = CallRow.Open, Version = plan.Manifest.Version, ManifestDigest = plan.Adapter.Manifest.Digest, Arguments = plan.Arguments, Repeatable = plan.IsRepeatable, Owner = owner,
            LeaseUntil = (clock.GetUtcNow() + plan.Limit + LeaseMargin).ToMicros(), Events = (known?.Events ?? 0) + 1, Approval = needs ? approval ?? known?.Approval : null,
        };
        if (plan.PriceNanos is not null) row = row with { Reservation = "tool/" + row.Id };
        if (known is null) await CallStore.InsertAsync(work, row);
        else if (!await CallStore.TakeAsync(work, row, known)) throw ToolProblems.CallRunning.Because("A call with this key was begun at the same moment.");
        if (spends) await approvals.ClaimAsync(work, plan.Context, approval!, plan.Wanted);
        else if (!needs && known is { State: CallRow.Awaiting, Approval: { } idle }) await approvals.WithdrawAsync(work, plan.Context, idle, "The policy asks for it no more.");
        if (plan.PriceNanos is { } price)
        {
            var reserved = new ReservationRequest(row.Reservation!, "tool/" + plan.Adapter.Id, plan.Action.Action.Name, 0, 0, "tool") { Fixed = new FixedPrice(price, plan.Manifest.Billing!.Currency) };
            await billing.ReserveAsync(work, plan.Context, reserved);
        }
        await journal.NoticeAsync(work, plan.Context, plan.Decision, plan.Gated.Kind, plan.Gated.Resource, ToolFactTypes.OfCall(row.Id));
        await journal.AppendAsync(work, plan.Context, ToolFactTypes.OfCall(row.Id), row.Events, ToolEvents.CallOpened, new CallOpened(
            row.Id, row.Adapter, row.Action, row.Version, row.ManifestDigest, TextDigest.Of(row.Arguments), row.Session, row.Run, row.Approval, plan.Decision.Digest, plan.Decision.Score,
            plan.Call.Taints, (int)row.Events), ToolsJson.Default.CallOpened);
        return row;
    }, cancellationToken);

    /// <summary>The end is written whatever became of the caller; a row that another owner has taken meanwhile is left alone.</summary>
    public Task<CallRow> EndAsync(PlannedCall plan, CallRow opened, ActedCall acted) => EndAsync(plan.Context, opened with
    {
        State = CallRow.StateOf(acted.Outcome), Code = acted.Code, Text = acted.Text, Structured = acted.Structured, Taints = acted.Taints, TookMicros = (long)acted.Took.TotalMicroseconds,
    }, acted.Reached, () => Count(plan, acted.Outcome));

    /// <summary>Begun by somebody who is gone, and it may not be done twice.</summary>
    public async Task<ExecutedCall> GiveUpAsync(PlannedCall plan, CallRow abandoned, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var ended = await GiveUpAsync(plan.Context, abandoned);
        return new ExecutedCall(ended.ToResult(replayed: true), ended.Version, null, null);
    }

    public Task<CallRow> GiveUpAsync(RequestContext context, CallRow abandoned) => EndAsync(context, abandoned with
    {
        State = CallRow.StateOf(ToolOutcome.Unknown), Code = ToolProblems.OutcomeUnknown.Code, Text = "The server stopped while the tool was at work, so nobody knows whether it took effect.", Taints = [ShapeResult.Taint, abandoned.Adapter],
    }, reached: true, static () => { });

    /// <summary>Who was refused which tool by which rules, and never the words.</summary>
    public async Task<Problem> RefuseAsync(PlannedCall plan, CancellationToken cancellationToken)
    {
        var decision = plan.Decision;
        var refused = new CallRefused(
            plan.Adapter.Id, plan.Action.Action.Name, TextDigest.Of(plan.Arguments), plan.Call.Session, ToolProblems.PolicyDenied.Code,
            [.. decision.Reasons.Select(static reason => reason.Code)], decision.Digest);
        await db.WriteAsync(plan.Context.Tenant, work => journal.AppendAsync(work, plan.Context, ToolFactTypes.CallRefused, refused, ToolsJson.Default.CallRefused), cancellationToken);
        ToolMetrics.Calls.Add(1, new TagList { { "kind", plan.Manifest.Kind }, { "outcome", "denied" } });
        return new Problem(ToolProblems.PolicyDenied, $"The policy denies this with a score of {decision.Score} against {decision.Threshold}.") { Reasons = decision.Reasons };
    }

    private Task<CallRow> EndAsync(RequestContext context, CallRow ended, bool reached, Action counted) => db.WriteAsync(context.Tenant, async work =>
    {
        var row = ended with { Events = ended.Events + 1, EndedAt = clock.NowMicros().ToInstant() };
        // Read first, since the row shows what it cost.
        if (row.Reservation is { } reservation)
        {
            if (reached) row = row with { CostNanos = (await billing.SettleAsync(work, context, reservation, new TokenUsage(0, 0))).CostNanos };
            else await billing.ReleaseAsync(work, context, reservation, "The tool was not reached.");
        }
        if (!await CallStore.EndAsync(work, row)) throw ToolProblems.CallRunning.Because("Another owner has taken the call over.");
        await journal.AppendAsync(work, context, ToolFactTypes.OfCall(row.Id), row.Events, ToolEvents.CallEnded, new CallEnded(
            row.Id, row.Adapter, row.Action, row.State, row.Code, TextDigest.Of(row.Text), row.Structured is { } structured ? TextDigest.Of(structured) : null, row.Taints, row.CostNanos, row.Currency,
            row.TookMicros ?? 0), ToolsJson.Default.CallEnded);
        work.OnCommit(counted);
        return row;
    }, CancellationToken.None);

    /// <summary>Switched off, replaced or revoked since it was looked at.</summary>
    private async Task StillInForceAsync(DbWork work, PlannedCall plan)
    {
        var row = await AdapterStore.FindAsync(work, plan.Context.Tenant, plan.Adapter.Id);
        if (row?.State == AdapterRow.Disabled) throw ToolProblems.AdapterDisabled.Because($"'{plan.Adapter.Id}' was switched off at the same moment.");
        if (natives.Has(plan.Adapter.Id)) return;
        if (row is not { State: AdapterRow.Enabled } || (await AdapterStore.InForceAsync(work, plan.Context.Tenant, plan.Adapter.Id))?.Digest != plan.Adapter.Manifest.Digest)
            throw PlatformProblems.Conflict.Because($"The manifest of '{plan.Adapter.Id}' was changed at the same moment.");
    }

    private CallRow NewRow(PlannedCall plan)
    {
        var now = clock.GetUtcNow();
        return new CallRow(
            plan.Context.Tenant, Ids.New(clock), plan.Call.Key, plan.Adapter.Id, plan.Action.Action.Name, plan.Manifest.Version, plan.Adapter.Manifest.Digest, plan.RequestDigest, plan.Arguments,
            plan.Context.Principal.Id, CallRow.Awaiting, plan.IsRepeatable, "", 0, 0, now.ToMicros().ToInstant())
        {
            Session = plan.Call.Session, Run = plan.Call.Run, Currency = plan.Manifest.Billing?.Currency ?? ManifestReader.Currency,
        };
    }

    private static ExecutedCall Waiting(PlannedCall plan, string id, Approval approval) => new(
        new ToolResult(id, ToolOutcome.Awaiting, $"A second person is asked: approval {approval.Id}, until {approval.ExpiresAt:yyyy-MM-ddTHH:mm:ssZ}.")
        {
            Awaits = approval, Currency = plan.Manifest.Billing?.Currency ?? ManifestReader.Currency,
        }, plan.Manifest.Version, plan.Adapter.Signature, null);

    private static void Count(PlannedCall plan, ToolOutcome outcome) => ToolMetrics.Calls.Add(1, new TagList { { "kind", plan.Manifest.Kind }, { "outcome", CallRow.StateOf(outcome) } });
}
