using System.Text;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// The token unit of <c>soma-extract</c>: a run of letters, digits and marks is one token, every other character that is not white
/// space is one. It is countable by hand; it is not the unit of any generative model.
/// </summary>
internal static class Words
{
    public const string Tokenizer = "soma-words-1";

    public static int Count(ReadOnlySpan<char> text)
    {
        var count = 0;
        var inWord = false;
        foreach (var rune in text.EnumerateRunes())
        {
            var letter = IsWordRune(rune);
            if (letter ? !inWord : !Rune.IsWhiteSpace(rune)) count++;
            inWord = letter;
        }
        return count;
    }

    /// <summary>The longest prefix that holds at most <paramref name="limit"/> tokens.</summary>
    public static string Take(string text, int limit)
    {
        var count = 0;
        var inWord = false;
        var offset = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var letter = IsWordRune(rune);
            if ((letter ? !inWord : !Rune.IsWhiteSpace(rune)) && ++count > limit) return text[..offset].TrimEnd();
            inWord = letter;
            offset += rune.Utf16SequenceLength;
        }
        return text;
    }

    /// <summary>Lower-case index terms with plural endings folded (Harman's S-stemmer, JASIS 42(1), 1991), in order of appearance.</summary>
    public static List<string> Terms(ReadOnlySpan<char> text)
    {
        var terms = new List<string>();
        var word = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsWordRune(rune)) word.Append(Rune.ToLowerInvariant(rune).ToString());
            else Flush(word, terms);
        }
        Flush(word, terms);
        return terms;
    }

    public static bool IsStopWord(string term) => Stop.Contains(term);

    private static void Flush(StringBuilder word, List<string> terms)
    {
        if (word.Length == 0) return;
        terms.Add(Stem(word.ToString()));
        word.Clear();
    }

    private static string Stem(string word)
    {
        if (word.Length < 4 || !word.EndsWith('s')) return word;
        if (word.EndsWith("ies", StringComparison.Ordinal)) return word.EndsWith("eies", StringComparison.Ordinal) || word.EndsWith("aies", StringComparison.Ordinal) ? word : word[..^3] + "y";
        return word.EndsWith("ss", StringComparison.Ordinal) || word.EndsWith("us", StringComparison.Ordinal) ? word : word[..^1];
    }

    private static bool IsWordRune(Rune rune) =>
        Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark;

    // English function words and question words; a question made of nothing else keeps them all.
    private static readonly HashSet<string> Stop = new(StringComparer.Ordinal)
    {
        "a", "about", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can", "could", "did", "do", "doe", "does", "for", "from", "had",
        "has", "have", "he", "her", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "of", "on", "or", "our", "please",
        "shall", "she", "should", "so", "some", "such", "tell", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this",
        "those", "to", "u", "up", "us", "was", "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will", "with", "would",
        "you", "your",
    };
}
