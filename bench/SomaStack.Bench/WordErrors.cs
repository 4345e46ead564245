namespace SomaStack.Bench;

/// <summary>Word error rate: substitutions, deletions and insertions of the cheapest alignment (Levenshtein 1966) over the words that were said.</summary>
internal static class WordErrors
{
    /// <summary>Lower case, letters, digits and apostrophes; everything else parts words.</summary>
    public static string[] Words(string text)
    {
        var kept = new char[text.Length];
        for (var i = 0; i < text.Length; i++) kept[i] = char.IsLetterOrDigit(text[i]) || text[i] == '\'' ? char.ToLowerInvariant(text[i]) : ' ';
        return new string(kept).Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    public static int Count(IReadOnlyList<string> said, IReadOnlyList<string> heard)
    {
        var above = Enumerable.Range(0, heard.Count + 1).ToArray();
        var row = new int[heard.Count + 1];
        for (var i = 1; i <= said.Count; i++)
        {
            row[0] = i;
            for (var j = 1; j <= heard.Count; j++)
                row[j] = Math.Min(Math.Min(above[j] + 1, row[j - 1] + 1), above[j - 1] + (said[i - 1] == heard[j - 1] ? 0 : 1));
            (above, row) = (row, above);
        }
        return above[heard.Count];
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
