using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SomaStack.Governance.Identity;

/// <summary>RFC 7636 with S256 alone: <c>plain</c>, and a request without a challenge, are refused.</summary>
internal static class Pkce
{
    public const string Method = "S256";

    /// <summary>base64url of a SHA-256 has 43 characters.</summary>
    public static bool IsChallenge(string? text) => text is { Length: 43 } && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');

    /// <summary>43 to 128 unreserved characters (RFC 7636, 4.1).</summary>
    public static bool IsVerifier(string? text) => text is { Length: >= 43 and <= 128 } && text.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~');

    public static string ChallengeOf(string verifier) => Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    public static bool Proves(string? verifier, string challenge) =>
        IsVerifier(verifier) && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(ChallengeOf(verifier!)), Encoding.ASCII.GetBytes(challenge));
}
