using System.Globalization;
using System.Text;

namespace SomaStack.Bench;

/// <summary>Fills the slots of a capsule's templates. The same seed gives the same words in the same order.</summary>
internal sealed class CapsuleWords(CapsuleFile capsule, Random random)
{
    private const int SameBeginning = 5;
    private const int Months = 48;
    private static readonly string[] Syllables = ["zor", "vel", "qui", "mab", "tru", "nok", "xil", "dra", "pel", "gwy", "fen", "ob", "stra", "kri", "lum", "hax"];
    private static readonly DateTimeOffset FirstMonth = new(2021, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly HashSet<string> _invented = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<int>> _months = new(StringComparer.Ordinal);
    private int _codes;

    /// <summary>Draws a value for every slot of the templates; <c>person</c> is given.</summary>
    public Dictionary<string, CapsuleFile.Value> Draw(string person, params IEnumerable<string> templates)
    {
        var slots = new Dictionary<string, CapsuleFile.Value>(StringComparer.Ordinal) { ["person"] = new(person, person) };
        foreach (var template in templates)
            foreach (var name in Names(template))
                if (!slots.ContainsKey(name)) slots[name] = One(name, person);
        return slots;
    }

    /// <exception cref="InvalidDataException">A slot has no value.</exception>
    public static string Fill(string template, IReadOnlyDictionary<string, CapsuleFile.Value> slots)
    {
        var text = new StringBuilder(template);
        foreach (var (name, value) in slots) text.Replace("{" + name + "}", value.Said).Replace("{" + name + ".asked}", value.Asked);
        var filled = text.ToString();
        return filled.Contains('{', StringComparison.Ordinal) ? throw new InvalidDataException($"'{template}' has a slot that its fact does not fill.") : filled;
    }

    /// <summary>The names between braces, without <c>.asked</c>.</summary>
    public static IEnumerable<string> Names(string template)
    {
        for (var open = template.IndexOf('{', StringComparison.Ordinal); open >= 0; open = template.IndexOf('{', open + 1))
        {
            var name = template[(open + 1)..template.IndexOf('}', open)];
            yield return name.EndsWith(".asked", StringComparison.Ordinal) ? name[..^6] : name;
        }
    }

    /// <summary>The middle of a month that <see cref="Draw"/> gave.</summary>
    public static DateTimeOffset Middle(CapsuleFile.Value month) =>
        DateTimeOffset.ParseExact(month.Said, "MMMM yyyy", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).AddDays(14);

    private CapsuleFile.Value One(string name, string person)
    {
        if (capsule.Values.TryGetValue(name, out var values)) return values[random.Next(values.Count)];
        var text = name switch
        {
            "code" => Code(),
            "rare" => Rare(),
            "number" => random.Next(1_000_000, 10_000_000).ToString(CultureInfo.InvariantCulture),
            "month" => Month(person),
            "other" => Other(person),
            _ => throw new InvalidDataException($"No values are given for '{{{name}}}'."),
        };
        return new CapsuleFile.Value(text, text);
    }

    /// <summary>Five in a row differ only in their last two characters.</summary>
    private string Code()
    {
        var (number, end) = (_codes / SameBeginning, _codes % SameBeginning);
        _codes++;
        return string.Create(CultureInfo.InvariantCulture, $"{(char)('A' + number % 26)}{(char)('A' + number / 26 % 26)}-{1000 + number * 7919 % 9000}-{end}{(char)('a' + (number + end * 3) % 26)}");
    }

    private string Rare()
    {
        while (true)
        {
            var word = string.Concat(Enumerable.Range(0, 4).Select(_ => Syllables[random.Next(Syllables.Length)]));
            if (_invented.Add(word)) return word;
        }
    }

    private string Month(string person)
    {
        if (!_months.TryGetValue(person, out var left)) _months[person] = left = [.. Enumerable.Range(0, Months)];
        if (left.Count == 0) left.AddRange(Enumerable.Range(0, Months));
        var at = random.Next(left.Count);
        var month = left[at];
        left.RemoveAt(at);
        return FirstMonth.AddMonths(month).ToString("MMMM yyyy", CultureInfo.InvariantCulture);
    }

    private string Other(string person)
    {
        var at = random.Next(capsule.People.Count - 1);
        return capsule.People[at] == person ? capsule.People[^1] : capsule.People[at];
    }
}
