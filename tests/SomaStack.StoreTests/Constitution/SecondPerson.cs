using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Constitution;

/// <summary>Eve, who may decide approvals, and says yes through the room's own use case.</summary>
internal static class SecondPerson
{
    private static readonly string[] Rights = [Capability.ApprovalDecide, Capability.ConstitutionLoad];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <returns>The asker's context with the approval in it, as the second call has it.</returns>
    public static async Task<RequestContext> ApproveAsync(IdentityStore people, PutUser put, DecideApproval decide, RequestContext asker, Approval approval)
    {
        var eve = Databases.Context(asker.Tenant, "eve");
        if (await people.FindPrincipalAsync(asker.Tenant, "eve", Stop) is null)
            await put.RunAsync("eve", new PutUserRequest("Eve", Rights), Databases.Context(asker.Tenant, "owner"), null, 0, Stop);
        await decide.RunAsync(eve with { Capabilities = CapabilitySet.Of(Rights) }, approval.Id, new DecideRequest(ApprovalVote.Approve, approval.Digest), Stop);
        return asker with { Approval = approval.Id };
    }
}
