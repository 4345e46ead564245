using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// One part of a command line: <c>text</c>, <c>--limit={limit}</c>, <c>{path}</c>, or <c>{paths...}</c> for each item of a list. A part whose value was
/// not given is left away. A value never becomes an option: one that begins with '-' passes only behind text of the template's own, or
/// behind a part <c>--</c>.
/// </summary>
internal sealed partial record ArgumentTemplate(string Text)
{
    private const int PartBytesMax = 128 << 10;

    public IEnumerable<string> Names => Placeholder().Matches(Text).Select(static match => match.Groups[1].Value);

    public bool HasPlaceholder => Placeholder().IsMatch(Text);

    /// <summary>What is wrong with it; null when nothing is.</summary>
    public string? Fault()
    {
        var rest = Placeholder().Replace(Text, "");
        if (rest.Contains('\0', StringComparison.Ordinal)) return "holds a zero";
        if (SpreadPlaceholder().IsMatch(Text) && SpreadPlaceholder().Replace(Text, "").Length > 0) return "spreads a list beside other text; a list stands alone";
        return null;
    }

    public static IReadOnlyList<string> Fill(IReadOnlyList<ArgumentTemplate> templates, JsonElement arguments)
    {
        var parts = new List<string>();
        var optionsEnded = false;
        foreach (var template in templates)
        {
            foreach (var (part, isValue) in template.Parts(arguments))
            {
                if (isValue && !optionsEnded && part.StartsWith('-')) throw Problem.Invalid(template.Names.First(), "begins with '-', so it would be read as an option.");
                if (part.Contains('\0', StringComparison.Ordinal)) throw Problem.Invalid(template.Names.FirstOrDefault() ?? "arguments", "holds a zero.");
                if (Encoding.UTF8.GetByteCount(part) >= PartBytesMax) throw Problem.Invalid(template.Names.FirstOrDefault() ?? "arguments", "is too long for a command line; give it on standard input.");
                parts.Add(part);
            }
            optionsEnded |= template.Text == "--";
        }
        return parts;
    }

    /// <summary>Each with whether its first character came from a value.</summary>
    private IEnumerable<(string Part, bool IsValue)> Parts(JsonElement arguments)
    {
        if (SpreadPlaceholder().Match(Text) is { Success: true } spread)
        {
            if (!TryGet(arguments, spread.Groups[1].Value, out var list)) yield break;
            if (list.ValueKind != JsonValueKind.Array) throw Problem.Invalid(spread.Groups[1].Value, "is a list here.");
            foreach (var item in list.EnumerateArray()) yield return (Scalar(spread.Groups[1].Value, item), true);
            yield break;
        }
        var missing = false;
        var text = Placeholder().Replace(Text, match =>
        {
            if (TryGet(arguments, match.Groups[1].Value, out var value)) return Scalar(match.Groups[1].Value, value);
            missing = true;
            return "";
        });
        if (!missing) yield return (text, Text.StartsWith('{') && HasPlaceholder);
    }

    private static bool TryGet(JsonElement arguments, string name, out JsonElement value)
    {
        value = default;
        return arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;
    }

    private static string Scalar(string name, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw Problem.Invalid(name, "is a text, a number, true or false here."),
    };

    [GeneratedRegex(@"\{([A-Za-z_][A-Za-z0-9_]*)(?:\.\.\.)?\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\{([A-Za-z_][A-Za-z0-9_]*)\.\.\.\}")]
    private static partial Regex SpreadPlaceholder();
}
