using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.Agents.Tools;

/// <summary>The texts inside a JSON value.</summary>
internal static class JsonTexts
{
    /// <param name="replace">Null leaves a text as it is.</param>
    /// <returns>The same value with its texts replaced; names of members stay.</returns>
    public static string Replace(string json, Func<string, string?> replace)
    {
        var root = JsonNode.Parse(json);
        return Walk(root, replace)?.ToJsonString() ?? "null";
    }

    private static JsonNode? Walk(JsonNode? node, Func<string, string?> replace)
    {
        switch (node)
        {
            case JsonObject found:
                foreach (var (name, value) in found.ToList())
                    if (Walk(value, replace) is var next && !ReferenceEquals(next, value)) found[name] = next;
                return found;
            case JsonArray found:
                for (var i = 0; i < found.Count; i++)
                    if (Walk(found[i], replace) is var next && !ReferenceEquals(next, found[i])) found[i] = next;
                return found;
            case JsonValue found when found.GetValueKind() == JsonValueKind.String && replace(found.GetValue<string>()) is { } text:
                return JsonValue.Create(text);
            default:
                return node;
        }
    }
}
