using System.Collections.Frozen;

namespace SomaStack.Intelligence.Memory;

/// <summary>Who speaks where in a text: <c>Caroline: I moved to Oslo.</c></summary>
/// <param name="First">Index of the first lexeme behind the colon.</param>
/// <param name="Extent">Of the name.</param>
internal readonly record struct Turn(string Speaker, int First, Extent Extent);

internal static class Speakers
{
    private const int WordsMax = 3;

    private static readonly FrozenSet<string> Roles = new[] { "user", "assistant", "human", "agent", "customer", "system" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Turns in order. A prefix stands at the start of the text or of a line: one to three capitalised words, none of them a common one, and a colon.</summary>
    public static IReadOnlyList<Turn> Of(LexedText text)
    {
        var turns = new List<Turn>();
        foreach (var sentence in text.Sentences)
        {
            if (!StartsLine(text, sentence.First)) continue;
            var end = sentence.First;
            while (end - sentence.First < WordsMax && end < sentence.End && text[end] is { IsWord: true, Capital: true } word && !EntityCues.IsCommon(word.Text)) end++;
            if (end == sentence.First && Roles.Contains(text[end].Text)) end++;
            if (end == sentence.First || text[end] is not { Kind: LexemeKind.Mark, Text: ":" }) continue;
            // A colon between digits or before a slash is a time or an address.
            if (text[end + 1] is { Joined: true, Kind: not LexemeKind.Word }) continue;
            turns.Add(new Turn(text.Slice(sentence.First, end), end + 1, text.Extent(sentence.First, end)));
        }
        return turns;
    }

    /// <summary>The speaker of the lexeme at <paramref name="i"/>: that of the last turn before it, else the one given.</summary>
    public static string? At(IReadOnlyList<Turn> turns, int i, string? given)
    {
        var (low, high) = (0, turns.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (turns[middle].First <= i) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? given : turns[low - 1].Speaker;
    }

    private static bool StartsLine(LexedText text, int i)
    {
        if (i == 0) return true;
        return text.Source.AsSpan(text[i - 1].End, text[i].Start - text[i - 1].End).Contains('\n');
    }
}
