using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>What production demands: with one approver in the tenant of the operators nothing that takes two keys could be changed any more.</summary>
internal sealed class SecondApprover(IdentityStore store, Db db) : IModePrecondition
{
    private const int PageSize = 200;

    public string Code => "second_approver";

    public async ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var (found, apart) = (0, false);
        for (var after = ""; ;)
        {
            var page = await store.PrincipalsAsync(context.Tenant, after, PageSize, cancellationToken);
            foreach (var row in page.Where(static row => row.Active && row.Capabilities.Contains(Capability.ApprovalDecide, StringComparer.Ordinal)))
            {
                found++;
                // Of those whom the caller let in nobody could ever agree to what he asks.
                apart |= row.Id != context.Principal.Id && !await db.WriteAsync(context.Tenant, work => Hands.AreOneAsync(work, context.Tenant, row.Id, context.Principal.Id), cancellationToken);
                if (found >= 2 && apart) return null;
            }
            if (page.Count < PageSize)
                return found < 2 ? $"{found} active principals of tenant '{context.Tenant}' hold {Capability.ApprovalDecide}."
                    : $"Whoever holds {Capability.ApprovalDecide} in tenant '{context.Tenant}' was let in by '{context.Principal.Id}' or with him.";
            after = page[^1].Id;
        }
    }
}
