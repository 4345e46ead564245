using System.Buffers;
using System.Globalization;
using System.Text;

namespace SomaStack.Governance.Policy;

/// <summary>A word of a text: where its folded letters are, and where it stands in the original.</summary>
internal readonly record struct Word(int From, int Length, int Start, int End);

/// <summary>
/// Text as rules see it: compatibility forms and case folded, accents and invisible characters removed, letters that look like
/// Latin ones replaced by them, everything else between words one space. Context-free and linear. The table is derived from the
/// Unicode Character Database (folding/make-folding.py); the runtime's own normalisation is off in invariant mode.
/// </summary>
internal static class TextFold
{
    private const string Resource = "SomaStack.Governance.Policy.folding.txt";

    private static readonly Lazy<Dictionary<int, string>> Table = new(LoadTable);

    /// <summary>Words in folded form, one space between them.</summary>
    public static string Fold(string text)
    {
        var folded = new Folded(text);
        return string.Join(' ', folded.Words.Select(word => folded.Text(word).ToString()));
    }

    /// <summary>What a code point beyond ASCII becomes; null when it stays.</summary>
    internal static string? Replacement(int codePoint) => Table.Value.GetValueOrDefault(codePoint);

    private static Dictionary<int, string> LoadTable()
    {
        using var stream = typeof(TextFold).Assembly.GetManifestResourceStream(Resource) ?? throw new InvalidOperationException($"The resource {Resource} is missing.");
        using var reader = new StreamReader(stream);
        var table = new Dictionary<int, string>(9000);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length == 0 || line[0] == '#') continue;
            var split = line.IndexOf(';');
            var dash = line.IndexOf('-', 0, split);
            var first = Hex(line.AsSpan(0, dash < 0 ? split : dash));
            var last = dash < 0 ? first : Hex(line.AsSpan(dash + 1, split - dash - 1));
            var target = line.AsSpan(split + 1);
            if (target.Length > 0 && target[0] == '+')
            {
                var offset = Hex(target[1..]) - first;
                for (var c = first; c <= last; c++) table[c] = char.ConvertFromUtf32(c + offset);
            }
            else
            {
                var text = new StringBuilder();
                foreach (var part in target.Split(' '))
                    if (target[part].Length > 0) text.Append(char.ConvertFromUtf32(Hex(target[part])));
                for (var c = first; c <= last; c++) table[c] = text.ToString();
            }
        }
        return table;
    }

    private static int Hex(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}

/// <summary>A text cut into folded words.</summary>
internal sealed class Folded
{
    private readonly ArrayBufferWriter<char> _letters;
    private int _wordFrom;
    private int _wordStart;

    public Folded(string text)
    {
        _letters = new ArrayBufferWriter<char>(Math.Max(16, text.Length));
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsAscii(c))
            {
                if (char.IsAsciiLetterOrDigit(c)) Letter((char)(char.IsAsciiLetterUpper(c) ? c | 0x20 : c), i);
                else EndWord(i);
                continue;
            }
            // Half a surrogate pair is no letter.
            if (Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var used) == OperationStatus.Done) Beyond(rune, i, i + used);
            else EndWord(i);
            i += used - 1;
        }
        EndWord(text.Length);
    }

    public List<Word> Words { get; } = [];

    public ReadOnlySpan<char> Text(Word word) => _letters.WrittenSpan.Slice(word.From, word.Length);

    private void Beyond(Rune rune, int start, int end)
    {
        if (TextFold.Replacement(rune.Value) is { } replacement)
        {
            foreach (var part in replacement.EnumerateRunes()) Add(part, start, end);
        }
        else Add(rune, start, end);
    }

    private void Add(Rune rune, int start, int end)
    {
        if (!Rune.IsLetterOrDigit(rune) && Rune.GetUnicodeCategory(rune) is not UnicodeCategory.SpacingCombiningMark)
        {
            EndWord(start);
            return;
        }
        // Scripts without spaces: each sign is a word, so that a phrase is found wherever it stands.
        var alone = IsUnspaced(rune.Value);
        if (alone) EndWord(start);
        Span<char> units = stackalloc char[2];
        var length = rune.EncodeToUtf16(units);
        for (var i = 0; i < length; i++) Letter(units[i], start);
        if (alone) EndWord(end);
    }

    private void Letter(char letter, int start)
    {
        if (_letters.WrittenCount == _wordFrom) _wordStart = start;
        _letters.GetSpan(1)[0] = letter;
        _letters.Advance(1);
    }

    private void EndWord(int end)
    {
        var length = _letters.WrittenCount - _wordFrom;
        if (length == 0) return;
        Words.Add(new Word(_wordFrom, length, _wordStart, end));
        _wordFrom = _letters.WrittenCount;
    }

    private static bool IsUnspaced(int c) => c is >= 0x0E00 and <= 0x0EFF or >= 0x3040 and <= 0x30FF or >= 0x3400 and <= 0x9FFF or >= 0x20000 and <= 0x3FFFF;
}
