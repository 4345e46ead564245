namespace SomaStack.Intelligence.Memory;

internal enum LexemeKind { Word, Number, Address, Mark }

/// <summary>Where something stands in a text, in UTF-16 units.</summary>
internal readonly record struct Extent(int Start, int Length)
{
    public int End => Start + Length;
}

/// <summary>A word, a number, an address or a punctuation mark.</summary>
/// <param name="Text">Lower case, apostrophes straight; of a number its digits.</param>
/// <param name="Value">Of a number; else 0.</param>
internal readonly record struct Lexeme(LexemeKind Kind, string Text, int Start, int End, int Sentence, double Value = 0)
{
    /// <summary>Begins with a Latin capital.</summary>
    public bool Capital { get; init; }

    /// <summary>Two letters or more, all of them capitals.</summary>
    public bool Shouted { get; init; }

    /// <summary>The first word of its sentence.</summary>
    public bool Opens { get; init; }

    /// <summary>No space before it.</summary>
    public bool Joined { get; init; }

    /// <summary>A number written as 7th.</summary>
    public bool Ordinal { get; init; }

    public bool IsWord => Kind == LexemeKind.Word;

    public bool IsNumber => Kind == LexemeKind.Number;

    /// <summary>A number without a fraction.</summary>
    public bool IsWhole => Kind == LexemeKind.Number && Value < 1e9 && Value == Math.Floor(Value);
}

/// <param name="First">Index of its first lexeme.</param>
/// <param name="End">One behind its last lexeme, the closing mark included.</param>
internal readonly record struct SentenceRange(int First, int End, bool Question);

/// <summary>An English text cut into lexemes and sentences. Asking beyond the ends gives an empty mark.</summary>
internal sealed class LexedText(string source, Lexeme[] items, SentenceRange[] sentences)
{
    private static readonly Lexeme Nothing = new(LexemeKind.Mark, "", 0, 0, -1);

    public string Source => source;

    public int Count => items.Length;

    public IReadOnlyList<SentenceRange> Sentences => sentences;

    public Lexeme this[int index] => index >= 0 && index < items.Length ? items[index] : Nothing;

    public bool Is(int index, string word) => index >= 0 && index < items.Length && items[index].Text == word;

    /// <summary>The source from the first lexeme to the one before <paramref name="end"/>, white space collapsed.</summary>
    public string Slice(int first, int end)
    {
        if (end <= first || first < 0 || end > items.Length) return "";
        var text = source[items[first].Start..items[end - 1].End];
        return text.AsSpan().ContainsAny('\n', '\t', '\r') || text.Contains("  ", StringComparison.Ordinal)
            ? string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            : text;
    }

    public Extent Extent(int first, int end) => new(items[first].Start, items[end - 1].End - items[first].Start);
}
