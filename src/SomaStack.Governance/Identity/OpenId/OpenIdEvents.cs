namespace SomaStack.Governance.Identity.Contracts;

/// <summary>What the protocol half of Identity writes into the journal. No event holds a code, a token, a secret or a hash of one.</summary>
public static class OpenIdEvents
{
    public const string ClientChanged = "somastack.identity.client_changed.v1";
    public const string ClientRemoved = "somastack.identity.client_removed.v1";
    public const string GrantMade = "somastack.identity.grant_made.v1";
    public const string GrantRevoked = "somastack.identity.grant_revoked.v1";
    public const string GrantDenied = "somastack.identity.grant_denied.v1";
    public const string TokenRefreshed = "somastack.identity.token_refreshed.v1";
    public const string SignedOut = "somastack.identity.signed_out.v1";
    public const string ExternalLinked = "somastack.identity.external_linked.v1";
    public const string ExternalSignedIn = "somastack.identity.external_signed_in.v1";
    public const string GroupChanged = "somastack.identity.group_changed.v1";
    public const string GroupRemoved = "somastack.identity.group_removed.v1";
}

public sealed record ClientChanged(string Client, string Name, bool Confidential, IReadOnlyList<string> Grants, IReadOnlyList<string> Scopes, string? Principal, long Version);

public sealed record ClientRemoved(string Client);

/// <param name="Grant">Names the family of all tokens that come of it.</param>
/// <param name="How">code or device.</param>
public sealed record GrantMade(string Grant, string Client, string Principal, string How, IReadOnlyList<string> Scopes);

/// <param name="Reason">code_replayed, refresh_replayed, code_misused, code_expired, refresh_misused, revoked or client_removed.</param>
public sealed record GrantRevoked(string Grant, string Client, string Principal, string Reason);

public sealed record GrantDenied(string Client, string Principal, string How);

public sealed record TokenRefreshed(string Grant, string Client, string Principal);

public sealed record SignedOut(string Principal);

public sealed record ExternalLinked(string Principal, string Issuer, string Subject, string By);

public sealed record ExternalSignedIn(string Principal, string Issuer);

public sealed record GroupChanged(string Id, string DisplayName, IReadOnlyList<string> Capabilities, int Members, long Version);

public sealed record GroupRemoved(string Id);
