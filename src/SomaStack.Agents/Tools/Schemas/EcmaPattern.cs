using System.Text;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Regular expressions as JSON Schema has them (ECMA-262 with the flag u) as ones of the runtime: there <c>\d</c> and <c>\w</c> mean ASCII,
/// <c>$</c> is the end of the text alone, and properties of characters have longer names.
/// </summary>
internal static class EcmaPattern
{
    private static readonly Dictionary<string, string> Categories = new(StringComparer.Ordinal)
    {
        ["Letter"] = "L", ["L"] = "L", ["Alphabetic"] = "L", ["Lu"] = "Lu", ["Uppercase_Letter"] = "Lu", ["Ll"] = "Ll", ["Lowercase_Letter"] = "Ll", ["Number"] = "N", ["N"] = "N",
        ["Nd"] = "Nd", ["Decimal_Number"] = "Nd", ["digit"] = "Nd", ["Punctuation"] = "P", ["P"] = "P", ["Symbol"] = "S", ["S"] = "S", ["Separator"] = "Z", ["Z"] = "Z", ["Mark"] = "M", ["M"] = "M",
    };

    /// <exception cref="ArgumentException">It holds what has no counterpart.</exception>
    public static string ToRuntime(string pattern)
    {
        var text = new StringBuilder(pattern.Length + 8);
        var inClass = false;
        for (var i = 0; i < pattern.Length; i++)
        {
            var c = pattern[i];
            if (c == '\\' && i + 1 < pattern.Length) i = Escape(pattern, i, inClass, text);
            else if (c == '$' && !inClass) text.Append(@"\z");
            else if (c == '[' && inClass) text.Append("\\[");
            else
            {
                if (c == '[') inClass = true;
                else if (c == ']') inClass = false;
                text.Append(c);
            }
        }
        return text.ToString();
    }

    /// <returns>The place of the escape's last character.</returns>
    private static int Escape(string pattern, int at, bool inClass, StringBuilder text)
    {
        var c = pattern[at + 1];
        switch (c)
        {
            case 'd': text.Append(inClass ? "0-9" : "[0-9]"); return at + 1;
            case 'w': text.Append(inClass ? "A-Za-z0-9_" : "[A-Za-z0-9_]"); return at + 1;
            case 'D' when !inClass: text.Append("[^0-9]"); return at + 1;
            case 'W' when !inClass: text.Append("[^A-Za-z0-9_]"); return at + 1;
            case 's': text.Append(inClass ? @"\s\uFEFF" : @"[\s\uFEFF]"); return at + 1;
            case 'S' when !inClass: text.Append(@"[^\s\uFEFF]"); return at + 1;
            case 'c' when at + 2 < pattern.Length && char.IsAsciiLetter(pattern[at + 2]):
                text.Append("\\x").Append(((int)pattern[at + 2] % 32).ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
                return at + 2;
            case '/' or '-' : text.Append('\\').Append(c); return at + 1;
            case 'p' or 'P' when at + 2 < pattern.Length && pattern[at + 2] == '{' && pattern.IndexOf('}', at) is > 0 and var end:
                var name = pattern[(at + 3)..end];
                name = name.StartsWith("General_Category=", StringComparison.Ordinal) ? name[17..] : name.StartsWith("gc=", StringComparison.Ordinal) ? name[3..] : name;
                text.Append('\\').Append(c).Append('{').Append(Categories.TryGetValue(name, out var category) ? category : throw new ArgumentException("The property is not known.", nameof(pattern))).Append('}');
                return end;
            default: text.Append('\\').Append(c); return at + 1;
        }
    }
}
