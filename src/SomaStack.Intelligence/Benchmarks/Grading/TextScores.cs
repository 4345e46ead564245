using System.Globalization;
using System.Text;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>How near a text is to a reference, 0 to 1. Pure; each formula names its source.</summary>
internal static class TextScores
{
    /// <summary>chrF looks at runs of 1 to 6 characters and weighs recall twice as much as precision (Popović 2015, chrF2).</summary>
    private const int ChrFOrder = 6;
    private const double ChrFBeta = 2;

    private static readonly HashSet<string> Articles = new(StringComparer.Ordinal) { "a", "an", "the" };

    /// <summary>The same words in the same order, as <see cref="Normalise"/> leaves them.</summary>
    public static double Exact(string answer, string expected) => Normalise(answer) == Normalise(expected) ? 1 : 0;

    /// <summary>The expected words stand in the answer next to each other; whole words only, so that "1977" is not found in "19771".</summary>
    public static double Contains(string answer, string expected)
    {
        var wanted = Normalise(expected);
        return wanted.Length > 0 && $" {Normalise(answer)} ".Contains($" {wanted} ", StringComparison.Ordinal) ? 1 : 0;
    }

    /// <summary>Harmonic mean of precision and recall over the multiset of words (Rajpurkar et al. 2016, SQuAD).</summary>
    public static double TokenF1(string answer, string expected)
    {
        var said = Split(Normalise(answer));
        var wanted = Split(Normalise(expected));
        if (said.Length == 0 || wanted.Length == 0) return said.Length == wanted.Length ? 1 : 0;
        var left = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var word in wanted) left[word] = left.GetValueOrDefault(word) + 1;
        var common = 0;
        foreach (var word in said)
        {
            if (left.GetValueOrDefault(word) == 0) continue;
            left[word]--;
            common++;
        }
        return F(common / (double)said.Length, common / (double)wanted.Length, 1);
    }

    /// <summary>ROUGE-L: F1 over the longest common subsequence of words (Lin 2004), words being runs of letters and digits in lower case, without stemming.</summary>
    public static double RougeL(string answer, string expected)
    {
        var said = LettersAndDigits(answer);
        var wanted = LettersAndDigits(expected);
        if (said.Count == 0 || wanted.Count == 0) return 0;
        var common = LongestCommonSubsequence(said, wanted);
        return F(common / (double)said.Count, common / (double)wanted.Count, 1);
    }

    /// <summary>chrF2: precision and recall of character n-grams without white space, each averaged over the orders that both texts are long enough for.</summary>
    public static double ChrF(string answer, string expected)
    {
        var said = Tight(answer);
        var wanted = Tight(expected);
        double precision = 0, recall = 0;
        var orders = 0;
        for (var n = 1; n <= ChrFOrder && n <= said.Length && n <= wanted.Length; n++)
        {
            var grams = Grams(wanted, n);
            var matched = 0;
            foreach (var (gram, count) in Grams(said, n)) matched += Math.Min(count, grams.GetValueOrDefault(gram));
            precision += matched / (double)(said.Length - n + 1);
            recall += matched / (double)(wanted.Length - n + 1);
            orders++;
        }
        return orders == 0 ? 0 : F(precision / orders, recall / orders, ChrFBeta);
    }

    /// <summary>Word error rate: the fewest insertions, deletions and substitutions of words, over the words of the reference. May exceed 1.</summary>
    /// <exception cref="ArgumentException">The reference has no words.</exception>
    public static double WordErrorRate(string heard, string reference)
    {
        var said = LettersAndDigits(heard);
        var wanted = LettersAndDigits(reference);
        if (wanted.Count == 0) throw new ArgumentException("A reference needs at least one word.", nameof(reference));
        return Levenshtein(said, wanted) / (double)wanted.Count;
    }

    /// <summary>SQuAD's normalisation: lower case, punctuation removed, the articles a, an and the removed, white space squeezed.</summary>
    public static string Normalise(string text)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.Normalize(NormalizationForm.FormKC).ToLowerInvariant().EnumerateRunes())
            if (!IsPunctuation(rune)) kept.Append(Rune.IsWhiteSpace(rune) ? " " : rune.ToString());
        return string.Join(' ', Split(kept.ToString()).Where(static word => !Articles.Contains(word)));
    }

    /// <summary>Levenshtein 1966 over words, in one row of the table.</summary>
    public static int Levenshtein(IReadOnlyList<string> from, IReadOnlyList<string> to)
    {
        var row = new int[to.Count + 1];
        for (var j = 0; j < row.Length; j++) row[j] = j;
        for (var i = 1; i <= from.Count; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Count; j++)
            {
                var replaced = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[to.Count];
    }

    /// <summary>Runs of letters, marks and digits in lower case; an apostrophe parts words, as in the reference implementation of ROUGE.</summary>
    public static List<string> LettersAndDigits(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        foreach (var rune in text.Normalize(NormalizationForm.FormKC).ToLowerInvariant().EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark)
            {
                word.Append(rune.ToString());
                continue;
            }
            if (word.Length > 0) words.Add(word.ToString());
            word.Clear();
        }
        if (word.Length > 0) words.Add(word.ToString());
        return words;
    }

    private static int LongestCommonSubsequence(List<string> a, List<string> b)
    {
        var row = new int[b.Count + 1];
        foreach (var word in a)
        {
            var diagonal = 0;
            for (var j = 1; j <= b.Count; j++)
            {
                var above = row[j];
                row[j] = word == b[j - 1] ? diagonal + 1 : Math.Max(above, row[j - 1]);
                diagonal = above;
            }
        }
        return row[b.Count];
    }

    private static Dictionary<string, int> Grams(string text, int n)
    {
        var grams = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i + n <= text.Length; i++)
        {
            var gram = text.Substring(i, n);
            grams[gram] = grams.GetValueOrDefault(gram) + 1;
        }
        return grams;
    }

    private static string Tight(string text) => string.Concat(text.Where(static c => !char.IsWhiteSpace(c)));

    private static string[] Split(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static double F(double precision, double recall, double beta) =>
        precision + recall == 0 ? 0 : (1 + beta * beta) * precision * recall / (beta * beta * precision + recall);

    private static bool IsPunctuation(Rune rune) => Rune.IsPunctuation(rune) || (rune.IsAscii && Rune.IsSymbol(rune));
}
