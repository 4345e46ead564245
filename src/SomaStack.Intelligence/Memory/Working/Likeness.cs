using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>When two texts say the same. Pure.</summary>
internal static class Likeness
{
    /// <summary>From this cosine on two texts are one (brain.md 2.14: duplicates at .95).</summary>
    public const double SameMeaning = 0.95;

    /// <summary>The text without case, width and spacing, for comparing.</summary>
    public static string Fold(string text) =>
        string.Join(' ', Nfkc.Normalize(text).ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Terms with a digit: "room 12" and "room 13" are near in every other respect and yet not the same.</summary>
    public static bool SameFigures(DocumentTerms one, DocumentTerms other)
    {
        foreach (var term in one.Terms)
            if (term.AsSpan().ContainsAnyInRange('0', '9') && !other.Terms.AsSpan().Contains(term)) return false;
        foreach (var term in other.Terms)
            if (term.AsSpan().ContainsAnyInRange('0', '9') && !one.Terms.AsSpan().Contains(term)) return false;
        return true;
    }

    /// <summary>Terms in both over terms in either, 0 to 1.</summary>
    public static double Overlap(DocumentTerms one, DocumentTerms other)
    {
        if (one.Terms.Length == 0 || other.Terms.Length == 0) return 0;
        var terms = new HashSet<string>(one.Terms, StringComparer.Ordinal);
        var both = 0;
        foreach (var term in other.Terms)
            if (terms.Contains(term)) both++;
        return (double)both / (one.Terms.Length + other.Terms.Length - both);
    }

    /// <summary>The cosine of two stored vectors of the same model, −1 to 1; null when one has none.</summary>
    public static double? Cosine(byte[]? one, byte[]? other)
    {
        if (one is null || other is null || one.Length != other.Length) return null;
        var a = Quantised.Values(one);
        var b = Quantised.Values(other);
        var (dot, left, right) = (Dot(a, b), Dot(a, a), Dot(b, b));
        return left == 0 || right == 0 ? null : dot / Math.Sqrt((double)left * right);
    }

    private static int Dot(ReadOnlySpan<sbyte> one, ReadOnlySpan<sbyte> other)
    {
        Span<short> wide = one.Length <= 1024 ? stackalloc short[one.Length] : new short[one.Length];
        for (var i = 0; i < one.Length; i++) wide[i] = one[i];
        return Quantised.Dot(wide, other);
    }
}
