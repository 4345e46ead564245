using System.Globalization;
using System.Text.Json;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Arguments that a tool's schema wants repeated in headers, <c>x-mcp-header</c> (2026-07-28, streamable HTTP, custom headers). Only properties
/// that a chain of <c>properties</c> reaches count; a mark anywhere else makes the tool unusable. Pure.
/// </summary>
internal static class ParameterHeaders
{
    private const string Mark = "x-mcp-header";
    private const string TokenCharacters = "!#$%&'*+-.^_`|~";
    private const long SafeInteger = (1L << 53) - 1;
    private const int DepthMax = 16;

    /// <summary>Why the schema's marks break the rules; null when they do not.</summary>
    public static string? Fault(JsonElement schema)
    {
        var marks = Marks(schema, []).ToList();
        if (Count(schema, 0) != marks.Count) return "A mark lies where no chain of properties reaches it.";
        foreach (var (_, name, type) in marks)
        {
            if (name is not { Length: > 0 and <= 64 } || !name.All(static c => char.IsAsciiLetterOrDigit(c) || TokenCharacters.Contains(c, StringComparison.Ordinal))) return "A mark is no name of a header.";
            if (type is not ("string" or "integer" or "boolean")) return "A mark is on a parameter that is neither string, integer nor boolean.";
        }
        return marks.Select(static mark => mark.Name).Distinct(StringComparer.OrdinalIgnoreCase).Count() == marks.Count ? null : "Two marks name one header.";
    }

    public static IReadOnlyList<KeyValuePair<string, string>> Of(JsonElement schema, JsonElement arguments)
    {
        var headers = new List<KeyValuePair<string, string>>();
        foreach (var (path, name, _) in Marks(schema, []))
        {
            var value = arguments;
            var found = true;
            foreach (var step in path) found = found && value.ValueKind == JsonValueKind.Object && value.TryGetProperty(step, out value);
            if (found && Text(value) is { } text) headers.Add(new("Mcp-Param-" + name, text));
        }
        return headers;
    }

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number when value.TryGetInt64(out var number) && Math.Abs(number) <= SafeInteger => number.ToString(CultureInfo.InvariantCulture),
        _ => null,
    };

    private static IEnumerable<(IReadOnlyList<string> Path, string? Name, string? Type)> Marks(JsonElement schema, IReadOnlyList<string> path)
    {
        if (path.Count > DepthMax || schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object) yield break;
        foreach (var property in properties.EnumerateObject())
        {
            IReadOnlyList<string> at = [.. path, property.Name];
            if (property.Value.ValueKind == JsonValueKind.Object && property.Value.TryGetProperty(Mark, out var mark))
                yield return (at, Word(mark), property.Value.TryGetProperty("type", out var type) ? Word(type) : null);
            foreach (var inner in Marks(property.Value, at)) yield return inner;
        }
    }

    private static string? Word(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Every object with a mark, wherever it lies; a parameter that is called so is no mark.</summary>
    private static int Count(JsonElement value, int depth, bool names = false)
    {
        if (depth > McpProtocol.DepthMax) return 0;
        if (value.ValueKind == JsonValueKind.Array) return value.EnumerateArray().Sum(item => Count(item, depth + 1));
        if (value.ValueKind != JsonValueKind.Object) return 0;
        var sum = 0;
        foreach (var member in value.EnumerateObject())
        {
            if (!names && member.Name is "const" or "enum" or "default" or "examples") continue;
            if (!names && member.Name == Mark) sum++;
            else sum += Count(member.Value, depth + 1, !names && member.Name is "properties" or "$defs" or "patternProperties" or "dependentSchemas");
        }
        return sum;
    }
}
