using System.Security.Cryptography;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

/// <summary>Asks for approvals and spends them, in the transactions of those who act.</summary>
internal sealed class Approvals(Journal journal, IIdentity identity, ReturnApprovals returns, ApprovalStore store, TimeProvider clock) : IApprovals
{
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(7);

    public async Task<Approval> ProposeAsync(DbWork work, RequestContext context, ApprovalRequest request)
    {
        Check.That(request.Summary.Length is > 0 and <= 2000, "summary", "must have 1 to 2000 characters")
            .And(request.Kind.Length is > 0 and <= 100, "kind", "must have 1 to 100 characters")
            .And(request.Resource.Length <= 400, "resource", "must have at most 400 characters")
            .And(request.Lifetime > TimeSpan.Zero && request.Lifetime <= LongestLifetime, "lifetime", "must be positive and at most seven days")
            .And(request.Capability is null || Capability.All.Contains(request.Capability), "capability", "must be a published one").OrThrow();
        var arguments = ApprovalDigest.Canonical(request.Arguments);
        var digest = ApprovalDigest.Of(context.Tenant, context.Principal.Id, request, arguments);
        // Whole microseconds, as they are stored: what is answered is what is compared.
        var now = clock.NowMicros().ToInstant();
        var row = new ApprovalRow(
            context.Tenant, Ids.New(clock), ApprovalState.Pending, 1, request.Kind, request.Resource, arguments, request.Session, request.ConstitutionHash,
            request.PolicyVersion, digest, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), context.Principal.Id, request.Summary, request.Reasons,
            request.StepUp, request.Capability, now, now + request.Lifetime, null, null, null, null, null);
        for (var attempt = 1; ; attempt++)
        {
            if (await ApprovalStore.InsertAsync(work, row)) break;
            var pending = await ApprovalStore.FindPendingAsync(work, context.Tenant, digest);
            if (pending is not null && now < pending.ExpiresAt) return pending.Public;
            if (attempt == 3) throw PlatformProblems.Conflict.Because("The same action was proposed and decided at the same moment.");
            // It is over and no sweep has said so yet.
            if (pending is not null) await returns.ReturnAsync(work, context, pending, new ExpireCommand(pending.Id, now));
        }
        await journal.AppendAsync(
            work, context, Subject(row.Id), 1, ApprovalEvents.Proposed,
            new ApprovalProposed(row.Id, row.Kind, row.Resource, digest, row.Requester, row.Summary, row.Session, row.StepUp, row.ExpiresAt), ApprovalsJson.Default.ApprovalProposed);
        work.OnCommit(static () => ApprovalMetrics.Proposed.Add(1));
        return row.Public;
    }

    public async Task<Approval> ClaimAsync(DbWork work, RequestContext context, string approvalId, ApprovalRequest request)
    {
        var row = await ApprovalStore.FindAsync(work, context.Tenant, approvalId);
        if (row is null) throw Refused(ApprovalProblems.Unknown.Because("No approval of yours has this id."));
        var now = clock.GetUtcNow();
        var digest = ApprovalDigest.Of(context.Tenant, context.Principal.Id, request, ApprovalDigest.Canonical(request.Arguments));
        var holds = row.Decider is not null && await identity.HoldsAsync(work, context.Tenant, row.Decider, row.Needs.Capabilities);
        // Again, since a way into the account may have been made after the yes.
        var oneHand = holds && await identity.AreOneHandAsync(work, context.Tenant, row.Decider!.Id, row.Requester);
        var (happened, refusal) = ApprovalDecider.Decide(row.Facts, new ClaimCommand(row.Id, context.Principal.Id, digest, holds, now) { OneHand = oneHand });
        if (refusal is { } no)
        {
            // The refusal undoes this transaction, so that the approval is void is written in another one.
            if (no is ApprovalRefusal.ActionChanged) returns.Void(row, ApprovalDecider.ActionChanged);
            if (no is ApprovalRefusal.OneHand) returns.Void(row, ApprovalDecider.OneHand);
            if (no is ApprovalRefusal.RightsChanged) returns.Void(row, ApprovalDecider.RightsChanged);
            throw Refused(ApprovalProblems.Of(no, row.Facts));
        }
        var executed = (ApprovalExecuted)happened!;
        var claimed = await ApprovalStore.ClaimAsync(work, row, ApprovalDecider.Apply(row.Facts, executed), now.ToMicros())
            ?? throw Refused(ApprovalProblems.Spent.Because("Another request used it at the same moment."));
        await journal.AppendAsync(work, context, Subject(row.Id), claimed.Version, ApprovalEvents.Executed, executed, ApprovalsJson.Default.ApprovalExecuted);
        work.OnCommit(static () => ApprovalMetrics.Claims.Count("outcome", "executed"));
        return claimed.Public;
    }

    public async Task<bool> WithdrawAsync(DbWork work, RequestContext context, string approvalId, string reason)
    {
        var row = await ApprovalStore.FindAsync(work, context.Tenant, approvalId);
        return row is not null && await returns.ReturnAsync(work, context, row, new WithdrawCommand(row.Id, row.Requester, reason)) is null;
    }

    public async Task<Approval?> FindAsync(string tenant, string approvalId, CancellationToken cancellationToken) =>
        (await store.FindAsync(tenant, approvalId, cancellationToken))?.Public;

    public static string Subject(string id) => "approval/" + id;

    private static Problem Refused(Problem problem)
    {
        ApprovalMetrics.Claims.Count("outcome", problem.Code.Code);
        return problem;
    }
}
