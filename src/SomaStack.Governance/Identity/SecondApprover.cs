using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>What production demands: with one approver in the tenant of the operators nothing that takes two keys could be changed any more.</summary>
internal sealed class SecondApprover(IdentityStore store) : IModePrecondition
{
    private const int PageSize = 200;

    public string Code => "second_approver";

    public async ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var found = 0;
        for (var after = ""; ;)
        {
            var page = await store.PrincipalsAsync(context.Tenant, after, PageSize, cancellationToken);
            found += page.Count(static row => row.Active && row.Capabilities.Contains(Capability.ApprovalDecide, StringComparer.Ordinal));
            if (found >= 2) return null;
            if (page.Count < PageSize) return $"{found} active principals of tenant '{context.Tenant}' hold {Capability.ApprovalDecide}.";
            after = page[^1].Id;
        }
    }
}
