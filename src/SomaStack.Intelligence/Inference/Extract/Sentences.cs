namespace SomaStack.Intelligence.Inference;

/// <summary>A quotable stretch of a text: its exact place, and the place of the heading it stands under.</summary>
/// <param name="Start">Offset in UTF-16 units.</param>
/// <param name="IsHeading">A Markdown heading: names a subject, states nothing.</param>
internal readonly record struct Sentence(int Start, int Length, int HeadingStart, int HeadingLength, bool IsHeading)
{
    public ReadOnlySpan<char> Of(string text) => text.AsSpan(Start, Length);

    public ReadOnlySpan<char> HeadingOf(string text) => text.AsSpan(HeadingStart, HeadingLength);
}

/// <summary>Cuts plain text and Markdown into sentences without changing a character: each one is a substring of the text.</summary>
internal static class Sentences
{
    /// <summary>A longer sentence is cut before this many UTF-16 units, at a space.</summary>
    public const int LengthLimit = 320;

    public static List<Sentence> Of(string text)
    {
        var found = new List<Sentence>();
        var heading = (Start: 0, Length: 0);
        var fenced = false;
        var blockStart = -1;
        var blockEnd = -1;
        for (var lineStart = 0; lineStart <= text.Length;)
        {
            var lineEnd = text.IndexOf('\n', lineStart);
            if (lineEnd < 0) lineEnd = text.Length;
            var line = text.AsSpan(lineStart, lineEnd - lineStart).Trim();
            var fence = line.StartsWith("```") || line.StartsWith("~~~");
            var isHeading = !fenced && line.StartsWith("#");
            if (blockStart >= 0 && (fence || fenced || isHeading || line.IsEmpty || StartsBlock(line)))
            {
                Cut(text, blockStart, blockEnd, heading, found);
                blockStart = -1;
            }
            if (fence) fenced = !fenced;
            else if (isHeading)
            {
                heading = Trim(text, lineStart, lineEnd);
                if (heading.Length > 0) found.Add(new Sentence(heading.Start, heading.Length, heading.Start, heading.Length, true));
            }
            else if (!line.IsEmpty)
            {
                if (blockStart < 0) blockStart = lineStart;
                blockEnd = lineEnd;
            }
            lineStart = lineEnd + 1;
        }
        if (blockStart >= 0) Cut(text, blockStart, blockEnd, heading, found);
        return found;
    }

    /// <summary>1-based line of an offset, counted from <paramref name="firstLine"/>.</summary>
    public static int LineOf(string text, int offset, int firstLine) => firstLine + text.AsSpan(0, offset).Count('\n');

    private static bool StartsBlock(ReadOnlySpan<char> line)
    {
        if (line[0] is '|' or '>') return true;
        if (line.Length > 1 && line[0] is '-' or '*' or '+' && line.Length > 1 && line[1] == ' ') return true;
        var digits = 0;
        while (digits < line.Length && char.IsAsciiDigit(line[digits])) digits++;
        return digits is > 0 and < 4 && digits + 1 < line.Length && line[digits] is '.' or ')' && line[digits + 1] == ' ';
    }

    private static void Cut(string text, int start, int end, (int Start, int Length) heading, List<Sentence> found)
    {
        var from = start;
        for (var i = start; i < end; i++)
            if (EndsSentence(text, i, end))
            {
                Add(text, from, i + 1, heading, found);
                from = i + 1;
            }
        Add(text, from, end, heading, found);
    }

    /// <summary>A full stop ends a sentence when white space and no lower-case letter follows; a CJK one always does.</summary>
    private static bool EndsSentence(string text, int i, int end)
    {
        if (text[i] is '\u3002' or '\uFF01' or '\uFF1F') return true;
        if (text[i] is not ('.' or '!' or '?')) return false;
        var next = i + 1;
        if (next >= end || !char.IsWhiteSpace(text[next])) return false;
        while (next < end && char.IsWhiteSpace(text[next])) next++;
        // "1. First" numbers an item, it says nothing by itself.
        return next < end && !char.IsLower(text[next]) && !(text[i] == '.' && i > 0 && char.IsAsciiDigit(text[i - 1]) && (i < 2 || !char.IsLetterOrDigit(text[i - 2])));
    }

    private static void Add(string text, int start, int end, (int Start, int Length) heading, List<Sentence> found)
    {
        var (from, length) = Trim(text, start, end);
        if (length > LengthLimit)
        {
            var cut = text.AsSpan(from, LengthLimit).LastIndexOf(' ');
            length = cut > LengthLimit / 2 ? cut : char.IsHighSurrogate(text[from + LengthLimit - 1]) ? LengthLimit - 1 : LengthLimit;
        }
        if (length > 0) found.Add(new Sentence(from, length, heading.Start, heading.Length, false));
    }

    /// <summary>Leaves out white space at both ends and the Markdown marks that open a line.</summary>
    private static (int Start, int Length) Trim(string text, int start, int end)
    {
        while (start < end && char.IsWhiteSpace(text[start])) start++;
        while (start < end && text[start] is '#' or '>' or '|' or '-' or '*' or '+' && (start + 1 >= end || text[start + 1] is ' ' or '#' or '|' or '-')) start++;
        while (start < end && char.IsWhiteSpace(text[start])) start++;
        while (end > start && (char.IsWhiteSpace(text[end - 1]) || text[end - 1] == '|')) end--;
        return (start, end - start);
    }
}
