using System.Text.Json;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// Between runs and second persons. A run asks through here; what became of it comes up as an event of the journal and is kept for the run in
/// the transaction that takes the event. A yes to what the run itself asked is spent in that transaction too.
/// </summary>
internal sealed class RunApprovalDesk(Db db, RunStore store, IApprovals approvals, IDecisions decisions, IConstitution constitution, TimeProvider clock)
{
    public const string Kind = "run.approve";

    private const int SummaryMost = 2000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);

    /// <summary>Asks once for each effect; a crash afterwards finds what was asked.</summary>
    public async Task<RunInput> RequestAsync(RequestContext context, RunIdentity run, RequestApproval effect, CancellationToken cancellationToken)
    {
        var active = await constitution.ActiveAsync(run.Tenant, cancellationToken);
        var question = new RunQuestion(effect.Summary.Length == 0 ? $"A run of {run.Capsule} asks to go on." : effect.Summary[..Math.Min(SummaryMost, effect.Summary.Length)], effect.Params);
        var id = await db.WriteAsync(run.Tenant, async work =>
        {
            if (await RunStore.ApprovalOfAsync(work, run.Tenant, run.Id, effect.Key) is { } asked) return asked;
            var approval = await approvals.ProposeAsync(work, context, RequestOf(run, effect.Key, question, active.Hash));
            await RunStore.AddApprovalAsync(work, run.Tenant, run.Id, new RunApproval(approval.Id, effect.Key, JsonSerializer.Serialize(question, WorkflowsJson.Default.RunQuestion)));
            return approval.Id;
        }, cancellationToken);
        return new EffectSuspended(clock.NowMicros(), effect.Path, effect.Attempt, id);
    }

    /// <summary>
    /// What has ended of the approvals that these steps begin to wait for; the others stay open until the transaction of the steps ends, so that no decision
    /// falls between the two. Before any row of a run is written: that is the order of locks of those who decide, too.
    /// </summary>
    public async Task<List<ApprovalEnded>> HoldAsync(DbWork work, string tenant, IEnumerable<RunApproval> asked)
    {
        var ended = new List<ApprovalEnded>();
        foreach (var one in asked)
        {
            if (await decisions.HoldAsync(work, tenant, one.Id) is not { } state || state is ApprovalState.Pending) continue;
            var (code, detail) = state switch
            {
                ApprovalState.Approved or ApprovalState.Claimed => (null, null),
                ApprovalState.Rejected => ("approval_rejected", "It was refused."),
                ApprovalState.Expired => ("approval_expired", "Nobody decided in time."),
                _ => ("approval_void", (string?)"It came back unused."),
            };
            ended.Add(new ApprovalEnded(clock.NowMicros(), one.Id, code, detail, ""));
        }
        return ended;
    }

    public Task HearAsync(JournalLine line, DbWork work, Action<string, string> heard) => TellAsync(work, line.Tenant, Read(line), heard);

    /// <summary>Nobody needs to decide any more what this effect asked.</summary>
    public async Task WithdrawAsync(RunIdentity run, string effect, CancellationToken cancellationToken)
    {
        foreach (var asked in (await store.ApprovalsAsync(run.Tenant, run.Id, cancellationToken)).Where(asked => asked.Effect == effect))
            await db.WriteAsync(run.Tenant, work => approvals.WithdrawAsync(work, RequestContext.ForSystem(run.Tenant, DeploymentMode.Production), asked.Id, "The run goes on without it."), cancellationToken);
    }

    /// <param name="heard">Called after the commit with the tenant and each run for which something was kept.</param>
    public async Task TellAsync(DbWork work, string tenant, ApprovalEnded ended, Action<string, string> heard)
    {
        foreach (var (run, asked) in await RunStore.WaitingForAsync(work, tenant, ended.ApprovalId))
        {
            var input = asked.Request is { } request && ended.Code is null ? await SpendAsync(work, tenant, run, asked, request, ended) : ended;
            if (await RunInputStore.TellAsync(work, tenant, run, input, clock.NowMicros()) == Told.Kept) work.OnCommit(() => heard(tenant, run));
        }
    }

    /// <returns>The yes, or why it does not count.</returns>
    private async Task<ApprovalEnded> SpendAsync(DbWork work, string tenant, string run, RunApproval asked, string request, ApprovalEnded ended)
    {
        if (await RunStore.FindAsync(work, tenant, run) is not { EndedAt: null } row) return ended;
        try
        {
            var active = await constitution.ActiveAsync(tenant, CancellationToken.None);
            var question = JsonSerializer.Deserialize(request, WorkflowsJson.Default.RunQuestion)!;
            await approvals.ClaimAsync(work, row.Identity.Starter.In(tenant, DeploymentMode.Production, ""), asked.Id, RequestOf(row.Identity, asked.Effect, question, active.Hash));
            return ended;
        }
        catch (Problem problem) when (problem.Code.Code == "approval_spent")
        {
            // This very decision was taken before, by the step that began to wait.
            return ended;
        }
        catch (Problem problem)
        {
            return ended with { Code = problem.Code.Code, Detail = problem.Detail };
        }
    }

    private static ApprovalRequest RequestOf(RunIdentity run, string effect, RunQuestion question, string constitutionHash) => new(
        Kind, run.Capsule, $$"""{"run":{{Quoted(run.Id)}},"effect":{{Quoted(effect)}},"params":{{question.Params}}}""", constitutionHash, 0, question.Summary) { Lifetime = Lifetime };

    private static string Quoted(string text) => JsonSerializer.Serialize(text, WorkflowsJson.Default.String);

    private ApprovalEnded Read(JournalLine line)
    {
        var now = clock.NowMicros();
        if (line.Type == ApprovalEvents.Decided)
        {
            var decided = ApprovalEvents.ReadDecided(line);
            if (decided.Decision == "approve") return new ApprovalEnded(now, decided.Id, null, null, decided.Decider);
            return new ApprovalEnded(now, decided.Id, "approval_rejected", $"{decided.Decider} refused it.{(decided.Comment is { Length: > 0 } comment ? " " + comment : "")}", decided.Decider);
        }
        var returned = ApprovalEvents.ReadReturned(line);
        return new ApprovalEnded(now, returned.Id, returned.Code switch { "expired" => "approval_expired", "withdrawn" => "approval_withdrawn", _ => "approval_void" }, returned.Detail, "");
    }
}
