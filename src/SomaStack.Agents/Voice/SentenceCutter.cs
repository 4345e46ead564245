using System.Text;

namespace SomaStack.Agents.Voice;

/// <summary>
/// Cuts an answer that comes in pieces into sentences, so that the first can be spoken while the last is not there yet. A sentence ends with its mark
/// and a blank, or with a line; one that is too long for a breath ends at a comma or between words.
/// </summary>
internal sealed class SentenceCutter
{
    private static readonly HashSet<string> Abbreviations = new(StringComparer.OrdinalIgnoreCase) { "dr", "mr", "mrs", "ms", "prof", "st", "e.g", "i.e", "etc", "vs", "no", "approx", "sr", "sra" };

    private readonly StringBuilder _pending = new();

    /// <returns>What is complete now.</returns>
    public IReadOnlyList<string> Add(string text)
    {
        _pending.Append(text);
        return Take(isEnd: false);
    }

    /// <returns>The rest.</returns>
    public IReadOnlyList<string> Finish() => Take(isEnd: true);

    private List<string> Take(bool isEnd)
    {
        var found = new List<string>();
        var text = _pending.ToString();
        var from = 0;
        while (EndOf(text.AsSpan(from), isEnd) is var length and > 0)
        {
            var sentence = text.AsSpan(from, length).Trim();
            if (!sentence.IsEmpty) found.Add(sentence.ToString());
            from += length;
        }
        _pending.Remove(0, from);
        return found;
    }

    private static int EndOf(ReadOnlySpan<char> text, bool isEnd)
    {
        for (var i = 0; i < text.Length && i < VoiceLimits.SentenceLengthMax; i++)
        {
            if (text[i] == '\n') return i + 1;
            // Only a blank behind it tells a full stop from the point of a number.
            if (IsMark(text[i]) && i + 1 < text.Length && char.IsWhiteSpace(text[i + 1]) && !IsAbbreviation(text[..i], text[i])) return i + 1;
        }
        if (text.Length >= VoiceLimits.SentenceLengthMax) return Breath(text[..VoiceLimits.SentenceLengthMax]);
        return isEnd ? text.Length : 0;
    }

    private static int Breath(ReadOnlySpan<char> text)
    {
        var comma = text.LastIndexOfAny(',', ';', ':');
        if (comma >= text.Length / 2) return comma + 1;
        var blank = text.LastIndexOf(' ');
        if (blank > 0) return blank + 1;
        // Not between the halves of a surrogate pair.
        return char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;
    }

    private static bool IsMark(char c) => c is '.' or '!' or '?' or '…' or '。' or '！' or '？';

    private static bool IsAbbreviation(ReadOnlySpan<char> before, char mark)
    {
        if (mark != '.') return false;
        var word = before[(before.LastIndexOfAny(' ', '\n', '(') + 1)..];
        return (word.Length == 1 && char.IsUpper(word[0])) || Abbreviations.GetAlternateLookup<ReadOnlySpan<char>>().Contains(word);
    }
}
