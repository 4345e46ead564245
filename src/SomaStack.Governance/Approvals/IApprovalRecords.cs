using SomaStack.Platform;

namespace SomaStack.Governance.Approvals.Contracts;

/// <summary>For rooms that show approvals: whoever may decide sees the tenant's, everybody else his own. Deciding is not here.</summary>
public interface IApprovalRecords
{
    /// <summary>Newest first.</summary>
    /// <param name="state">pending, approved, rejected, expired, voided or claimed; null for all.</param>
    /// <param name="limit">1 to 200.</param>
    Task<IReadOnlyList<Approval>> ListAsync(RequestContext context, string? state, int limit, CancellationToken cancellationToken);

    /// <summary>Null when the caller may see none with this id.</summary>
    Task<ApprovalToDecide?> FindAsync(RequestContext context, string id, CancellationToken cancellationToken);
}
