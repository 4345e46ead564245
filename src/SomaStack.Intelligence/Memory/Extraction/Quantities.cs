using System.Collections.Frozen;

namespace SomaStack.Intelligence.Memory;

internal enum Dimension { Count, Money, Mass, Length, Volume, Duration, Percent, Temperature, Speed }

/// <summary>A number with its unit.</summary>
/// <param name="Value">In <paramref name="Unit"/>.</param>
/// <param name="Unit">kg, m, l, s (up to weeks), month (months and years), %, °C, m/s, an ISO 4217 code, or the counted noun in the singular.</param>
internal sealed record QuantityMention(double Value, string Unit, Dimension Dimension, Extent Extent);

/// <summary>Amounts in digits and words, in units of the International System where one exists.</summary>
internal static class Quantities
{
    private readonly record struct Measure(Dimension Dimension, string Unit, double Factor, double Offset = 0);

    // Exact by definition: inch 0.0254 m, pound 0.45359237 kg (international yard and pound agreement, 1959); US gallon 231 cubic inches.
    private static readonly FrozenDictionary<string, Measure> Units = Build(
        ("kg kilo kilos kilogram kilograms", new(Dimension.Mass, "kg", 1)), ("g gram grams", new(Dimension.Mass, "kg", 0.001)), ("mg milligram milligrams", new(Dimension.Mass, "kg", 1e-6)),
        ("lb lbs pound pounds", new(Dimension.Mass, "kg", 0.45359237)), ("oz ounce ounces", new(Dimension.Mass, "kg", 0.028349523125)), ("ton tons tonne tonnes", new(Dimension.Mass, "kg", 1000)),
        ("m meter meters metre metres", new(Dimension.Length, "m", 1)), ("km kilometer kilometers kilometre kilometres", new(Dimension.Length, "m", 1000)), ("cm centimeter centimeters centimetre centimetres", new(Dimension.Length, "m", 0.01)),
        ("mm millimeter millimeters millimetre millimetres", new(Dimension.Length, "m", 0.001)), ("mile miles", new(Dimension.Length, "m", 1609.344)), ("ft foot feet", new(Dimension.Length, "m", 0.3048)),
        ("inch inches", new(Dimension.Length, "m", 0.0254)), ("yard yards", new(Dimension.Length, "m", 0.9144)),
        ("l liter liters litre litres", new(Dimension.Volume, "l", 1)), ("ml milliliter milliliters millilitre millilitres", new(Dimension.Volume, "l", 0.001)), ("gallon gallons", new(Dimension.Volume, "l", 3.785411784)),
        ("second seconds sec secs", new(Dimension.Duration, "s", 1)), ("minute minutes min mins", new(Dimension.Duration, "s", 60)), ("hour hours hr hrs", new(Dimension.Duration, "s", 3600)),
        ("day days", new(Dimension.Duration, "s", 86_400)), ("week weeks", new(Dimension.Duration, "s", 604_800)), ("month months", new(Dimension.Duration, "month", 1)), ("year years", new(Dimension.Duration, "month", 12)),
        ("percent %", new(Dimension.Percent, "%", 1)), ("mph", new(Dimension.Speed, "m/s", 0.44704)), ("kmh kph", new(Dimension.Speed, "m/s", 1 / 3.6)),
        ("dollar dollars bucks usd", new(Dimension.Money, "USD", 1)), ("euro euros eur", new(Dimension.Money, "EUR", 1)), ("gbp", new(Dimension.Money, "GBP", 1)), ("yen jpy", new(Dimension.Money, "JPY", 1)),
        ("rupee rupees inr", new(Dimension.Money, "INR", 1)), ("kroner nok", new(Dimension.Money, "NOK", 1)), ("franc francs chf", new(Dimension.Money, "CHF", 1)), ("cent cents", new(Dimension.Money, "USD", 0.01)));

