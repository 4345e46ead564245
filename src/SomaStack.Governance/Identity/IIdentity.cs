using SomaStack.Platform;

namespace SomaStack.Governance.Identity.Contracts;

/// <summary>What a verified credential says. Nothing in it comes from a header other than <c>Authorization</c>.</summary>
public sealed record Authenticated(string Tenant, Principal Principal, CapabilitySet Capabilities)
{
    /// <summary>When a second factor was proven for it; null when none was.</summary>
    public DateTimeOffset? MfaAt { get; init; }

    /// <summary>Its holder has a second factor, proven or not.</summary>
    public bool MfaEnrolled { get; init; }

    /// <summary>The hash of the constitution under which it was issued; null when it names none, as API keys do.</summary>
    public string? Constitution { get; init; }
}

/// <summary>Port: which constitution governs a tenant. The room of constitutions, which lies above this one, implements it.</summary>
public interface IConstitutionHash
{
    /// <exception cref="Problem">503 when none verifies.</exception>
    ValueTask<string> HashAsync(string tenant, CancellationToken cancellationToken);
}

/// <summary>While a tenant is being trained, nobody but the holder acts in it.</summary>
public sealed record TrainingHold(string Tenant, string Principal, string Reason, DateTimeOffset StartedAt, DateTimeOffset EndsAt);

/// <summary>Which tenants are being trained.</summary>
public interface ITraining
{
    /// <summary>The hold on the tenant; null when nobody holds it. From memory, at most two seconds old.</summary>
    ValueTask<TrainingHold?> HoldAsync(string tenant, CancellationToken cancellationToken);

    /// <exception cref="Problem">423 <c>training_locked</c> when somebody else holds the tenant.</exception>
    ValueTask ThrowIfLockedAsync(RequestContext context, CancellationToken cancellationToken);
}

/// <summary>Verifies what callers present and issues what they may present.</summary>
public interface IIdentity
{
    /// <summary>Verifies an ES256 access token or a <c>soma_sk_…</c> API key; null when it is not valid now. Cached, about 20 µs warm.</summary>
    ValueTask<Authenticated?> AuthenticateAsync(string credential, CancellationToken cancellationToken);

    /// <summary>Signs an access token for a principal of the tenant, with no more capabilities than it holds.</summary>
    Task<IssuedToken> IssueTokenAsync(string tenant, string principalId, IReadOnlyList<string>? capabilities, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>Whether the principal can come back without a link: somebody has set a password for it.</summary>
    Task<bool> HasPasswordAsync(string tenant, string principalId, CancellationToken cancellationToken);

    /// <summary>A link that signs its opener in once, within <paramref name="lifetime"/>.</summary>
    Task<string> CreateSignInLinkAsync(string tenant, string principalId, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>
    /// A link for the host's operator to hand out: whoever opens it sets the password of a user, once; every other way into the account ends with it,
    /// its second factor too, and the account is in nobody else's hand any more.
    /// </summary>
    Task<string> CreateStartOverLinkAsync(string tenant, string principalId, TimeSpan lifetime, CancellationToken cancellationToken);

    /// <summary>Whether one person may be behind both principals: one let the other in, or somebody let in both, also through others. Inside the caller's transaction.</summary>
    Task<bool> AreOneHandAsync(DbWork work, string tenant, string one, string other);

    /// <summary>
    /// Whether the principal is active now and holds all of these; when it came with an API key, that this was not revoked and carries them.
    /// Read inside the caller's transaction and never cached.
    /// </summary>
    Task<bool> HoldsAsync(DbWork work, string tenant, Principal principal, IReadOnlyList<string> capabilities);

    /// <summary>Notes that a credential was refused, never which; a bounded summary of these goes to the journal.</summary>
    /// <param name="kind">api_key, token, password, …: a word of the program.</param>
    /// <param name="address">Who sent it, as the connection says.</param>
    void NoteRefusal(string kind, string? address);

    /// <summary>The owner of the demo tenant that the first start created.</summary>
    Task<(string Tenant, string PrincipalId)> DemoOwnerAsync(CancellationToken cancellationToken);
}

/// <param name="Token">A compact JWS; shown once, never stored.</param>
public sealed record IssuedToken(string Token, DateTimeOffset ExpiresAt, IReadOnlyList<string> Capabilities);
