using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <param name="KeyId">The signer's key, as its RFC 7638 thumbprint.</param>
/// <param name="Algorithm"><c>ed25519</c> for what is loaded; <c>rs256</c> is verified in the ancestor's form only.</param>
/// <param name="Value">Base64 of the signature over the statement.</param>
internal sealed record ConstitutionSignature(string KeyId, string Algorithm, string Value);

/// <summary>One signed version, as stored.</summary>
/// <param name="Tenant">Whom it governs; <c>*</c> is the installation.</param>
/// <param name="Document">The document's RFC 8785 text.</param>
/// <param name="ActivatedAt">Null for a candidate.</param>
internal sealed record ConstitutionVersion(
    string Tenant, long Version, string Document, string Hash, DateTimeOffset IssuedAt, IReadOnlyList<ConstitutionSignature> Signatures,
    string LoadedBy, DateTimeOffset LoadedAt, DateTimeOffset? ActivatedAt)
{
    public const string Candidate = "candidate";
    public const string Active = "active";
    public const string Superseded = "superseded";

    public string State { get; init; } = Candidate;

    /// <summary>The version that was active before it.</summary>
    public long? Replaces { get; init; }

    /// <summary>The version whose document it brought back.</summary>
    public long? RollbackOf { get; init; }

    public string? ActivatedBy { get; init; }

    /// <summary>The second key.</summary>
    public string? Approval { get; init; }

    /// <summary>Null for the starter, and for what was activated before activations were sealed.</summary>
    public ActivationSeal? Activation { get; init; }
}

/// <summary>
/// Which signers' rule bound a version, sealed with the installation's own key at its activation: the database alone can neither lower the
/// number of signatures afterwards nor make a candidate active. It still holds when an earlier signer's key is no longer pinned.
/// </summary>
internal sealed record ActivationSeal(int Threshold, IReadOnlyList<string>? KeyIds, string KeyId, string Signature)
{
    public static ActivationSeal Signed(Ed25519Key key, ConstitutionVersion version, SignerRule rule)
    {
        string[]? keyIds = rule.KeyIds is null ? null : [.. rule.KeyIds.Order(StringComparer.Ordinal)];
        return new ActivationSeal(rule.Threshold, keyIds, key.KeyId, Convert.ToBase64String(key.Sign(Statement(version, rule.Threshold, keyIds))));
    }

    public bool Holds(ConstitutionVersion version, IReadOnlyDictionary<string, Ed25519PublicKey> pinned) =>
        pinned.TryGetValue(KeyId, out var key) && ConstitutionSeal.Verifies(key, Statement(version, Threshold, KeyIds), Signature);

    private static byte[] Statement(ConstitutionVersion version, int threshold, IReadOnlyList<string>? keyIds)
    {
        var output = new ArrayBufferWriter<byte>(512);
        output.Write("{\"document_sha256\":"u8);
        CanonicalJson.WriteString(version.Hash, output);
        output.Write(",\"key_ids\":"u8);
        if (keyIds is null) output.Write("null"u8);
        else
        {
            output.Write("["u8);
            for (var i = 0; i < keyIds.Count; i++)
            {
                if (i > 0) output.Write(","u8);
                CanonicalJson.WriteString(keyIds[i], output);
            }
            output.Write("]"u8);
        }
        output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"replaces\":{version.Replaces?.ToString(CultureInfo.InvariantCulture) ?? "null"},\"tenant\":")));
        CanonicalJson.WriteString(version.Tenant, output);
        output.Write(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"threshold\":{threshold},\"type\":\"somastack.constitution.activation\",\"version\":{version.Version}}}")));
        return output.WrittenSpan.ToArray();
    }
}

/// <summary>What a signer signs, and whether somebody that we trust did. Pure.</summary>
internal static class ConstitutionSeal
{
    /// <summary>Lower-hex SHA-256 of the canonical text.</summary>
    public static string Hash(string canonical) => TextDigest.Of(canonical);

    /// <summary>
    /// The signed bytes: RFC 8785 of hash, issue time, tenant and version. The ancestor signed the document alone, so that an old
    /// document could be served under a new version, or another tenant's document under this tenant.
    /// </summary>
    public static byte[] Statement(string tenant, long version, DateTimeOffset issuedAt, string hash)
    {
        var output = new ArrayBufferWriter<byte>(256);
        output.Write("{\"document_sha256\":"u8);
        CanonicalJson.WriteString(hash, output);
        output.Write(",\"issued_at\":"u8);
        CanonicalJson.WriteString(issuedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture), output);
        output.Write(",\"tenant\":"u8);
        CanonicalJson.WriteString(tenant, output);
        output.Write(",\"type\":\"somastack.constitution\",\"version\":"u8);
        output.Write(Encoding.ASCII.GetBytes(CanonicalJson.Number(version)));
        output.Write("}"u8);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Why the version must not be taken, or null when its text has its hash and enough of the rule's pinned keys signed it.</summary>
    public static string? Fault(ConstitutionVersion version, IReadOnlyDictionary<string, Ed25519PublicKey> pinned, SignerRule rule)
    {
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Hash(version.Document)), Encoding.UTF8.GetBytes(version.Hash)))
            return "its text does not have the recorded hash";
        var statement = Statement(version.Tenant, version.Version, version.IssuedAt, version.Hash);
        var signers = new HashSet<string>(StringComparer.Ordinal);
        foreach (var signature in version.Signatures)
            if (signature.Algorithm == "ed25519" && rule.Counts(signature.KeyId) && pinned.TryGetValue(signature.KeyId, out var key) && Verifies(key, statement, signature.Value))
                signers.Add(signature.KeyId);
        if (signers.Count >= rule.Threshold) return null;
        return signers.Count == 0 ? "no pinned key signed it" : $"{signers.Count} of the {rule.Threshold} keys that it needs signed it";
    }

    /// <summary>The same for a version that is active: by the rule that its activation sealed, and never by less than <paramref name="floor"/>.</summary>
    public static string? ActiveFault(ConstitutionVersion version, IReadOnlyDictionary<string, Ed25519PublicKey> pinned, int floor)
    {
        if (version.State != ConstitutionVersion.Active) return "it is not the active version";
        if (version.Activation is not { } activation) return Fault(version, pinned, SignerRule.Default.AtLeast(floor));
        if (!activation.Holds(version, pinned)) return "its activation was not sealed by this installation";
        var rule = new SignerRule(activation.Threshold, activation.KeyIds?.ToHashSet(StringComparer.Ordinal));
        return Fault(version, pinned, rule.AtLeast(floor));
    }

    public static bool Verifies(Ed25519PublicKey key, byte[] statement, string value)
    {
        var bytes = new byte[64];
        return Convert.TryFromBase64String(value, bytes, out var length) && length == 64 && key.Verify(statement, bytes);
    }
}
