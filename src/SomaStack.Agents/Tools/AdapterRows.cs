namespace SomaStack.Agents.Tools;

/// <summary>What a tenant has made of an adapter. Native ones have a row only once somebody has switched them.</summary>
/// <param name="Version">The manifest in force; null before the first was approved, and for native ones.</param>
/// <param name="Revision">For If-Match.</param>
/// <param name="Events">Lines of the journal about it so far.</param>
internal sealed record AdapterRow(
    string Tenant, string Id, string Kind, string State, string? Version, long Revision, long Events, string ChangedBy, string? Reason, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public const string Enabled = "enabled";
    public const string Disabled = "disabled";

    /// <summary>A first manifest waits for its second person.</summary>
    public const string Proposed = "proposed";
}

/// <summary>One version of a manifest; its document never changes.</summary>
/// <param name="KeyId">Null when nobody signed it.</param>
internal sealed record ManifestRow(
    string Tenant, string Adapter, string Version, string Digest, string Document, string? KeyId, string? Signature, string State, string? Approval, string RegisteredBy,
    DateTimeOffset RegisteredAt, DateTimeOffset? ActivatedAt)
{
    public const string Candidate = "candidate";
    public const string Active = "active";
    public const string Replaced = "replaced";
    public const string Revoked = "revoked";

    public ManifestSignature? Signed => KeyId is null || Signature is null ? null : new ManifestSignature(ManifestSignature.Ed25519, KeyId, Signature);
}

/// <param name="Tenant">The installation's own are under <c>*</c>.</param>
/// <param name="PublicKey">32 raw bytes in base64url.</param>
internal sealed record PublisherRow(string Tenant, string KeyId, string Name, string PublicKey, string PinnedBy, DateTimeOffset PinnedAt);

/// <summary>A bound secret without its value.</summary>
internal sealed record SecretRow(string Name, long Version, string SetBy, DateTimeOffset SetAt);
