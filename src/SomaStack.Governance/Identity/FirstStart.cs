using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// What a fresh installation needs before anybody can ask it anything: an issuer, a signing key, tenant <c>demo</c> and its owner. Whoever
/// starts a self-hosted installation owns it, so this owner holds every capability. Later starts find all of it and write nothing.
/// </summary>
internal sealed class FirstStart(Keyring keyring, IdentityStore store, TenantCreation creation, Roles roles)
{
    public const string DemoTenant = "demo";
    public const string Owner = "owner";

    /// <summary>The owner of a fresh installation may do everything but pass moderation unseen.</summary>
    private static readonly string[] OwnerCapabilities = [.. Capability.All.Where(static name => name != Capability.ModerationBypass)];

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await keyring.StartAsync(cancellationToken);
        await roles.FollowCatalogueAsync(cancellationToken);
        if (await store.TenantExistsAsync(DemoTenant, cancellationToken)) return;
        var context = RequestContext.ForSystem(DemoTenant, DeploymentMode.DeveloperLight);
        // A second replica may start at the same moment; one of them creates the tenant and both are content.
        await creation.TryRunAsync(context, DemoTenant, "Demo", Owner, OwnerCapabilities, cancellationToken);
    }
}
