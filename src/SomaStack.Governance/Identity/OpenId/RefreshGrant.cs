using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// A refresh token for new tokens, once; a new refresh token takes its place. One that comes back was copied, and nobody can tell which of
/// the two holders is the thief, so the family ends (RFC 9700, 4.14.2).
/// </summary>
internal sealed class RefreshGrant(GrantStore store, GrantTokens tokens, GrantRevocation revocation, Db db, Journal journal, TimeProvider clock)
{
    public async Task<TokenResponse> RunAsync(OAuthClient client, Form form, CancellationToken cancellationToken)
    {
        var text = form.Get("refresh_token");
        if (text.Length > OpaqueToken.LengthMax) throw NotGood();
        var hash = OpaqueToken.HashOf(text);
        var row = await store.FindRefreshAsync(hash, cancellationToken) ?? throw NotGood();
        var grant = await store.FindGrantAsync(row.Tenant, row.Family, cancellationToken) ?? throw NotGood();
        if (grant.Client != client.WireId)
        {
            await revocation.RunAsync(row.Tenant, row.Family, "refresh_misused", cancellationToken);
            throw NotGood();
        }
        var now = clock.GetUtcNow();
        if (grant.IsRevoked || grant.ExpiresAt <= now || row.ExpiresAt <= now) throw NotGood();
        // Before the token is spent: a scope that was never granted is a mistake of the client and costs it nothing.
        var narrowed = Narrow(form.Find("scope"), grant);
        var next = OpaqueToken.New(OpaqueToken.Refresh);
        var expiresAt = now + Grant.RefreshLifetime < grant.ExpiresAt ? now + Grant.RefreshLifetime : grant.ExpiresAt;
        var context = RequestContext.ForSystem(grant.Tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(grant.Principal, "user") };
        var isFirst = await db.WriteAsync(row.Tenant, async work =>
        {
            if (!await GrantStore.SpendRefreshAsync(work, row.Tenant, hash, now.ToMicros())) return false;
            await GrantStore.AddRefreshAsync(work, new RefreshRow(row.Tenant, row.Family, expiresAt), OpaqueToken.HashOf(next));
            await journal.AppendAsync(work, context, OpenIdEvents.TokenRefreshed, new TokenRefreshed(grant.Id, grant.Client, grant.Principal), OpenIdJson.Default.TokenRefreshed);
            return true;
        }, cancellationToken);
        if (!isFirst)
        {
            await revocation.RunAsync(row.Tenant, row.Family, "refresh_replayed", cancellationToken);
            throw NotGood();
        }
        return await tokens.IssueAsync(grant, narrowed, null, next, withIdToken: false, cancellationToken);
    }

    private static IReadOnlyList<string>? Narrow(string? scope, Grant grant)
    {
        if (scope is null) return null;
        var asked = Scopes.Parse(scope);
        if (asked is null || !asked.All(grant.Scopes.Contains)) throw OpenIdProblems.InvalidScope.Because("Only scopes of the grant can be asked for.");
        return asked;
    }

    private static Problem NotGood() => OpenIdProblems.InvalidGrant.Because("The refresh token is not good: unknown, used, expired or revoked.");
}