    private static readonly FrozenDictionary<string, string> Signs = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["$"] = "USD", ["\u20AC"] = "EUR", ["\u00A3"] = "GBP", ["\u00A5"] = "JPY", ["\u20B9"] = "INR",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Behind a number these count nothing.</summary>
    private static readonly FrozenSet<string> NoNouns = ("and or but of to in on at for from with by as is are was were be been am pm a.m. p.m. o'clock the a an i you he she it we they this that which who than then so if when because " +
        "'s 'm 're 've 'll 'd n't not more less times ago later away old up down out off over under today now there here have has had do does did will would can could may might must said went also too st nd rd th").Split(' ').ToFrozenSet(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, string> Irregular = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["children"] = "child", ["people"] = "person", ["men"] = "man", ["women"] = "woman", ["mice"] = "mouse", ["feet"] = "foot", ["teeth"] = "tooth", ["geese"] = "goose", ["lives"] = "life", ["wives"] = "wife", ["knives"] = "knife",
        ["series"] = "series", ["species"] = "species", ["sheep"] = "sheep", ["fish"] = "fish", ["movies"] = "movie", ["cookies"] = "cookie", ["shoes"] = "shoe", ["heroes"] = "hero", ["potatoes"] = "potato", ["tomatoes"] = "tomato",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static IReadOnlyList<QuantityMention> Find(string text) => Find(Lexer.Cut(text));

    public static IReadOnlyList<QuantityMention> Find(LexedText text)
    {
        var found = new List<QuantityMention>();
        for (var i = 0; i < text.Count;)
        {
            if (At(text, i) is var (mention, next))
            {
                found.Add(mention);
                i = next;
            }
            else
            {
                // A number that measures nothing is passed as a whole: the 20 of 20/5/2023 is no amount, nor is its 5.
                i = NumberWords.At(text, i) is var (_, behind) ? behind : i + 1;
            }
        }
        return found;
    }

    private static (QuantityMention Mention, int Next)? At(LexedText text, int i)
    {
        if (Signs.TryGetValue(text[i].Text, out var currency))
        {
            if (text[i + 1] is not { IsNumber: true, Ordinal: false } || NumberWords.At(text, i + 1) is not var (money, after)) return null;
            if (text[after] is { Joined: true, Text: "m" }) (money, after) = (money * 1e6, after + 1);
            return (new QuantityMention(money, currency, Dimension.Money, text.Extent(i, after)), after);
        }
        if (NumberWords.At(text, i) is not var (value, next) || IsPartOfMore(text, i, next)) return null;
        if (text[next].Text is "-" && text[next].Joined && text[next + 1].Joined) next++;
        if (text.Is(next, "\u00B0") && text[next + 1].Text is "c" or "f") return (Temperature(value, text.Is(next + 1, "f"), text.Extent(i, next + 2)), next + 2);
        if (text[next].Text is "degrees" && text[next + 1].Text is "celsius" or "fahrenheit") return (Temperature(value, text.Is(next + 1, "fahrenheit"), text.Extent(i, next + 2)), next + 2);
        if (text.Is(next, "km") && text.Is(next + 1, "/") && text.Is(next + 2, "h")) return (new QuantityMention(value / 3.6, "m/s", Dimension.Speed, text.Extent(i, next + 3)), next + 3);
        if (Units.TryGetValue(text[next].Text, out var measure) && (text[next].Text.Length > 1 || text[i].IsNumber))
            return (new QuantityMention(value * measure.Factor + measure.Offset, measure.Unit, measure.Dimension, text.Extent(i, next + 1)), next + 1);
        return Counted(text, i, next) is { } noun && value == Math.Floor(value) && value < 1e9
            ? (new QuantityMention(value, Singular(text[noun].Text), Dimension.Count, text.Extent(i, noun + 1)), noun + 1)
            : null;
    }

    /// <summary>Of a date, a clock time or a version; years before a month name are left out by what follows them.</summary>
    private static bool IsPartOfMore(LexedText text, int i, int next) =>
        text[i - 1] is { Kind: LexemeKind.Mark, Text: "/" or "." or ":" or "-" } && text[i].Joined || text[next] is { Joined: true, Text: "/" or ":" or "." } && text[next + 1] is { Joined: true, IsNumber: true }
        || text[i - 1].Capital && TimeWords.Month(text[i - 1], orShort: true) is not null || TimeWords.Month(text[next], orShort: true) is not null;

    private static QuantityMention Temperature(double value, bool fahrenheit, Extent extent) => new(fahrenheit ? (value - 32) / 1.8 : value, "\u00B0C", Dimension.Temperature, extent);

    /// <summary>The counted noun: the next word, or the one behind one adjective when that is a plural.</summary>
    private static int? Counted(LexedText text, int i, int next)
    {
        var word = text[next];
        if (!word.IsWord || word.Capital || NoNouns.Contains(word.Text) || text[next].Joined && text[i].IsNumber) return null;
        if (IsPlural(word.Text)) return next;
        var second = text[next + 1];
        if (second.IsWord && !second.Capital && IsPlural(second.Text) && !NoNouns.Contains(second.Text)) return next + 1;
        return text[i].Text is "one" ? next : null;
    }

    private static bool IsPlural(string word) => Irregular.ContainsKey(word)
        || word.Length > 2 && word.EndsWith('s') && !word.EndsWith("ss", StringComparison.Ordinal) && !word.EndsWith("us", StringComparison.Ordinal) && !word.EndsWith("is", StringComparison.Ordinal);

    internal static string Singular(string word)
    {
        if (Irregular.TryGetValue(word, out var single)) return single;
        if (!IsPlural(word)) return word;
        if (word.Length > 4 && word.EndsWith("ies", StringComparison.Ordinal)) return word[..^3] + "y";
        if (word.EndsWith("sses", StringComparison.Ordinal) || word.EndsWith("shes", StringComparison.Ordinal) || word.EndsWith("ches", StringComparison.Ordinal) || word.EndsWith("xes", StringComparison.Ordinal)) return word[..^2];
        return word[..^1];
    }

    private static FrozenDictionary<string, Measure> Build(params (string Words, Measure Measure)[] entries)
    {
        var map = new Dictionary<string, Measure>(StringComparer.Ordinal);
        foreach (var (words, measure) in entries)
            foreach (var word in words.Split(' ')) map.Add(word, measure);
        return map.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
