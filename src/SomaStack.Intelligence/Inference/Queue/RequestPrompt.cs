using System.Text.Json;
using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Turns a payload into what a model is asked. Pure, and run twice: when the request comes in, to refuse what is wrong, and when it is worked on.</summary>
internal static class RequestPrompt
{
    public const string Chat = "chat";
    public const string InferSync = "infer_sync";
    public const string Embedding = "embedding";

    private const int MessagesMax = 1000;
    private const int PromptLengthMax = 100_000;
    private const int TokensMax = 100_000;
    private const int StopMax = 8;
    private const int ToolsMax = 128;

    /// <exception cref="Problem">422 naming every field that is wrong.</exception>
    public static void Check(string mode, RequestPayload payload)
    {
        Platform.Check.That(mode is Chat or InferSync or Embedding, "mode", "must be chat, infer_sync or embedding").OrThrow();
        Platform.Check.That(mode != Chat || payload.Messages is { Count: > 0 and <= MessagesMax }, "payload.messages", $"must have 1 to {MessagesMax} messages in mode chat")
            .And(mode != InferSync || payload.Prompt is { Length: > 0 and <= PromptLengthMax } && !string.IsNullOrWhiteSpace(payload.Prompt), "payload.prompt", $"must have 1 to {PromptLengthMax} characters and not be blank in mode infer_sync")
            .And(mode != Embedding || payload.Input is { ValueKind: JsonValueKind.String or JsonValueKind.Array }, "payload.input", "must be a string or a list of strings in mode embedding")
            .And(payload.MaxTokens is null or (>= 1 and <= TokensMax), "payload.max_tokens", $"must be from 1 to {TokensMax}")
            .And(payload.Temperature is null or (>= 0 and <= 2), "payload.temperature", "must be from 0 to 2")
            .And(payload.TopP is null or (>= 0 and <= 1), "payload.top_p", "must be from 0 to 1")
            .And(payload.Stop is null || (payload.Stop.Count <= StopMax && payload.Stop.All(static stop => !string.IsNullOrEmpty(stop))), "payload.stop", $"must have at most {StopMax} texts, none empty")
            .And(payload.Tools is null or { Count: <= ToolsMax }, "payload.tools", $"must have at most {ToolsMax} tools")
            .And(payload.EncodingFormat is null or "float" or "base64", "payload.encoding_format", "must be float or base64")
            .OrThrow();
        if (mode == Embedding) return;
        Messages(mode, payload);
        Options(payload);
    }

    public static List<ChatMessage> Messages(string mode, RequestPayload payload) =>
        mode == InferSync ? [new ChatMessage(ChatRole.User, payload.Prompt)] : [.. payload.Messages!.Select(MessageOf)];

    public static ChatOptions Options(RequestPayload payload) => new()
    {
        MaxOutputTokens = payload.MaxTokens,
        Temperature = (float?)payload.Temperature,
        TopP = (float?)payload.TopP,
        Seed = payload.Seed,
        StopSequences = payload.Stop is null ? null : [.. payload.Stop],
        Tools = payload.Tools is { Count: > 0 } tools ? [.. tools.Select(ToolOf)] : null,
        ToolMode = ModeOf(payload.ToolChoice),
        ResponseFormat = FormatOf(payload.ResponseFormat),
    };

    private static ChatMessage MessageOf(RequestMessage? message)
    {
        Platform.Check.That(message?.Role is "system" or "developer" or "user" or "assistant" or "tool", "payload.messages", "need a role: system, developer, user, assistant or tool").OrThrow();
        if (message!.Role == "tool")
        {
            Platform.Check.That(!string.IsNullOrEmpty(message.ToolCallId), "payload.messages", "of the role tool need a tool_call_id").OrThrow();
            return new ChatMessage(ChatRole.Tool, [new FunctionResultContent(message.ToolCallId!, string.Concat(Parts(message.Content).OfType<TextContent>().Select(static part => part.Text)))]);
        }
        var contents = Parts(message.Content);
        foreach (var use in message.ToolCalls ?? []) contents.Add(new FunctionCallContent(use.Id, use.Function.Name, ArgumentsOf(use.Function.Arguments)));
        return new ChatMessage(new ChatRole(message.Role), contents) { AuthorName = message.Name };
    }

