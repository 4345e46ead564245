using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>What other rooms ask of Identity.</summary>
internal sealed class Credentials(
    IdentityStore store, ApiKeyStore apiKeys, AccessTokens tokens, CredentialCache cache, KeyUse use, TokenIssue issue, SignInLink links, RefusalLog refusals, TimeProvider clock) : IIdentity
{
    public ValueTask<Authenticated?> AuthenticateAsync(string credential, CancellationToken cancellationToken)
    {
        var key = CredentialCache.KeyOf(credential);
        if (cache.Find(key) is not { } entry)
            return credential.StartsWith(ApiKeyText.Prefix, StringComparison.Ordinal) ? VerifyKeyAsync(key, credential, cancellationToken) : VerifyAsync(key, credential, cancellationToken);
        if (entry.ApiKey is { } id) use.Note(entry.Authenticated.Tenant, id);
        return ValueTask.FromResult<Authenticated?>(entry.Authenticated);
    }

    public async Task<IssuedToken> IssueTokenAsync(
        string tenant, string principalId, IReadOnlyList<string>? capabilities, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(tenant, DeploymentMode.DeveloperLight);
        return (await issue.RunAsync(context, principalId, capabilities, lifetime, cancellationToken)).Token;
    }

    public async Task<bool> HasPasswordAsync(string tenant, string principalId, CancellationToken cancellationToken) =>
        (await store.FindPrincipalAsync(tenant, principalId, cancellationToken))?.Person is not null;

    public Task<string> CreateSignInLinkAsync(string tenant, string principalId, TimeSpan lifetime, CancellationToken cancellationToken) =>
        links.CreateAsync(RequestContext.ForSystem(tenant, DeploymentMode.DeveloperLight), tenant, principalId, lifetime, cancellationToken);

    public Task<string> CreateStartOverLinkAsync(string tenant, string principalId, TimeSpan lifetime, CancellationToken cancellationToken) =>
        links.CreateAsync(RequestContext.ForSystem(tenant, DeploymentMode.DeveloperLight), tenant, principalId, lifetime, SignInLink.HostPasswordPurpose, cancellationToken);

    public Task<bool> AreOneHandAsync(DbWork work, string tenant, string one, string other) => Hands.AreOneAsync(work, tenant, one, other);

    public async Task<bool> HoldsAsync(DbWork work, string tenant, Principal principal, IReadOnlyList<string> capabilities)
    {
        if (await IdentityStore.FindActiveAsync(work, tenant, principal.Id) is not { } holder || !capabilities.All(holder.Capabilities.Contains)) return false;
        if (principal.Key is not { } key) return true;
        return await ApiKeyStore.FindAsync(work, tenant, key) is { RevokedAt: null } row && row.Principal == principal.Id && capabilities.All(row.Scopes.Contains);
    }

    public void NoteRefusal(string kind, string? address) => refusals.Note(kind, address);

    public async Task<(string Tenant, string PrincipalId)> DemoOwnerAsync(CancellationToken cancellationToken) =>
        await store.TenantExistsAsync(FirstStart.DemoTenant, cancellationToken)
            ? (FirstStart.DemoTenant, FirstStart.Owner)
            : throw IdentityProblems.PrincipalUnknown.Because("This installation has no demo tenant.");

    private async ValueTask<Authenticated?> VerifyAsync(CredentialCache.Key key, string credential, CancellationToken cancellationToken)
    {
        var generation = cache.Generation;
        var claims = await tokens.VerifyAsync(credential, cancellationToken);
        if (claims is null) return null;
        var holder = await store.FindTokenHolderAsync(claims.Tenant, claims.Sub, claims.Jti, cancellationToken);
        if (holder is null || holder.Revocation != claims.Rev || !claims.Capabilities.All(Capability.All.Contains)) return null;
        // What the principal has lost since the token was issued, the token has lost too.
        var effective = CapabilitySet.Of(claims.Capabilities.Where(holder.Capabilities.Contains));
        var authenticated = new Authenticated(claims.Tenant, new Principal(holder.Id, holder.Kind), effective)
        {
            MfaAt = claims.MfaAt is { } mfa ? DateTimeOffset.FromUnixTimeSeconds(mfa) : null,
            MfaEnrolled = holder.Mfa,
            Constitution = claims.Constitution,
        };
        cache.Keep(key, authenticated, apiKey: null, claims.ExpiresAt, generation);
        return authenticated;
    }

    private async ValueTask<Authenticated?> VerifyKeyAsync(CredentialCache.Key key, string credential, CancellationToken cancellationToken)
    {
        if (!ApiKeyText.IsWellFormed(credential)) return null;
        var generation = cache.Generation;
        var row = await apiKeys.FindAsync(ApiKeys.HashOf(credential), clock.NowMicros(), cancellationToken);
        if (row is null || await store.FindPrincipalAsync(row.Tenant, row.Principal, cancellationToken) is not { Active: true } holder) return null;
        var effective = CapabilitySet.Of(row.Scopes.Where(name => holder.Capabilities.Contains(name) && Capability.All.Contains(name)));
        var authenticated = new Authenticated(row.Tenant, new Principal(holder.Id, "key", row.Id), effective) { MfaEnrolled = holder.Mfa };
        cache.Keep(key, authenticated, row.Id, row.ExpiresAt ?? DateTimeOffset.MaxValue, generation);
        use.Note(row.Tenant, row.Id);
        return authenticated;
    }
}
