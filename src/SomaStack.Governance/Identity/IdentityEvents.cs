namespace SomaStack.Governance.Identity.Contracts;

/// <summary>What Identity writes into the journal. No event holds a token, a key, a code or a hash of one.</summary>
public static class IdentityEvents
{
    public const string TenantCreated = "somastack.identity.tenant_created.v1";
    public const string PrincipalChanged = "somastack.identity.principal_changed.v1";
    public const string TokenIssued = "somastack.identity.token_issued.v1";
    public const string TokenRevoked = "somastack.identity.token_revoked.v1";
    public const string ApiKeyCreated = "somastack.identity.api_key_created.v1";
    public const string ApiKeyRevoked = "somastack.identity.api_key_revoked.v1";
    public const string SignInLinkCreated = "somastack.identity.sign_in_link_created.v1";
    public const string SignedIn = "somastack.identity.signed_in.v1";
    public const string KeysRotated = "somastack.identity.keys_rotated.v1";
    public const string TenantChanged = "somastack.identity.tenant_changed.v1";
    public const string RoleChanged = "somastack.identity.role_changed.v1";
    public const string RoleDeleted = "somastack.identity.role_deleted.v1";
    public const string ApiKeyRotated = "somastack.identity.api_key_rotated.v1";
    public const string ServiceSecretCreated = "somastack.identity.service_secret_created.v1";
    public const string ServiceSecretRevoked = "somastack.identity.service_secret_revoked.v1";
    public const string Invited = "somastack.identity.invited.v1";
    public const string InvitationAccepted = "somastack.identity.invitation_accepted.v1";
    public const string InvitationRevoked = "somastack.identity.invitation_revoked.v1";
    public const string SignInLinkUsed = "somastack.identity.sign_in_link_used.v1";
    public const string PasswordChanged = "somastack.identity.password_changed.v1";
    public const string AccountUnlocked = "somastack.identity.account_unlocked.v1";
    public const string MfaChanged = "somastack.identity.mfa_changed.v1";
    public const string RecoveryCodeUsed = "somastack.identity.recovery_code_used.v1";
    public const string RecoveryCodesRenewed = "somastack.identity.recovery_codes_renewed.v1";
    public const string CredentialsRefused = "somastack.identity.credentials_refused.v1";
    public const string TrainingStarted = "somastack.identity.training_started.v1";
    public const string TrainingStopped = "somastack.identity.training_stopped.v1";
}

public sealed record TenantCreated(string Tenant, string DisplayName, string Owner);

public sealed record PrincipalChanged(string Id, string Kind, string DisplayName, bool Active, IReadOnlyList<string> Capabilities, long Version, IReadOnlyList<string>? Roles = null);

public sealed record TokenIssued(string Jti, string Principal, IReadOnlyList<string> Capabilities, DateTimeOffset ExpiresAt);

public sealed record TokenRevoked(string Jti, string Principal);

public sealed record ApiKeyCreated(string Id, string Principal, string Name, IReadOnlyList<string> Scopes, DateTimeOffset? ExpiresAt);

public sealed record ApiKeyRevoked(string Id, string Principal);

/// <param name="Purpose">signin or password.</param>
public sealed record SignInLinkCreated(string Principal, DateTimeOffset ExpiresAt, string Purpose);

/// <param name="Amr">How (RFC 8176); empty for a one-time link.</param>
public sealed record SignedIn(string Principal, IReadOnlyList<string> Amr);

public sealed record KeysRotated(string Kid, IReadOnlyList<string> Retired);

public sealed record TenantChanged(string Tenant, string DisplayName, bool Active);

public sealed record RoleChanged(string Name, IReadOnlyList<string> Capabilities, long Version);

public sealed record RoleDeleted(string Name);

public sealed record ApiKeyRotated(string Id, string Replaces, string Principal, DateTimeOffset OldEndsAt);

public sealed record ServiceSecretChanged(string Id, string Principal);

public sealed record Invited(string Id, string Principal, IReadOnlyList<string> Roles, IReadOnlyList<string> Capabilities, DateTimeOffset ExpiresAt);

public sealed record InvitationAccepted(string Id, string Principal);

public sealed record InvitationRevoked(string Id);

public sealed record SignInLinkUsed(string Principal, string Purpose);

public sealed record PasswordChanged(string Principal);

public sealed record AccountUnlocked(string Principal);

public sealed record MfaChanged(string Principal, bool Enrolled);

public sealed record RecoveryCodeUsed(string Principal);

public sealed record RecoveryCodesRenewed(string Principal);

/// <summary>What was refused since the last such line, without the credentials.</summary>
public sealed record CredentialsRefused(DateTimeOffset Since, DateTimeOffset Until, IReadOnlyList<CredentialRefusal> Refusals);

/// <param name="Kind">api_key, token, password, totp, client_secret, sign_in_delayed.</param>
/// <param name="Address">As the connection said; <c>others</c> when there were too many.</param>
public sealed record CredentialRefusal(string Kind, string Address, long Count);

public sealed record TrainingStarted(string Principal, string Reason, DateTimeOffset EndsAt);

/// <param name="Reason">Why another than the holder stopped it.</param>
public sealed record TrainingStopped(string Holder, string? Reason);
