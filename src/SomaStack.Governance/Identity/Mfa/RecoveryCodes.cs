using System.Security.Cryptography;
using System.Text;

namespace SomaStack.Governance.Identity;

/// <summary>Ten codes of 80 random bits for whoever lost his second factor; each works once. Only SHA-256 is kept: 80 bits need no slow hash.</summary>
internal static class RecoveryCodes
{
    public const int Count = 10;

    private const int Bytes = 10;

    /// <summary>Shown once, as <c>ABCD-EFGH-JKLM-NPQR</c>.</summary>
    public static IReadOnlyList<string> Make() => [.. Enumerable.Range(0, Count).Select(static _ =>
    {
        var text = Totp.Base32(RandomNumberGenerator.GetBytes(Bytes));
        return $"{text[..4]}-{text[4..8]}-{text[8..12]}-{text[12..]}";
    })];

    public static bool IsCode(string text) => Plain(text).Length == 16;

    public static byte[] HashOf(string code) => SHA256.HashData(Encoding.ASCII.GetBytes(Plain(code)));

    private static string Plain(string code) => new([.. code.ToUpperInvariant().Where(static c => c is (>= 'A' and <= 'Z') or (>= '2' and <= '7'))]);
}
