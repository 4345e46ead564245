using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// Checks what a person filled in. A form is a JSON Schema of one object whose properties are texts, numbers, booleans, choices or lists
/// of those: what a form can show. Other keywords are refused when a capsule is read, so none is silently ignored.
/// </summary>
internal static class RunForms
{
    public static IReadOnlyList<string> Faults(string form, string data)
    {
        try
        {
            using var schema = JsonDocument.Parse(form);
            using var answer = JsonDocument.Parse(data);
            return Faults(schema.RootElement, answer.RootElement);
        }
        catch (JsonException)
        {
            return ["The answer is no JSON."];
        }
    }

    private static List<string> Faults(JsonElement schema, JsonElement answer)
    {
        if (answer.ValueKind != JsonValueKind.Object) return ["The answer must be an object."];
        var faults = new List<string>();
        var properties = schema.TryGetProperty("properties", out var named) && named.ValueKind == JsonValueKind.Object ? named : default;
        foreach (var given in answer.EnumerateObject())
        {
            if (properties.ValueKind == JsonValueKind.Object && properties.TryGetProperty(given.Name, out var property)) Check(given.Name, property, given.Value, faults);
            else faults.Add($"The form has no field '{given.Name}'.");
        }
        if (schema.TryGetProperty("required", out var required) && required.ValueKind == JsonValueKind.Array)
            foreach (var name in required.EnumerateArray())
                if (!answer.TryGetProperty(name.GetString() ?? "", out _)) faults.Add($"'{name.GetString()}' is missing.");
        return faults;
    }

    private static void Check(string name, JsonElement schema, JsonElement value, List<string> faults)
    {
        var type = schema.TryGetProperty("type", out var said) ? said.GetString() : null;
        var fits = type switch
        {
            "string" => value.ValueKind == JsonValueKind.String,
            "integer" => value.ValueKind == JsonValueKind.Number && value.GetDouble() is var number && number == Math.Floor(number),
            "number" => value.ValueKind == JsonValueKind.Number,
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
            "array" => value.ValueKind == JsonValueKind.Array,
            _ => true,
        };
        if (!fits)
        {
            faults.Add($"'{name}' must be of the type {type}.");
            return;
        }
        if (schema.TryGetProperty("enum", out var choices) && !choices.EnumerateArray().Any(choice => JsonElement.DeepEquals(choice, value))) faults.Add($"'{name}' is none of the choices.");
        if (schema.TryGetProperty("const", out var only) && !JsonElement.DeepEquals(only, value)) faults.Add($"'{name}' must be {only.GetRawText()}.");
        if (value.ValueKind == JsonValueKind.String) CheckText(name, schema, value.GetString()!, faults);
        if (value.ValueKind == JsonValueKind.Number) CheckNumber(name, schema, value.GetDouble(), faults);
        if (value.ValueKind != JsonValueKind.Array) return;
        if (Number(schema, "minItems") is { } least && value.GetArrayLength() < least) faults.Add($"'{name}' needs at least {Text(least)} items.");
        if (Number(schema, "maxItems") is { } most && value.GetArrayLength() > most) faults.Add($"'{name}' takes at most {Text(most)} items.");
        if (!schema.TryGetProperty("items", out var items)) return;
        foreach (var item in value.EnumerateArray()) Check(name, items, item, faults);
    }

    private static void CheckText(string name, JsonElement schema, string text, List<string> faults)
    {
        var length = 0;
        foreach (var _ in text.EnumerateRunes()) length++;
        if (Number(schema, "minLength") is { } least && length < least) faults.Add($"'{name}' needs at least {Text(least)} characters.");
        if (Number(schema, "maxLength") is { } most && length > most) faults.Add($"'{name}' takes at most {Text(most)} characters.");
        // Without backtracking, so no pattern can make a run hang; the capsule's reader refuses what this engine does not know.
        if (schema.TryGetProperty("pattern", out var pattern) && !Regex.IsMatch(text, pattern.GetString()!, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)) faults.Add($"'{name}' does not have the form that is asked for.");
    }

    private static void CheckNumber(string name, JsonElement schema, double number, List<string> faults)
    {
        if (Number(schema, "minimum") is { } least && number < least) faults.Add($"'{name}' must be at least {Text(least)}.");
        if (Number(schema, "maximum") is { } most && number > most) faults.Add($"'{name}' must be at most {Text(most)}.");
    }

    private static double? Number(JsonElement schema, string name) => schema.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
