using System.Collections.Frozen;

namespace SomaStack.Intelligence.Memory;

/// <summary>Numbers in digits and in English words: 1,200, twenty-five, two dozen, half a dozen, a couple of, 1.5 million, 20k.</summary>
internal static class NumberWords
{
    private static readonly FrozenDictionary<string, int> Small = new Dictionary<string, int>(StringComparer.Ordinal)
    {
        ["zero"] = 0, ["one"] = 1, ["two"] = 2, ["three"] = 3, ["four"] = 4, ["five"] = 5, ["six"] = 6, ["seven"] = 7, ["eight"] = 8, ["nine"] = 9, ["ten"] = 10,
        ["eleven"] = 11, ["twelve"] = 12, ["thirteen"] = 13, ["fourteen"] = 14, ["fifteen"] = 15, ["sixteen"] = 16, ["seventeen"] = 17, ["eighteen"] = 18, ["nineteen"] = 19,
        ["twenty"] = 20, ["thirty"] = 30, ["forty"] = 40, ["fifty"] = 50, ["sixty"] = 60, ["seventy"] = 70, ["eighty"] = 80, ["ninety"] = 90,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, double> Scales = new Dictionary<string, double>(StringComparer.Ordinal)
    {
        ["hundred"] = 1e2, ["thousand"] = 1e3, ["million"] = 1e6, ["billion"] = 1e9, ["dozen"] = 12, ["k"] = 1e3,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The number at <paramref name="i"/> and where it ends; null when there is none. <c>a</c> alone is none.</summary>
    public static (double Value, int Next)? At(LexedText text, int i)
    {
        var first = text[i];
        if (first.IsNumber) return first.Ordinal || first.Value >= 1e18 ? null : Scaled(text, first.Value, i + 1);
        if (!first.IsWord) return null;
        if (first.Text == "half" && text.Is(i + 1, "a") && text.Is(i + 2, "dozen")) return (6, i + 3);
        if (first.Text is "a" or "an")
        {
            if (text.Is(i + 1, "couple")) return (2, text.Is(i + 2, "of") ? i + 3 : i + 2);
            return Scales.ContainsKey(text[i + 1].Text) && text[i + 1].Text != "k" ? Scaled(text, 1, i + 1) : null;
        }
        if (!Small.TryGetValue(first.Text, out var value)) return null;
        var next = i + 1;
        if (value >= 20)
        {
            var unit = text.Is(next, "-") && text[next].Joined ? next + 1 : next;
            if (Small.TryGetValue(text[unit].Text, out var ones) && ones is > 0 and < 10) (value, next) = (value + ones, unit + 1);
        }
        return Scaled(text, value, next);
    }

    /// <summary>Up to three scales follow (two hundred thousand), then perhaps more (and fifty).</summary>
    private static (double Value, int Next) Scaled(LexedText text, double value, int next)
    {
        if (text.Is(next, "and") && text.Is(next + 1, "a") && text.Is(next + 2, "half")) return (value + 0.5, next + 3);
        for (var steps = 0; steps < 3 && Scales.TryGetValue(text[next].Text, out var scale) && (text[next].Text != "k" || text[next].Joined); steps++)
        {
            value *= scale;
            next++;
            var rest = text.Is(next, "and") ? next + 1 : next;
            if (scale is 100 && Small.TryGetValue(text[rest].Text, out var more))
            {
                next = rest + 1;
                if (more >= 20 && text.Is(next, "-") && Small.TryGetValue(text[next + 1].Text, out var ones) && ones is > 0 and < 10) (more, next) = (more + ones, next + 2);
                value += more;
            }
        }
        return (value, next);
    }
}
