using SomaStack.Platform;

namespace SomaStack.Governance.Approvals.Contracts;

/// <summary>For pages and links by which a person decides without a client: the same rules as <c>POST /v1/approvals/{id}/decision</c>.</summary>
public interface IDecisions
{
    /// <summary>Null when it is none of the tenant's.</summary>
    Task<ApprovalToDecide?> FindAsync(string tenant, string id, CancellationToken cancellationToken);

    /// <summary>How it stands, and stands until the caller's transaction ends: whoever would decide meanwhile waits. Null when it is none of the tenant's.</summary>
    Task<ApprovalState?> HoldAsync(DbWork work, string tenant, string id);

    /// <summary>Inside the caller's transaction, so that what brought the decision is spent with it.</summary>
    /// <param name="digest">What the decider saw.</param>
    /// <exception cref="Problem">As the route refuses: 403 <c>capability_missing</c>, <c>approval_own</c>, <c>step_up_required</c>, 409 <c>approval_decided</c>, …</exception>
    Task DecideAsync(DbWork work, RequestContext context, string id, bool approves, string digest);
}

/// <summary>What a person must see before he decides.</summary>
/// <param name="State">Expired when its time is over, whether or not that was written down.</param>
/// <param name="Arguments">JSON of exactly what would be done; holds untrusted text, as <paramref name="Summary"/> may.</param>
public sealed record ApprovalToDecide(
    string Id, ApprovalState State, string Kind, string Resource, string Summary, string Arguments, string Digest, string Requester, ApprovalNeeds Needs, DateTimeOffset ExpiresAt);
