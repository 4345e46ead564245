using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals.Contracts;

/// <summary>The answer 202 to an action that waits for a second person.</summary>
public sealed record ApprovalWanted(WantedApproval Approval);

/// <param name="Digest">To be repeated by whoever decides.</param>
public sealed record WantedApproval(string Id, string Digest, DateTimeOffset ExpiresAt, ApprovalNeeds Needs);

/// <summary>What every use case that takes two keys shares: first ask, then come again with the approval.</summary>
public static class TwoKeys
{
    /// <summary>
    /// Without <see cref="RequestContext.Approval"/> it asks, and the caller answers <see cref="Answer"/> and does nothing else. With one it
    /// claims it and gives null: the caller goes on in the same transaction.
    /// </summary>
    public static async Task<Approval?> ProposeOrClaimAsync(this IApprovals approvals, DbWork work, RequestContext context, ApprovalRequest request)
    {
        if (context.Approval is not { } id) return await approvals.ProposeAsync(work, context, request);
        await approvals.ClaimAsync(work, context, id, request);
        return null;
    }

    /// <summary>202 with the place where the approval can be read.</summary>
    public static Accepted<ApprovalWanted> Answer(Approval approval) => TypedResults.Accepted(
        $"/v1/approvals/{approval.Id}", new ApprovalWanted(new WantedApproval(approval.Id, approval.Digest, approval.ExpiresAt, approval.Needs)));
}