    private static List<AIContent> Parts(JsonElement? content)
    {
        if (content is not { } value || value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) return [];
        if (value.ValueKind == JsonValueKind.String) return [new TextContent(value.GetString())];
        if (value.ValueKind != JsonValueKind.Array) throw Problem.Invalid("payload.messages.content", "must be a string or a list of parts");
        return [.. value.EnumerateArray().Select(PartOf)];
    }

    private static AIContent PartOf(JsonElement part)
    {
        var type = Text(part, "type");
        if (type == "text" && Text(part, "text") is { } text) return new TextContent(text);
        if (type == "image_url" && part.TryGetProperty("image_url", out var image) && Text(image, "url") is { } url) return ImageOf(url);
        throw Problem.Invalid("payload.messages.content", "takes parts of the types text and image_url");
    }

    private static AIContent ImageOf(string url)
    {
        try
        {
            if (url.StartsWith("data:image/", StringComparison.Ordinal)) return new DataContent(url);
            // The provider fetches it, not this server.
            if (Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "http" or "https") return new UriContent(address, "image/*");
        }
        catch (Exception exception) when (exception is ArgumentException or FormatException)
        {
            // No data URI after all.
        }
        throw Problem.Invalid("payload.messages.content", "has an image_url that is neither an http(s) address nor a data URI of an image");
    }

    private static Dictionary<string, object?> ArgumentsOf(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json.Length == 0 ? "{}" : json);
            if (document.RootElement.ValueKind != JsonValueKind.Object) throw new JsonException();
            return document.RootElement.EnumerateObject().DistinctBy(static property => property.Name)
                .ToDictionary(static property => property.Name, static property => (object?)property.Value.Clone(), StringComparer.Ordinal);
        }
        catch (JsonException)
        {
            throw Problem.Invalid("payload.messages.tool_calls", "have arguments that are no JSON object");
        }
    }

    private static AIFunctionDeclaration ToolOf(RequestTool? tool)
    {
        Platform.Check.That(tool is { Type: "function", Function.Name.Length: > 0 and <= 64 }, "payload.tools", "must be of the type function with a name of 1 to 64 characters")
            .And(tool?.Function.Parameters is null or { ValueKind: JsonValueKind.Object or JsonValueKind.Null }, "payload.tools", "must have parameters that are a JSON Schema object").OrThrow();
        var schema = tool!.Function.Parameters is { ValueKind: JsonValueKind.Object } given ? given : Empty();
        return AIFunctionFactory.CreateDeclaration(tool.Function.Name, tool.Function.Description, schema);
    }

    private static ChatToolMode? ModeOf(JsonElement? choice)
    {
        if (choice is not { } value || value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) return null;
        if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("function", out var function) && Text(function, "name") is { Length: > 0 } name) return ChatToolMode.RequireSpecific(name);
        return (value.ValueKind == JsonValueKind.String ? value.GetString() : null) switch
        {
            "auto" => ChatToolMode.Auto,
            "none" => ChatToolMode.None,
            "required" => ChatToolMode.RequireAny,
            _ => throw Problem.Invalid("payload.tool_choice", "must be auto, none, required or name a function"),
        };
    }

    private static ChatResponseFormat? FormatOf(JsonElement? format)
    {
        if (format is not { } value || value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) return null;
        switch (Text(value, "type"))
        {
            case "text": return ChatResponseFormat.Text;
            case "json_object": return ChatResponseFormat.Json;
            case "json_schema" when value.TryGetProperty("json_schema", out var named) && named.ValueKind == JsonValueKind.Object && named.TryGetProperty("schema", out var schema) && schema.ValueKind == JsonValueKind.Object:
                return ChatResponseFormat.ForJsonSchema(schema.Clone(), Text(named, "name"), Text(named, "description"));
            default: throw Problem.Invalid("payload.response_format", "must be of the type text, json_object or json_schema with its schema");
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static JsonElement Empty() => JsonElement.Parse("""{"type":"object","properties":{}}""");
}
