using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// A server's result as our answer: its texts, its structured content, and for pictures, sounds and files a line that says what there was, how
/// much and its hash. Bytes that no model here can read are not carried about. Pure.
/// </summary>
internal static class McpContent
{
    private const int ItemsMax = 1000;
    private const int WordMax = 200;

    /// <exception cref="Problem"><c>mcp_server_invalid</c> when it is no result of a tool.</exception>
    public static AdapterAnswer Answer(JsonElement result, int bytesMax)
    {
        if (result.TryGetProperty("resultType", out var type) && (type.ValueKind != JsonValueKind.String || type.GetString() != "complete"))
            throw McpProblems.Invalid.Because("The server wants more input in the middle of a call, which this client does not offer.");
        var failed = result.TryGetProperty("isError", out var error) && error.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw McpProblems.Invalid.Because("The result says neither that it is an error nor that it is none."),
        };
        var text = new StringBuilder();
        var items = 0;
        if (result.TryGetProperty("content", out var content))
        {
            if (content.ValueKind != JsonValueKind.Array) throw McpProblems.Invalid.Because("The content of the result is no list.");
            foreach (var item in content.EnumerateArray())
            {
                if (++items > ItemsMax) throw McpProblems.Invalid.Because($"The result has more than {ItemsMax} parts.");
                if (text.Length > 0) text.Append("\n\n");
                text.Append(Part(item));
            }
        }
        string? structured = null;
        if (result.TryGetProperty("structuredContent", out var value) && value.ValueKind != JsonValueKind.Null) structured = value.GetRawText();
        if (items == 0 && structured is null && !result.TryGetProperty("content", out _)) throw McpProblems.Invalid.Because("The result has no content.");
        if (text.Length == 0 && structured is not null) text.Append(structured);
        return Bounded(failed, text.ToString(), structured, bytesMax);
    }

    private static AdapterAnswer Bounded(bool failed, string text, string? structured, int bytesMax)
    {
        var truncated = false;
        if (structured is not null && Encoding.UTF8.GetByteCount(structured) > bytesMax)
        {
            // Half a JSON value is none.
            structured = null;
            truncated = true;
        }
        if (Encoding.UTF8.GetByteCount(text) > bytesMax)
        {
            text = Cut(text, bytesMax);
            truncated = true;
        }
        return new AdapterAnswer(failed, text, structured, truncated) { Taints = ["mcp"] };
    }

    private static string Cut(string text, int bytesMax)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var end = bytesMax;
        while (end > 0 && (bytes[end] & 0xC0) == 0x80) end--;
        return Encoding.UTF8.GetString(bytes, 0, end);
    }

    private static string Part(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object) throw McpProblems.Invalid.Because("A part of the result is no object.");
        return Word(item, "type") switch
        {
            "text" => Text(item, "text") ?? throw McpProblems.Invalid.Because("A text of the result is none."),
            "image" or "audio" => Blob(Word(item, "type")!, Word(item, "mimeType"), Text(item, "data")),
            "resource_link" => $"[link {Word(item, "uri")} {Word(item, "mimeType")}: {Word(item, "name")}]",
            "resource" when item.TryGetProperty("resource", out var resource) && resource.ValueKind == JsonValueKind.Object => Resource(resource),
            // A later revision may know more; what it was is said, what it held is not guessed at.
            var other => $"[part of the kind {other ?? "?"}, which is not read here]",
        };
    }

    private static string Resource(JsonElement resource) => Text(resource, "text") is { } text
        ? $"[file {Word(resource, "uri")} {Word(resource, "mimeType")}]\n{text}"
        : Blob("file " + Word(resource, "uri"), Word(resource, "mimeType"), Text(resource, "blob"));

    private static string Blob(string what, string? media, string? base64)
    {
        var bytes = new byte[base64 is null ? 0 : (base64.Length / 4 * 3) + 3];
        if (base64 is null || !Convert.TryFromBase64String(base64, bytes, out var length)) throw McpProblems.Invalid.Because("A part of the result is no Base64.");
        return string.Create(CultureInfo.InvariantCulture, $"[{what} {media}, {length} bytes, sha256 {Convert.ToHexStringLower(SHA256.HashData(bytes.AsSpan(0, length)))}]");
    }

    private static string? Text(JsonElement item, string name)
    {
        if (!item.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.String) return null;
        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException exception)
        {
            throw McpProblems.Invalid.Because("A text of the result holds half a surrogate pair.", exception);
        }
    }

    /// <summary>One short word of the server in a line of ours.</summary>
    private static string? Word(JsonElement item, string name) =>
        Text(item, name) is { } text ? string.Concat(text.Take(WordMax).Select(static c => char.IsControl(c) || c is '[' or ']' ? '?' : c)) : null;
}
