using System.Text.RegularExpressions;

namespace SomaStack.Agents.Voice;

/// <summary>
/// What of a sentence is read aloud: numbers of citations and marks of Markdown are for the eye, an address is told by its host, code is left to
/// the screen. For one answer, sentence by sentence.
/// </summary>
internal sealed partial class Readable
{
    private bool _inCode;

    /// <returns>Null when nothing of it is read.</returns>
    public string? Of(string sentence)
    {
        if (sentence.StartsWith("```", StringComparison.Ordinal))
        {
            // A fence that opens and closes on its own line leaves things as they were.
            if (sentence.IndexOf("```", 3, StringComparison.Ordinal) < 0) _inCode = !_inCode;
            return null;
        }
        if (_inCode) return null;
        var text = Link().Replace(sentence, "$1");
        text = Address().Replace(text, static match => Uri.TryCreate(match.Value, UriKind.Absolute, out var address) ? address.Host : "");
        text = Citation().Replace(text, "");
        text = LineMark().Replace(text, "");
        text = Emphasis().Replace(text, "");
        text = Blanks().Replace(text, " ").Trim();
        return text.Any(char.IsLetterOrDigit) ? text : null;
    }

    [GeneratedRegex(@"\[([^\]]+)\]\([^)\s]+\)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Link();

    [GeneratedRegex(@"https?://[^\s)>\]]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Address();

    [GeneratedRegex(@"\s*\[\d{1,3}(?:\s*,\s*\d{1,3})*\]", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Citation();

    /// <summary>Headings, quotes, bullets and rules of tables.</summary>
    [GeneratedRegex(@"^\s*(?:#{1,6}\s+|>\s?|[-*+]\s+|\|)+|\|", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex LineMark();

    [GeneratedRegex(@"\*{1,3}|_{2,3}|`+|~~", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Emphasis();

    [GeneratedRegex(@"[\s\p{Cc}]+", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Blanks();
}
