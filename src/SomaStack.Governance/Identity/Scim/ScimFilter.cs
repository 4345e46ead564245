using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.Governance.Identity;

/// <summary>An attribute path in lower case, without its schema's name: <c>name.familyName</c> is <c>[name, familyname]</c>.</summary>
internal sealed record ScimAttribute(string Name, string? Sub)
{
    public override string ToString() => Sub is null ? Name : $"{Name}.{Sub}";
}

/// <summary>A filter of RFC 7644, 3.4.2.2. Pure: it looks at a resource in the form in which SCIM shows it.</summary>
internal abstract record ScimFilter
{
    /// <param name="of">A resource, or one element of a multi-valued attribute.</param>
    public abstract bool Matches(JsonNode? of);

    /// <summary>Every value that a path leads to: an attribute with several values has several, an absent one none.</summary>
    public static IEnumerable<JsonNode> Values(JsonNode? of, ScimAttribute path)
    {
        // Inside value filters a plain element is its own value: members[value eq "x"], or a list of texts.
        if (of is JsonValue plain) return path is { Name: "value", Sub: null } ? [plain] : [];
        if (of is not JsonObject resource) return [];
        var first = Spread(Find(resource, path.Name));
        return path.Sub is null ? first.Select(static node => node is JsonObject complex ? Find(complex, "value") ?? complex : node) : first.OfType<JsonObject>().SelectMany(one => Spread(Find(one, path.Sub)));
    }

    public static JsonNode? Find(JsonObject resource, string name)
    {
        foreach (var (key, value) in resource)
            if (string.Equals(key, name, StringComparison.OrdinalIgnoreCase)) return value;
        return null;
    }

    private static IEnumerable<JsonNode> Spread(JsonNode? node) => node switch
    {
        null => [],
        JsonArray many => many.OfType<JsonNode>(),
        _ => [node],
    };
}

internal sealed record ScimAnd(ScimFilter Left, ScimFilter Right) : ScimFilter
{
    public override bool Matches(JsonNode? of) => Left.Matches(of) && Right.Matches(of);

    public override string ToString() => $"({Left} and {Right})";
}

internal sealed record ScimOr(ScimFilter Left, ScimFilter Right) : ScimFilter
{
    public override bool Matches(JsonNode? of) => Left.Matches(of) || Right.Matches(of);

    public override string ToString() => $"({Left} or {Right})";
}

internal sealed record ScimNot(ScimFilter Inner) : ScimFilter
{
    public override bool Matches(JsonNode? of) => !Inner.Matches(of);

    public override string ToString() => $"not ({Inner})";
}

internal sealed record ScimPresent(ScimAttribute Path) : ScimFilter
{
    public override bool Matches(JsonNode? of) => Values(of, Path).Any(static value => value is not JsonValue text || text.GetValueKind() != JsonValueKind.String || text.GetValue<string>().Length > 0);

    public override string ToString() => $"{Path} pr";
}

/// <summary>Some element of a multi-valued attribute matches the whole inner filter.</summary>
internal sealed record ScimElement(ScimAttribute Path, ScimFilter Inner) : ScimFilter
{
    public override bool Matches(JsonNode? of) => of is JsonObject resource && Find(resource, Path.Name) is JsonArray many && many.Any(Inner.Matches);

    public override string ToString() => $"{Path}[{Inner}]";
}

/// <param name="Operator">eq, ne, co, sw, ew, gt, ge, lt or le.</param>
/// <param name="Value">A string, bool, double, or null.</param>
internal sealed record ScimComparison(ScimAttribute Path, string Operator, object? Value) : ScimFilter
{
    /// <summary>Ids are compared exactly, everything else without regard to case, as the schemas say.</summary>
    private static readonly string[] Exact = ["id", "externalid", "members.value", "members", "groups.value", "groups", "capabilities"];

    public override bool Matches(JsonNode? of) => Operator switch
    {
        // RFC 7644 leaves it open what ne means for several values; here it is the opposite of eq, so absent is not equal.
        "ne" => !Values(of, Path).Any(node => Holds(node, "eq")) && (Value is not null || Values(of, Path).Any()),
        "eq" when Value is null => !Values(of, Path).Any(),
        _ => Values(of, Path).Any(node => Holds(node, Operator)),
    };

    public override string ToString() => $"{Path} {Operator} {Value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        _ => JsonSerializer.Serialize((string)Value, IdentityJson.Default.String),
    }}";

    private bool Holds(JsonNode node, string how)
    {
        if (node is not JsonValue value) return false;
        return (Value, value.GetValueKind()) switch
        {
            (bool flag, JsonValueKind.True or JsonValueKind.False) => how == "eq" && value.GetValue<bool>() == flag,
            (double number, JsonValueKind.Number) => Compare(Number(value).CompareTo(number), how),
            (string text, JsonValueKind.String) => HoldsText(value.GetValue<string>(), text, how),
            _ => false,
        };
    }

    /// <summary>A number of the program's own is an int or a long, and only one that was read converts by itself.</summary>
    private static double Number(JsonValue value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);

    private bool HoldsText(string actual, string wanted, string how)
    {
        var comparison = Exact.Contains(Path.ToString()) ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;
        // Instants are compared as instants: the same one can be written in several ways.
        if (Path.Name == "meta" && Instant(actual) is { } at && Instant(wanted) is { } other && how is not ("co" or "sw" or "ew")) return Compare(at.CompareTo(other), how);
        return how switch
        {
            "co" => actual.Contains(wanted, comparison),
            "sw" => actual.StartsWith(wanted, comparison),
            "ew" => actual.EndsWith(wanted, comparison),
            _ => Compare(string.Compare(actual, wanted, comparison), how),
        };
    }

    private static bool Compare(int order, string how) => how switch
    {
        "eq" => order == 0,
        "gt" => order > 0,
        "ge" => order >= 0,
        "lt" => order < 0,
        "le" => order <= 0,
        _ => false,
    };

    private static DateTimeOffset? Instant(string text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? instant : null;
}
