using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace SomaStack.Agents.Capsules.Contracts;

internal static class CapsuleTypes
{
    public static IReadOnlyList<string> All { get; } = ["text", "string", "integer", "number", "boolean", "list", "object"];

    public static bool Fits(JsonElement value, string type) => type switch
    {
        "text" or "string" => value.ValueKind == JsonValueKind.String,
        "integer" => value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && number == Math.Floor(number) && Math.Abs(number) <= 9_007_199_254_740_992,
        "number" => value.ValueKind == JsonValueKind.Number,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "list" => value.ValueKind == JsonValueKind.Array,
        "object" => value.ValueKind == JsonValueKind.Object,
        _ => false,
    };
}

/// <summary>Lengths of time as people write them: <c>500ms</c>, <c>90s</c>, <c>15m</c>, <c>2h30m</c>, <c>7d</c>.</summary>
internal static class CapsuleTimes
{
    /// <summary>No wait is longer than a year.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(366);

    private static readonly SearchValues<char> Figures = SearchValues.Create("0123456789.");

    public static bool TryParse(string text, out TimeSpan span)
    {
        span = default;
        var rest = text.AsSpan().Trim();
        if (rest.IsEmpty) return false;
        var total = 0m;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(Figures);
            if (digits <= 0 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) || number > 1_000_000_000) return false;
            rest = rest[digits..];
            var letters = rest.IndexOfAny(Figures);
            var unit = letters < 0 ? rest : rest[..letters];
            var millis = unit switch { "ms" => 1m, "s" => 1000m, "m" => 60_000m, "h" => 3_600_000m, "d" => 86_400_000m, _ => 0m };
            if (millis == 0) return false;
            total += number * millis;
            rest = rest[unit.Length..];
        }
        if (total > (decimal)Longest.TotalMilliseconds) return false;
        span = TimeSpan.FromMicroseconds((long)(total * 1000));
        return true;
    }
}
