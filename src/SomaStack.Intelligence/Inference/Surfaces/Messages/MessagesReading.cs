using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>A Messages request in the words that every client of a model understands.</summary>
internal sealed record MessagesRequest(List<ChatMessage> Messages, ChatOptions Options);

/// <summary>
/// Reads a Messages request for a model whose server does not speak the format. What cannot be told to such a model is refused, but
/// for earlier thinking, which only the model that thought it can use.
/// </summary>
internal static class MessagesReading
{
    private static readonly JsonDocumentOptions Once = new() { AllowDuplicateProperties = false };

    /// <exception cref="Problem">422 naming the field.</exception>
    public static MessagesRequest Read(ReadOnlySpan<byte> body, bool needsLimit)
    {
        JsonElement root;
        try
        {
            root = JsonElement.Parse(body, Once);
        }
        catch (JsonException exception)
        {
            throw PlatformProblems.MalformedRequest.Because("The body is not valid JSON, or names a field twice.", exception);
        }
        var limit = Whole(root, "max_tokens", 1);
        if (needsLimit && limit is null) throw Problem.Invalid("max_tokens", "is required");
        var options = new ChatOptions
        {
            MaxOutputTokens = limit,
            Temperature = Number(root, "temperature"),
            TopP = Number(root, "top_p"),
            TopK = Whole(root, "top_k", 0),
            StopSequences = Texts(root, "stop_sequences"),
            ResponseFormat = Format(root),
        };
        MessagesTools.Read(root, options);
        return new MessagesRequest(Messages(root), options);
    }

    /// <summary>Null when absent or null.</summary>
    public static JsonElement? Field(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

    public static string? Text(JsonElement of, string name, string path) =>
        Field(of, name) is not { } value ? null : value.ValueKind == JsonValueKind.String ? value.GetString() : throw Problem.Invalid($"{path}{name}", "must be a string");

    public static string Needed(JsonElement of, string name, string path) => Text(of, name, path) is { Length: > 0 } text ? text : throw Problem.Invalid($"{path}{name}", "is required");

    public static IEnumerable<(JsonElement Item, string Path)> Items(JsonElement list, string path)
    {
        if (list.ValueKind != JsonValueKind.Array) throw Problem.Invalid(path, "must be a list");
        var index = 0;
        foreach (var item in list.EnumerateArray())
        {
            var at = $"{path}[{index++}]";
            yield return item.ValueKind == JsonValueKind.Object ? (item, at) : throw Problem.Invalid(at, "must be an object");
        }
    }

    private static List<ChatMessage> Messages(JsonElement root)
    {
        var messages = new List<ChatMessage>();
        if (Field(root, "system") is { } system) messages.Add(new ChatMessage(ChatRole.System, [.. MessagesContent.Read(system, "system", ChatRole.System)]));
        if (Field(root, "messages") is not { } list) throw Problem.Invalid("messages", "is required");
        var any = false;
        foreach (var (item, path) in Items(list, "messages"))
        {
            any = true;
            var role = Text(item, "role", path + ".") switch
            {
                "user" => ChatRole.User,
                "assistant" => ChatRole.Assistant,
                "system" => ChatRole.System,
                _ => throw Problem.Invalid(path + ".role", "must be user, assistant or system"),
            };
            if (Field(item, "content") is not { } content) throw Problem.Invalid(path + ".content", "is required");
            Add(messages, role, MessagesContent.Read(content, path + ".content", role));
        }
        return any ? messages : throw Problem.Invalid("messages", "must have at least one message");
    }

    /// <summary>Results of tools stand in a message of their own everywhere but here.</summary>
    private static void Add(List<ChatMessage> messages, ChatRole role, List<AIContent> contents)
    {
        var results = contents.FindAll(static content => content is FunctionResultContent);
        if (results.Count > 0) messages.Add(new ChatMessage(ChatRole.Tool, results));
        var others = results.Count == 0 ? contents : contents.FindAll(static content => content is not FunctionResultContent);
        if (others.Count > 0 || results.Count == 0) messages.Add(new ChatMessage(role, others));
    }

    private static ChatResponseFormatJson? Format(JsonElement root)
    {
        if (Field(root, "output_config") is not { } config || Field(config, "format") is not { } format) return null;
        if (Text(format, "type", "output_config.format.") != "json_schema") throw Problem.Invalid("output_config.format.type", "must be json_schema");
        return Field(format, "schema") is { ValueKind: JsonValueKind.Object } schema ? ChatResponseFormat.ForJsonSchema(schema) : throw Problem.Invalid("output_config.format.schema", "must be an object");
    }

    private static List<string>? Texts(JsonElement root, string name)
    {
        if (Field(root, name) is not { } list) return null;
        if (list.ValueKind != JsonValueKind.Array) throw Problem.Invalid(name, "must be a list of strings");
        var texts = new List<string>();
        foreach (var item in list.EnumerateArray()) texts.Add(item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Problem.Invalid(name, "must be a list of strings"));
        return texts;
    }

    private static float? Number(JsonElement root, string name) =>
        Field(root, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number is >= 0 and <= 1 ? (float)number
        : throw Problem.Invalid(name, "must be a number from 0 to 1");

    private static int? Whole(JsonElement root, string name, int min) =>
        Field(root, name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min ? number
        : throw Problem.Invalid(name, $"must be a whole number from {min} to {int.MaxValue}");
}
