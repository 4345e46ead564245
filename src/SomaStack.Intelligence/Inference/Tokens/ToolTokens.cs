using System.Text.Json;
using Microsoft.ML.Tokenizers;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// What the definitions of tools add, by the rule of OpenAI's cookbook ("How to count tokens with tiktoken", estimating tool use). It speaks
/// of flat parameters; a nested schema is counted as the JSON text that it is. An estimate in any case.
/// </summary>
internal static class ToolTokens
{
    private const int PropertiesOpen = 3;
    private const int PropertyKey = 3;
    private const int EnumOpen = -3;
    private const int EnumItem = 3;
    private const int ToolsEnd = 12;

    public static long Count(Tokenizer tokenizer, ModelEncoding encoding, JsonElement tools)
    {
        if (tools.GetArrayLength() == 0) return 0;
        var sum = (long)ToolsEnd;
        foreach (var tool in tools.EnumerateArray())
        {
            if (tool.ValueKind != JsonValueKind.Object) continue;
            // OpenAI's chat wraps a function, its responses API does not; Anthropic names the schema input_schema.
            var function = tool.TryGetProperty("function", out var wrapped) && wrapped.ValueKind == JsonValueKind.Object ? wrapped : tool;
            sum += encoding.Encoding == "o200k_base" ? 7 : 10;
            sum += tokenizer.CountTokens($"{Text(function, "name")}:{Text(function, "description").TrimEnd('.')}");
            if (Parameters(function) is { } parameters) sum += Properties(tokenizer, parameters);
        }
        return sum;
    }

    private static long Properties(Tokenizer tokenizer, JsonElement schema)
    {
        if (!schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object) return 0;
        var sum = (long)PropertiesOpen;
        foreach (var property in properties.EnumerateObject())
        {
            sum += PropertyKey;
            if (property.Value.ValueKind != JsonValueKind.Object) continue;
            if (property.Value.TryGetProperty("properties", out _) || property.Value.TryGetProperty("items", out _))
            {
                sum += tokenizer.CountTokens(property.Name) + tokenizer.CountTokens(property.Value.GetRawText());
                continue;
            }
            if (property.Value.TryGetProperty("enum", out var values) && values.ValueKind == JsonValueKind.Array)
            {
                sum += EnumOpen;
                foreach (var value in values.EnumerateArray()) sum += EnumItem + tokenizer.CountTokens(value.ToString());
            }
            sum += tokenizer.CountTokens($"{property.Name}:{Text(property.Value, "type")}:{Text(property.Value, "description").TrimEnd('.')}");
        }
        return sum;
    }

    private static JsonElement? Parameters(JsonElement function) =>
        function.TryGetProperty("parameters", out var parameters) && parameters.ValueKind == JsonValueKind.Object ? parameters
        : function.TryGetProperty("input_schema", out var schema) && schema.ValueKind == JsonValueKind.Object ? schema : null;

    private static string Text(JsonElement item, string name) => item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
