using System.Security.Cryptography;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>A tool as its server lists it.</summary>
/// <param name="Definition">All of it, as sent.</param>
internal sealed record McpTool(string Name, JsonElement Definition)
{
    public string Description => Definition.TryGetProperty("description", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString()! : "";

    public JsonElement Input => Definition.GetProperty("inputSchema");

    public JsonElement? Output => Definition.TryGetProperty("outputSchema", out var schema) && schema.ValueKind == JsonValueKind.Object ? schema : null;
}

/// <summary>
/// Holds a server to what was approved. The digest of a tool is the lower-hex SHA-256 of the RFC 8785 form of everything that steers a model or
/// a person: name, title, description, schemas and annotations. Pictures are left out; they are never shown. Pure.
/// </summary>
internal static class ToolPins
{
    private static readonly string[] Steering = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"];

    public static string Digest(McpTool tool)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var name in Steering)
            {
                if (!tool.Definition.TryGetProperty(name, out var value)) continue;
                writer.WritePropertyName(name);
                value.WriteTo(writer);
            }
            writer.WriteEndObject();
        }
        return Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Canonicalize(buffer.ToArray())));
    }

    public static IReadOnlyDictionary<string, string> Of(IReadOnlyList<McpTool> tools) =>
        new SortedDictionary<string, string>(tools.ToDictionary(static tool => tool.Name, Digest, StringComparer.Ordinal), StringComparer.Ordinal);

    /// <summary>What is not as it was approved: a tool that came, went, or says something else. Empty when nothing is.</summary>
    public static IReadOnlyList<Reason> Difference(IReadOnlyDictionary<string, string> pinned, IReadOnlyDictionary<string, string> found)
    {
        var reasons = new List<Reason>();
        foreach (var (name, digest) in pinned.OrderBy(static pair => pair.Key, StringComparer.Ordinal))
        {
            if (!found.TryGetValue(name, out var now)) reasons.Add(new Reason("tool_gone", $"The server no longer has the tool '{Shown(name)}'."));
            else if (now != digest) reasons.Add(new Reason("tool_changed", $"The tool '{Shown(name)}' has another definition: {now[..16]}… in place of {digest[..Math.Min(16, digest.Length)]}…"));
        }
        foreach (var name in found.Keys.Where(name => !pinned.ContainsKey(name)).Order(StringComparer.Ordinal)) reasons.Add(new Reason("tool_added", $"The server has a new tool, '{Shown(name)}'."));
        return reasons;
    }

    /// <summary>A name is the server's own words: short and on one line, whoever reads it.</summary>
    private static string Shown(string name) => string.Concat(name.Take(80).Select(static c => char.IsControl(c) ? '?' : c));
}
