using SomaStack.Platform;

namespace SomaStack.Governance.Identity.Contracts;

/// <summary>What a verified credential says. Nothing in it comes from a header other than <c>Authorization</c>.</summary>
public sealed record Authenticated(string Tenant, Principal Principal, CapabilitySet Capabilities)
{
    /// <summary>When a second factor was proven for it; null when none was.</summary>
    public DateTimeOffset? MfaAt { get; init; }
}

/// <summary>Verifies what callers present and issues what they may present.</summary>
public interface IIdentity
{
    /// <summary>Verifies an ES256 access token or a <c>soma_sk_…</c> API key; null when it is not valid now. Cached, about 20 µs warm.</summary>
    ValueTask<Authenticated?> AuthenticateAsync(string credential, CancellationToken cancellationToken);

    /// <summary>Signs an access token for a principal of the tenant, with no more capabilities than it holds.</summary>
    Task<IssuedToken> IssueTokenAsync(string tenant, string principalId, IReadOnlyList<string>? capabilities, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>A link that signs its opener in once, within <paramref name="lifetime"/>.</summary>
    Task<string> CreateSignInLinkAsync(string tenant, string principalId, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>
    /// Whether the principal is active now and holds all of these; when it came with an API key, that this was not revoked and carries them.
    /// Read inside the caller's transaction and never cached.
    /// </summary>
    Task<bool> HoldsAsync(DbWork work, string tenant, Principal principal, IReadOnlyList<string> capabilities);

    /// <summary>The owner of the demo tenant that the first start created.</summary>
    Task<(string Tenant, string PrincipalId)> DemoOwnerAsync(CancellationToken cancellationToken);
}

/// <param name="Token">A compact JWS; shown once, never stored.</param>
public sealed record IssuedToken(string Token, DateTimeOffset ExpiresAt, IReadOnlyList<string> Capabilities);
