using System.Buffers;
using System.Text;

namespace SomaStack.Governance.Policy;

/// <summary>One way to read a text. A place in it is a place in the original, but for decoded text, which stands for its whole run.</summary>
/// <param name="Run">Where the decoded run stands in the original; null when places are the same.</param>
internal sealed record Reading(string Text, (int Start, int End)? Run = null, string? Coding = null)
{
    private Folded? _folded;

    public Folded Folded => _folded ??= new Folded(Text);

    public (int Start, int End) Place(int start, int end) => Run ?? (start, end);
}

/// <summary>
/// The ways in which a text may be meant: as it stands, with digits and signs read as the letters they resemble (m4lw@re), and what its
/// runs of base64, hexadecimal, percent signs or Unicode tags decode to. Decoded once, never what was decoded, and no more letters than
/// the text itself has: the work is linear.
/// </summary>
internal static class Readings
{
    /// <summary>A shorter run is a word or a number far more often than a message.</summary>
    public const int CodedMin = 16;

    /// <summary>Runs of one text; what is beyond is not decoded.</summary>
    public const int RunsMax = 64;

    private const int TagFirst = 0xE0000, TagLast = 0xE007F;

    private static readonly SearchValues<char> LikeLetters = SearchValues.Create("0134578@$!|");
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static List<Reading> Of(string text)
    {
        var readings = new List<Reading> { new(text) };
        if (Letters(text, 'i') is { } letters) readings.Add(new Reading(letters));
        // A one is an l as often as an i: the second reading is needed only where there is one.
        if (readings.Count > 1 && text.AsSpan().ContainsAny('1', '!', '|') && Letters(text, 'l') is { } others) readings.Add(new Reading(others));
        Decode(text, readings);
        return readings;
    }

    /// <summary>Digits and signs as letters, in words that have letters too; null when nothing changes. As long as the text.</summary>
    internal static string? Letters(string text, char one)
    {
        if (!text.AsSpan().ContainsAny(LikeLetters)) return null;
        char[]? changed = null;
        for (var at = 0; at < text.Length;)
        {
            if (!IsLike(text[at])) { at++; continue; }
            var from = at;
            while (at < text.Length && IsLike(text[at])) at++;
            // A mark at the end of a word ends a sentence.
            var end = at;
            while (end > from && text[end - 1] is '!' or '|') end--;
            var letters = 0;
            var likes = 0;
            for (var i = from; i < end; i++)
                if (char.IsAsciiLetter(text[i])) letters++;
                else likes++;
            if (letters < 2 || likes == 0) continue;
            changed ??= text.ToCharArray();
            for (var i = from; i < end; i++) changed[i] = Letter(text[i], one);
        }
        return changed is null ? null : new string(changed);
    }

    private static bool IsLike(char c) => char.IsAsciiLetter(c) || LikeLetters.Contains(c);

    private static char Letter(char c, char one) => c switch
    {
        '0' => 'o', '1' or '!' or '|' => one, '3' => 'e', '4' or '@' => 'a', '5' or '$' => 's', '7' => 't', '8' => 'b',
        _ => c,
    };

    private static void Decode(string text, List<Reading> into)
    {
        var runs = 0;
        for (var at = 0; at < text.Length && runs < RunsMax;)
        {
            var c = text[at];
            if (!IsCoded(c) && !IsTagLead(c)) { at++; continue; }
            var from = at;
            if (IsTagLead(c))
            {
                while (at + 1 < text.Length && IsTag(text, at)) at += 2;
                if (at == from) { at++; continue; }
                runs++;
                Add(into, Tags(text, from, at), from, at, "tags");
                continue;
            }
            var percents = 0;
            while (at < text.Length && IsCoded(text[at]))
                if (text[at++] == '%') percents++;
            if (at - from < CodedMin && percents < 3) continue;
            runs++;
            var run = text.AsSpan(from, at - from);
            if (percents >= 3) Add(into, Percent(run), from, at, "percent");
            else if (Hex(run) is { } hex) Add(into, hex, from, at, "hex");
            else if (Base64(run) is { } plain) Add(into, plain, from, at, "base64");
        }
    }

    private static void Add(List<Reading> into, string? text, int start, int end, string coding)
    {
        if (text is not null) into.Add(new Reading(text, (start, end), coding));
    }

    /// <summary>Letters of all three codings, and of base64url.</summary>
    private static bool IsCoded(char c) => char.IsAsciiLetterOrDigit(c) || c is '+' or '/' or '=' or '-' or '_' or '%' or '.' or '~';

    private static bool IsTagLead(char c) => c == '\uDB40';

    private static bool IsTag(string text, int at) => IsTagLead(text[at]) && char.IsLowSurrogate(text[at + 1]) && char.ConvertToUtf32(text[at], text[at + 1]) is >= TagFirst and <= TagLast;

    /// <summary>Tag characters repeat ASCII where nobody sees it.</summary>
    private static string? Tags(string text, int from, int to)
    {
        var plain = new StringBuilder((to - from) / 2);
        for (var i = from; i < to; i += 2)
            if (char.ConvertToUtf32(text[i], text[i + 1]) - TagFirst is >= 0x20 and < 0x7F and var letter) plain.Append((char)letter);
        return plain.Length > 3 ? plain.ToString() : null;
    }

    private static string? Percent(ReadOnlySpan<char> run)
    {
        var bytes = new byte[run.Length];
        var length = 0;
        for (var i = 0; i < run.Length; i++)
        {
            if (run[i] == '%' && i + 2 < run.Length && char.IsAsciiHexDigit(run[i + 1]) && char.IsAsciiHexDigit(run[i + 2]))
            {
                bytes[length++] = (byte)(HexValue(run[i + 1]) << 4 | HexValue(run[i + 2]));
                i += 2;
            }
            else bytes[length++] = run[i] == '+' ? (byte)' ' : (byte)run[i];
        }
        return Plain(bytes.AsSpan(0, length));
    }

    private static string? Hex(ReadOnlySpan<char> run)
    {
        if (run.StartsWith("0x")) run = run[2..];
        if ((run.Length & 1) == 1) return null;
        foreach (var c in run)
            if (!char.IsAsciiHexDigit(c)) return null;
        return Plain(Convert.FromHexString(run));
    }

    /// <summary>Both alphabets, with and without padding; a mark that belongs to neither ends the run.</summary>
    private static string? Base64(ReadOnlySpan<char> run)
    {
        run = run.Trim(".~");
        var end = run.IndexOf('=');
        if (end >= 0) run = run[..end];
        if (run.Length < CodedMin || run.ContainsAny('.', '~', '%') || run.Length % 4 == 1) return null;
        var padded = new char[(run.Length + 3) / 4 * 4];
        for (var i = 0; i < padded.Length; i++) padded[i] = i >= run.Length ? '=' : run[i] switch { '-' => '+', '_' => '/', var c => c };
        var bytes = new byte[padded.Length / 4 * 3];
        return Convert.TryFromBase64Chars(padded, bytes, out var length) ? Plain(bytes.AsSpan(0, length)) : null;
    }

    /// <summary>Only what is text: valid UTF-8 without control characters, mostly letters and blanks.</summary>
    private static string? Plain(ReadOnlySpan<byte> bytes)
    {
        string text;
        try
        {
            text = Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
        var words = 0;
        foreach (var c in text)
        {
            if (char.IsControl(c) && c is not ('\n' or '\r' or '\t')) return null;
            if (char.IsLetter(c) || c == ' ') words++;
        }
        return text.Length >= 6 && words * 10 >= text.Length * 7 ? text : null;
    }

    private static int HexValue(char c) => char.IsAsciiDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
}
