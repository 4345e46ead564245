using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace SomaStack.Governance.Identity;

/// <summary>Codes, refresh tokens and secrets that say nothing: 32 random bytes. Only their SHA-256 is kept, which so many bits need no salt for.</summary>
internal static class OpaqueToken
{
    public const string Refresh = "soma_rt_";
    public const string Secret = "soma_cs_";

    /// <summary>What a parameter that holds one may have at most.</summary>
    public const int LengthMax = 128;

    public static string New(string prefix = "") => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static byte[] HashOf(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
