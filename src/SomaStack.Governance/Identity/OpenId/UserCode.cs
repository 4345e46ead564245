using System.Security.Cryptography;

namespace SomaStack.Governance.Identity;

/// <summary>
/// What a person types from one screen into another: eight consonants (RFC 8628, 6.1), no vowels so that they spell nothing. 20^8 codes,
/// ten minutes and ten tries leave a guesser 4 in ten billion per live code.
/// </summary>
internal static class UserCode
{
    private const string Letters = "BCDFGHJKLMNPQRSTVWXZ";
    private const int Length = 8;

    public static string New() => RandomNumberGenerator.GetString(Letters, Length);

    public static string Show(string code) => $"{code[..4]}-{code[4..]}";

    /// <summary>The code in what a person typed, whatever the case and the dashes; null when it cannot be one.</summary>
    public static string? Read(string? typed)
    {
        if (typed is null or { Length: > 32 }) return null;
        var code = string.Concat(typed.Where(static c => c is not (' ' or '-')).Select(char.ToUpperInvariant));
        return code.Length == Length && code.All(Letters.Contains) ? code : null;
    }
}
