using System.Text;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>Makes what others wrote fit into a notification; pure.</summary>
internal static class RuleText
{
    /// <summary>On one line, without control characters, never empty.</summary>
    public static string Line(string text, int most)
    {
        var line = Clean(text, keepBreaks: false).Trim();
        return line.Length == 0 ? "(no title)" : Cut(line, most);
    }

    public static string Body(string text) => Cut(Clean(text, keepBreaks: true), DraftRules.BodyMax);

    /// <summary>A key of any parts; one that would be too long, or hold a break, is its digest.</summary>
    public static string Key(params ReadOnlySpan<string> parts)
    {
        var text = string.Join('/', parts);
        return DraftRules.IsLine(text, 1, DraftRules.KeyMax) ? text : $"{parts[0]}/{Ids.Derive(text)}";
    }

    /// <summary>Between characters: half a surrogate pair is no text.</summary>
    public static string Cut(string text, int most)
    {
        if (text.Length <= most) return text;
        var end = most - 1;
        if (char.IsHighSurrogate(text[end - 1])) end--;
        return string.Concat(text.AsSpan(0, end), "…");
    }

    private static string Clean(string text, bool keepBreaks)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var c in text.ReplaceLineEndings("\n")) clean.Append(IsKept(c, keepBreaks) ? c : ' ');
        return clean.ToString();
    }

    private static bool IsKept(char c, bool keepBreaks) => c is '\n' or '\t' ? keepBreaks : !char.IsControl(c) && c is not ('\u2028' or '\u2029');
}
