using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>The content of a message: text, or a list of blocks.</summary>
internal static class MessagesContent
{
    public static List<AIContent> Read(JsonElement content, string path, ChatRole role)
    {
        if (content.ValueKind == JsonValueKind.String) return [new TextContent(content.GetString())];
        var contents = new List<AIContent>();
        foreach (var (block, at) in MessagesReading.Items(content, path))
            if (Block(block, at + ".", role) is { } read) contents.Add(read);
        return contents;
    }

    /// <returns>Null for what is left out.</returns>
    private static AIContent? Block(JsonElement block, string path, ChatRole role)
    {
        var type = MessagesReading.Text(block, "type", path);
        if (type == "text") return new TextContent(MessagesReading.Text(block, "text", path) ?? throw Problem.Invalid(path + "text", "is required"));
        if (role == ChatRole.User)
            return type switch
            {
                "image" => Image(block, path),
                "document" => Document(block, path),
                "tool_result" => Result(block, path),
                _ => throw Unknown(path),
            };
        if (role == ChatRole.Assistant)
            return type switch
            {
                "tool_use" => Call(block, path),
                "thinking" or "redacted_thinking" => null,
                _ => throw Unknown(path),
            };
        throw Unknown(path);
    }

    private static Problem Unknown(string path) => Problem.Invalid(path + "type", "names a kind of block that cannot stand here for this model");

    private static AIContent Image(JsonElement block, string path)
    {
        var (source, at) = Source(block, path);
        return MessagesReading.Text(source, "type", at) switch
        {
            "base64" => Data(source, at),
            "url" => Address(source, at, "image/*"),
            _ => throw Problem.Invalid(at + "type", "must be base64 or url"),
        };
    }

    private static AIContent Document(JsonElement block, string path)
    {
        var (source, at) = Source(block, path);
        return MessagesReading.Text(source, "type", at) switch
        {
            "base64" => Data(source, at),
            "text" => new TextContent(MessagesReading.Needed(source, "data", at)),
            "url" => Address(source, at, "application/pdf"),
            _ => throw Problem.Invalid(at + "type", "must be base64, text or url"),
        };
    }

    private static (JsonElement Source, string Path) Source(JsonElement block, string path) =>
        MessagesReading.Field(block, "source") is { ValueKind: JsonValueKind.Object } source ? (source, path + "source.") : throw Problem.Invalid(path + "source", "must be an object");

    private static DataContent Data(JsonElement source, string path)
    {
        var media = MessagesReading.Needed(source, "media_type", path);
        MessagesReading.Needed(source, "data", path);
        if (!source.GetProperty("data").TryGetBytesFromBase64(out var bytes)) throw Problem.Invalid(path + "data", "must be base64");
        try
        {
            return new DataContent(bytes, media);
        }
        catch (ArgumentException)
        {
            throw Problem.Invalid(path + "media_type", "must be a media type such as image/png");
        }
    }

    private static UriContent Address(JsonElement source, string path, string media) =>
        Uri.TryCreate(MessagesReading.Needed(source, "url", path), UriKind.Absolute, out var address) && address.Scheme is "http" or "https"
            ? new UriContent(address, media)
            : throw Problem.Invalid(path + "url", "must be an http or https address");

    private static FunctionCallContent Call(JsonElement block, string path)
    {
        var arguments = new Dictionary<string, object?>(StringComparer.Ordinal);
        if (MessagesReading.Field(block, "input") is { } input)
        {
            if (input.ValueKind != JsonValueKind.Object) throw Problem.Invalid(path + "input", "must be an object");
            foreach (var argument in input.EnumerateObject()) arguments[argument.Name] = argument.Value;
        }
        return new FunctionCallContent(MessagesReading.Needed(block, "id", path), MessagesReading.Needed(block, "name", path), arguments);
    }

    private static FunctionResultContent Result(JsonElement block, string path)
    {
        var id = MessagesReading.Needed(block, "tool_use_id", path);
        var contents = MessagesReading.Field(block, "content") is { } content ? Read(content, path + "content", ChatRole.User) : [];
        // Plain text stays plain: most servers know results as nothing else.
        object result = contents.TrueForAll(static part => part is TextContent) ? string.Concat(contents) : contents;
        var failed = MessagesReading.Field(block, "is_error") is { ValueKind: JsonValueKind.True };
        return new FunctionResultContent(id, result) { Exception = failed ? new InvalidOperationException("The tool failed.") : null };
    }
}
