using System.Text.Json.Nodes;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Makes schemas of an OpenAPI document into JSON Schema 2020-12 that stands alone: what a reference names comes along under <c>$defs</c>, so a
/// schema that refers to itself stays as small as it is. What 3.0 says in its own way is said in the standard's.
/// </summary>
internal sealed class OpenApiSchemas(JsonObject document, List<FieldError> errors)
{
    private const string Prefix = "#/components/schemas/";

    /// <summary>For people and other tools; a check does not need them, and descriptions of parts may be long.</summary>
    private static readonly string[] Dropped = ["example", "examples", "xml", "externalDocs", "discriminator", "deprecated", "readOnly", "writeOnly", "nullable"];

    /// <summary>Members whose value is no schema.</summary>
    private static readonly string[] Values = ["enum", "const", "default", "required", "type"];

    /// <param name="at">JSON pointer, for what is wrong.</param>
    /// <param name="definitions">Takes what the schema refers to.</param>
    public JsonNode Convert(JsonNode? schema, string at, JsonObject definitions)
    {
        if (schema is not JsonObject found) return schema is JsonValue plain && plain.TryGetValue<bool>(out var always) ? JsonValue.Create(always) : new JsonObject();
        if (found["$ref"] is JsonValue named)
        {
            var name = Named(named.ToString(), at, definitions);
            return name is null ? new JsonObject() : new JsonObject { ["$ref"] = "#/$defs/" + name };
        }
        var result = new JsonObject();
        foreach (var (key, value) in found)
        {
            if (Dropped.Contains(key) || key.StartsWith("x-", StringComparison.Ordinal)) continue;
            result[key] = Values.Contains(key) ? value?.DeepClone() : key switch
            {
                "properties" or "patternProperties" or "$defs" or "dependentSchemas" => Map(value, at + "/" + key, definitions),
                "allOf" or "anyOf" or "oneOf" or "prefixItems" => List(value, at + "/" + key, definitions),
                "items" or "additionalProperties" or "not" or "contains" or "propertyNames" or "if" or "then" or "else" or "unevaluatedProperties" or "unevaluatedItems" => Convert(value, at + "/" + key, definitions),
                _ => value?.DeepClone(),
            };
        }
        Modern(found, result);
        return result;
    }

    /// <summary>3.0: nullable beside a type, and bounds that are excluded by a yes.</summary>
    private static void Modern(JsonObject found, JsonObject result)
    {
        if (found["nullable"] is JsonValue nullable && nullable.TryGetValue<bool>(out var isNullable) && isNullable)
        {
            if (result["type"] is JsonValue type) result["type"] = new JsonArray(type.DeepClone(), "null");
            if (result["enum"] is JsonArray values && !values.Any(static one => one is null)) values.Add((JsonNode?)null);
        }
        foreach (var (bound, excluded) in new[] { ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum") })
        {
            if (result[excluded] is not JsonValue flag || !flag.TryGetValue<bool>(out var isExcluded)) continue;
            result.Remove(excluded);
            if (!isExcluded || result[bound] is not { } value) continue;
            result[excluded] = value.DeepClone();
            result.Remove(bound);
        }
    }

    private string? Named(string reference, string at, JsonObject definitions)
    {
        if (!reference.StartsWith(Prefix, StringComparison.Ordinal))
        {
            errors.Add(new FieldError(at + "/$ref", "leads outside components/schemas of the document, and nothing else is read"));
            return null;
        }
        var name = reference[Prefix.Length..];
        if (name.Length is 0 or > 200 || name.Contains('/', StringComparison.Ordinal) || document["components"]?["schemas"]?[name] is not { } target)
        {
            errors.Add(new FieldError(at + "/$ref", "leads to nothing in the document"));
            return null;
        }
        if (definitions.ContainsKey(name)) return name;
        // Before it is read: it may refer to itself.
        definitions[name] = new JsonObject();
        definitions[name] = Convert(target, "/components/schemas/" + name, definitions);
        return name;
    }

    private JsonObject Map(JsonNode? value, string at, JsonObject definitions)
    {
        var map = new JsonObject();
        foreach (var (name, schema) in value as JsonObject ?? []) map[name] = Convert(schema, StrictObject.Pointer(at, name), definitions);
        return map;
    }

    private JsonArray List(JsonNode? value, string at, JsonObject definitions)
    {
        var list = new JsonArray();
        var place = 0;
        foreach (var schema in value as JsonArray ?? []) list.Add(Convert(schema, $"{at}/{place++}", definitions));
        return list;
    }
}
