using System.Numerics;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Near-duplicates: SimHash (Charikar 2002) over the analysed terms finds candidates that differ in at most 3 of 64 bits (the setting of
/// Manku, Jain and Das Sarma 2007 for web pages), the Jaccard similarity of the term sets decides.
/// </summary>
internal static class SimHash
{
    public const int DistanceMax = 3;
    public const double JaccardMin = 0.9;

    /// <summary>With fewer distinct terms, one more or one less is already below <see cref="JaccardMin"/>: 8/9 &lt; .9.</summary>
    private const int TermsMin = 9;

    /// <summary>What turns a sentence round although it hardly changes its terms.</summary>
    private static readonly HashSet<string> Negations = new(["not", "no", "never", "without", "none", "nobody", "cannot", "dont", "doesnt", "didnt", "isnt", "wasnt", "wont", "cant"], StringComparer.Ordinal);

    /// <returns>Null for a text with too few terms to compare.</returns>
    public static long? Of(DocumentTerms document)
    {
        if (document.Terms.Length < TermsMin) return null;
        Span<int> bits = stackalloc int[64];
        bits.Clear();
        for (var i = 0; i < document.Terms.Length; i++)
        {
            var hash = Hash(document.Terms[i]);
            for (var bit = 0; bit < 64; bit++) bits[bit] += (hash >> bit & 1) == 1 ? document.Counts[i] : -document.Counts[i];
        }
        var result = 0UL;
        for (var bit = 0; bit < 64; bit++)
            if (bits[bit] > 0) result |= 1UL << bit;
        return (long)result;
    }

    public static int Distance(long a, long b) => BitOperations.PopCount((ulong)(a ^ b));

    /// <summary>Whether two texts say the same but for a few words; never when they differ in a number or a negation.</summary>
    public static bool AreNear(DocumentTerms a, DocumentTerms b)
    {
        var left = new HashSet<string>(a.Terms, StringComparer.Ordinal);
        var right = new HashSet<string>(b.Terms, StringComparer.Ordinal);
        var shared = 0;
        foreach (var term in left)
            if (right.Contains(term)) shared++;
        if (shared < JaccardMin * (left.Count + right.Count - shared)) return false;
        foreach (var term in left)
            if (!right.Contains(term) && Tells(term)) return false;
        foreach (var term in right)
            if (!left.Contains(term) && Tells(term)) return false;
        return true;
    }

    private static bool Tells(string term)
    {
        if (Negations.Contains(term)) return true;
        foreach (var c in term)
            if (char.IsDigit(c)) return true;
        return false;
    }

    /// <summary>FNV-1a over UTF-16 with the finaliser of SplitMix64 (Steele, Lea and Flood 2014): the same on every machine and run.</summary>
    private static ulong Hash(string term)
    {
        var hash = 14695981039346656037UL;
        foreach (var c in term) hash = (hash ^ c) * 1099511628211UL;
        hash = (hash ^ hash >> 30) * 0xBF58476D1CE4E5B9UL;
        hash = (hash ^ hash >> 27) * 0x94D049BB133111EBUL;
        return hash ^ hash >> 31;
    }
}
