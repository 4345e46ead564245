using System.Text.Json;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>
/// The part of JSON Schema 2020-12 that capsules use: type, properties, required, additionalProperties (true or false), items, enum, const,
/// minimum, maximum, minLength, minItems, description. Another keyword is refused when the capsule is read, never ignored.
/// </summary>
internal static class JsonShape
{
    private const int DepthMax = 16;

    private static readonly HashSet<string> Types = new(StringComparer.Ordinal) { "object", "array", "string", "number", "integer", "boolean", "null" };

    /// <summary>What is wrong with the schema itself, or null.</summary>
    public static string? Fault(JsonElement schema, int depth = 0)
    {
        if (depth > DepthMax) return $"is nested deeper than {DepthMax}";
        if (schema.ValueKind != JsonValueKind.Object) return "must be an object";
        foreach (var keyword in schema.EnumerateObject())
        {
            var fault = keyword.Name switch
            {
                "type" => keyword.Value.ValueKind == JsonValueKind.String && Types.Contains(keyword.Value.GetString()!) ? null : "has a type that is not known",
                "properties" => keyword.Value.ValueKind == JsonValueKind.Object ? keyword.Value.EnumerateObject().Select(property => Fault(property.Value, depth + 1)).FirstOrDefault(static found => found is not null) : "has properties that are no object",
                "items" => Fault(keyword.Value, depth + 1),
                "required" or "enum" => keyword.Value.ValueKind == JsonValueKind.Array ? null : $"has a {keyword.Name} that is no list",
                "additionalProperties" => keyword.Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : "has additionalProperties other than true or false",
                "minimum" or "maximum" or "minLength" or "minItems" => keyword.Value.ValueKind == JsonValueKind.Number ? null : $"has a {keyword.Name} that is no number",
                "const" or "description" => null,
                _ => $"uses '{keyword.Name}', which is not understood here",
            };
            if (fault is not null) return fault;
        }
        return null;
    }

    public static bool Holds(JsonElement schema, JsonElement value)
    {
        foreach (var keyword in schema.EnumerateObject())
            if (!Holds(keyword.Name, keyword.Value, schema, value)) return false;
        return true;
    }

    private static bool Holds(string keyword, JsonElement asked, JsonElement schema, JsonElement value) => keyword switch
    {
        "type" => IsOf(asked.GetString()!, value),
        "const" => JsonElement.DeepEquals(asked, value),
        "enum" => asked.EnumerateArray().Any(one => JsonElement.DeepEquals(one, value)),
        "required" => value.ValueKind != JsonValueKind.Object || asked.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
        "properties" => value.ValueKind != JsonValueKind.Object || asked.EnumerateObject().All(property => !value.TryGetProperty(property.Name, out var own) || Holds(property.Value, own)),
        "additionalProperties" => asked.ValueKind == JsonValueKind.True || value.ValueKind != JsonValueKind.Object || value.EnumerateObject().All(own => IsNamed(schema, own.Name)),
        "items" => value.ValueKind != JsonValueKind.Array || value.EnumerateArray().All(item => Holds(asked, item)),
        "minItems" => value.ValueKind != JsonValueKind.Array || value.GetArrayLength() >= asked.GetDouble(),
        "minLength" => value.ValueKind != JsonValueKind.String || value.GetString()!.EnumerateRunes().Count() >= asked.GetDouble(),
        "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() >= asked.GetDouble(),
        "maximum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() <= asked.GetDouble(),
        _ => true,
    };

    private static bool IsNamed(JsonElement schema, string name) => schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty(name, out _);

    /// <summary>A number without a fractional part is an integer, however it is written.</summary>
    private static bool IsOf(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind == JsonValueKind.Null,
        "number" => value.ValueKind == JsonValueKind.Number,
        _ => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && Math.Floor(number) == number,
    };
}
