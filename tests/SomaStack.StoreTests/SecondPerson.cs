using SomaStack.Governance.Approvals;
using SomaStack.Governance.Identity;
using SomaStack.Platform;

namespace SomaStack.StoreTests;

/// <summary>Eve, who may decide whatever takes two keys, and says yes through the room's own use case.</summary>
internal static class SecondPerson
{
    private static readonly string[] Rights = [Capability.ApprovalDecide, Capability.ConstitutionLoad, Capability.KillSwitchEngage, Capability.PlatformAdmin, Capability.PolicyWrite];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <returns>The asker's context with the approval in it, as the second call has it.</returns>
    public static async Task<RequestContext> ApproveAsync(IdentityStore people, PutUser put, DecideApproval decide, RequestContext asker, string approval, string digest)
    {
        var eve = Databases.Context(asker.Tenant, "eve");
        if (await people.FindPrincipalAsync(asker.Tenant, "eve", Stop) is null)
            await put.RunAsync("eve", new PutUserRequest("Eve", Rights), Databases.Context(asker.Tenant, "owner"), null, 0, Stop);
        await decide.RunAsync(eve with { Capabilities = CapabilitySet.Of(Rights) }, approval, new DecideRequest(ApprovalVote.Approve, digest), Stop);
        return asker with { Approval = approval };
    }
}
