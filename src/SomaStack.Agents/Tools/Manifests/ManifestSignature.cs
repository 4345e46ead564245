using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="Algorithm">ed25519.</param>
/// <param name="KeyId">The RFC 7638 thumbprint of the publisher's public key.</param>
/// <param name="Value">64 bytes in base64url.</param>
internal sealed record ManifestSignature(string Algorithm, string KeyId, string Value)
{
    public const string Ed25519 = "ed25519";

    /// <summary>The publisher's own act; no server calls this.</summary>
    public static ManifestSignature Sign(Ed25519Key key, string digest) => new(Ed25519, key.KeyId, Base64Url.EncodeToString(key.Sign(ManifestSigning.Message(digest))));

    public bool Fits(Ed25519PublicKey key, string digest)
    {
        if (Algorithm != Ed25519 || KeyId != key.KeyId || Value.Length > 100) return false;
        try
        {
            return key.Verify(ManifestSigning.Message(digest), Base64Url.DecodeFromChars(Value));
        }
        catch (FormatException)
        {
            return false;
        }
    }
}

/// <summary>The ancestor's release record: HMAC-SHA256 over <c>id:version:digest</c>. Only ever verified, and only with a secret that the operator named.</summary>
internal static class LegacyRelease
{
    /// <summary>Also read from <c>SOMA_TOOL_RELEASE_SECRET_FILE</c>.</summary>
    public const string SecretName = "SOMA_TOOL_RELEASE_SECRET";

    /// <returns>Why it does not verify; null when it does.</returns>
    public static string? Fault(string? secret, string id, string version, JsonElement? manifest, string? digest, string signature)
    {
        if (string.IsNullOrEmpty(secret)) return $"the operator named no secret for this form ({SecretName})";
        if (id.Length == 0 || version.Length == 0 || signature.Length == 0) return "id, version and signature are needed";
        if (digest is not null && manifest is null) return "a digest without its manifest proves nothing";
        try
        {
            return LegacyCanonicalJson.VerifyManifest(Encoding.UTF8.GetBytes(secret), id, version, manifest, digest, signature) ? null : "the signature or the digest does not fit";
        }
        catch (FormatException exception)
        {
            return exception.Message;
        }
    }
}
