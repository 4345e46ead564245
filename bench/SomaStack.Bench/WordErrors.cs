using SomaStack.Intelligence.Benchmarks;

namespace SomaStack.Bench;

/// <summary>Word error rate: substitutions, deletions and insertions of the cheapest alignment (<see cref="TextScores.Levenshtein"/>) over the words that were said.</summary>
internal static class WordErrors
{
    /// <summary>Lower case, letters, digits and apostrophes; everything else parts words.</summary>
    public static string[] Words(string text)
    {
        var kept = new char[text.Length];
        for (var i = 0; i < text.Length; i++) kept[i] = char.IsLetterOrDigit(text[i]) || text[i] == '\'' ? char.ToLowerInvariant(text[i]) : ' ';
        return new string(kept).Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>
    /// The rate over all sentences, and the percentile interval at 95 % of a bootstrap that draws whole sentences (Bisani and Ney 2004): words of
    /// one sentence fail together.
    /// </summary>
    public static Figure Rate(IReadOnlyList<(int Errors, int Words)> sentences, int seed)
    {
        const int draws = 10_000;
        var random = new Random(seed);
        var rates = new double[draws];
        for (var draw = 0; draw < draws; draw++)
        {
            int errors = 0, words = 0;
            for (var i = 0; i < sentences.Count; i++)
            {
                var one = sentences[random.Next(sentences.Count)];
                errors += one.Errors;
                words += one.Words;
            }
            rates[draw] = (double)errors / words;
        }
        Array.Sort(rates);
        var rate = (double)sentences.Sum(static one => one.Errors) / sentences.Sum(static one => one.Words);
        return new Figure(Math.Round(rate, 4), Math.Round(rates[(int)(draws * 0.025)], 4), Math.Round(rates[(int)(draws * 0.975) - 1], 4),
            $"words wrong, 95 % bootstrap interval over {sentences.Count} sentences, {sentences.Sum(static one => one.Words)} words");
    }
}
