using System.Collections.Frozen;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// NIST SP 800-63B 3.1.1.2: length, and nothing that is guessed first; no rules of composition, no expiry. Pure.
/// </summary>
internal static class PasswordRules
{
    public const int LengthMin = 12;
    public const int LengthMax = 256;

    private const string Resource = "SomaStack.Governance.Identity.common-passwords.txt";

    private static readonly FrozenSet<string> Common = Read();

    /// <summary>The form that is hashed: a keyboard that composes otherwise must not lock its owner out.</summary>
    public static string Prepare(string password) => Nfkc.Normalize(password);

    /// <summary>Null when the password is acceptable, else the end of the sentence 'the password …'.</summary>
    /// <param name="login">The name it goes with.</param>
    public static string? Fault(string password, string login)
    {
        // An attacker's megabyte is not normalised.
        if (password.Length > 2 * LengthMax) return $"must have at most {LengthMax} characters";
        var prepared = Prepare(password);
        var length = prepared.EnumerateRunes().Count();
        if (length < LengthMin) return $"must have at least {LengthMin} characters";
        if (length > LengthMax) return $"must have at most {LengthMax} characters";
        var folded = prepared.ToLowerInvariant();
        var stem = Stem(folded);
        if (Common.Contains(folded) || Common.Contains(stem)) return "is among those that are guessed first; choose another";
        if (IsRepetition(folded) || IsSequence(folded)) return "is a repetition or a sequence; choose another";
        var name = login.Split('@')[0];
        return name.Length >= 3 && Stem(folded.Replace(name, "", StringComparison.Ordinal)).Length < 6 && folded.Contains(name, StringComparison.Ordinal)
            ? "is hardly more than your name; choose another"
            : null;
    }

    /// <summary>Without the digits and marks that people put around a word to satisfy a form.</summary>
    private static string Stem(string folded) => folded.Trim("0123456789!@#$%^&*()-_=+.,?/\\ ".ToCharArray());

    /// <summary>One unit of up to a third of the length, over and over.</summary>
    private static bool IsRepetition(string text)
    {
        for (var unit = 1; unit <= text.Length / 3; unit++)
        {
            var repeats = true;
            for (var i = unit; i < text.Length && repeats; i++) repeats = text[i] == text[i - unit];
            if (repeats) return true;
        }
        return false;
    }

    private static bool IsSequence(string text)
    {
        foreach (var step in (ReadOnlySpan<int>)[1, -1])
        {
            var breaks = 0;
            for (var i = 1; i < text.Length; i++)
                if (text[i] - text[i - 1] != step) breaks++;
            // "1234567890123" breaks once, at its zero and at its one.
            if (breaks <= 2) return true;
        }
        return false;
    }

    private static FrozenSet<string> Read()
    {
        using var reader = new StreamReader(typeof(PasswordRules).Assembly.GetManifestResourceStream(Resource)!);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(static line => line[0] != '#').ToFrozenSet(StringComparer.Ordinal);
    }
}
