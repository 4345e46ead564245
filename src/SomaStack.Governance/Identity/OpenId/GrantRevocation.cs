using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Ends a family: its refresh tokens are good no more, and every access token that came of it is revoked.</summary>
internal sealed class GrantRevocation(CredentialCache cache, Db db, Journal journal, TimeProvider clock)
{
    public Task RunAsync(string tenant, string family, string reason, CancellationToken cancellationToken) =>
        db.WriteAsync(tenant, work => RunAsync(work, RequestContext.ForSystem(tenant, DeploymentMode.DeveloperLight), family, reason), cancellationToken);

    public async Task RunAsync(DbWork work, RequestContext context, string family, string reason)
    {
        var now = clock.NowMicros();
        if (await GrantStore.RevokeGrantAsync(work, context.Tenant, family, now) is not { } grant) return;
        foreach (var (jti, expiresAt) in await GrantStore.AccessTokensAsync(work, context.Tenant, family, now)) await IdentityStore.RevokeTokenAsync(work, context.Tenant, jti, expiresAt);
        await journal.AppendAsync(work, context, OpenIdEvents.GrantRevoked, new GrantRevoked(family, grant.Client, grant.Principal, reason), OpenIdJson.Default.GrantRevoked);
        await cache.ChangedAsync(work, context.Tenant);
    }

    public async Task RunForClientAsync(DbWork work, RequestContext context, string client)
    {
        foreach (var family in await GrantStore.LiveGrantsAsync(work, context.Tenant, client)) await RunAsync(work, context, family, "client_removed");
    }
}
