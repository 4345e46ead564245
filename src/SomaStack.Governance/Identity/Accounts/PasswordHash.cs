using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using NSec.Cryptography;

namespace SomaStack.Governance.Identity;

/// <summary>What a guess costs.</summary>
/// <param name="MemoryKib">Written once and read <paramref name="Passes"/> times.</param>
internal sealed record PasswordCost(int MemoryKib, int Passes)
{
    /// <summary>The memory and passes of RFC 9106's second recommended option; libsodium computes with one lane in place of its four.</summary>
    public static readonly PasswordCost Default = new(64 * 1024, 3);
}

/// <summary>Argon2id (RFC 9106) in the PHC string form, so that each hash carries the parameters that it was made with.</summary>
internal static partial class PasswordHash
{
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    public static string Make(string password, PasswordCost cost)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return string.Create(CultureInfo.InvariantCulture, $"$argon2id$v=19$m={cost.MemoryKib},t={cost.Passes},p=1${Unpadded(salt)}${Unpadded(Derive(password, salt, cost))}");
    }

    public static bool Verify(string password, string stored)
    {
        var (cost, salt, hash) = Read(stored);
        return CryptographicOperations.FixedTimeEquals(Derive(password, salt, cost), hash);
    }

    public static PasswordCost CostOf(string stored) => Read(stored).Cost;

    private static byte[] Derive(string password, byte[] salt, PasswordCost cost)
    {
        var parameters = new Argon2Parameters { DegreeOfParallelism = 1, MemorySize = cost.MemoryKib, NumberOfPasses = cost.Passes };
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(password.Length));
        try
        {
            var length = Encoding.UTF8.GetBytes(password, bytes);
            return PasswordBasedKeyDerivationAlgorithm.Argon2id(in parameters).DeriveBytes(bytes.AsSpan(0, length), salt, HashBytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private static (PasswordCost Cost, byte[] Salt, byte[] Hash) Read(string stored)
    {
        var match = Phc().Match(stored);
        if (!match.Success) throw new FormatException("A stored password is no Argon2id hash.");
        int Number(int group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
        return (new PasswordCost(Number(1), Number(2)), Padded(match.Groups[3].Value), Padded(match.Groups[4].Value));
    }

    private static string Unpadded(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    private static byte[] Padded(string text) => Convert.FromBase64String(text + new string('=', (4 - text.Length % 4) % 4));

    [GeneratedRegex(@"^\$argon2id\$v=19\$m=(\d{1,9}),t=(\d{1,9}),p=1\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$", RegexOptions.CultureInvariant)]
    private static partial Regex Phc();
}
