using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.Bench;

/// <summary>Tokens as somebody counted them; null is unknown.</summary>
internal sealed record RecordedUsage(long? Input, long? Output, long? Cached, long? Reasoning)
{
    public static readonly RecordedUsage None = new(null, null, null, null);

    /// <summary>How far apart two are. A detail that nobody names is no token of its kind.</summary>
    public long Distance(RecordedUsage other) => Apart(Input, other.Input) + Apart(Output, other.Output) + Apart(Cached, other.Cached) + Apart(Reasoning, other.Reasoning);

    /// <summary>Whether one knows what the other does not, or they differ.</summary>
    public bool Differs(RecordedUsage other) => Input != other.Input || Output != other.Output || Distance(other) != 0;

    /// <summary>Without what is unknown in the other: an estimate stands beside no count.</summary>
    public RecordedUsage Where(RecordedUsage other) =>
        new(other.Input is null ? null : Input, other.Output is null ? null : Output, other.Cached is null ? null : Cached, other.Reasoning is null ? null : Reasoning);

    public RecordedUsage Plus(RecordedUsage other) => new(Add(Input, other.Input), Add(Output, other.Output), Add(Cached, other.Cached), Add(Reasoning, other.Reasoning));

    private static long Apart(long? one, long? other) => Math.Abs((one ?? 0) - (other ?? 0));

    private static long? Add(long? one, long? other) => one is null && other is null ? null : (one ?? 0) + (other ?? 0);
}

/// <summary>What a recorded answer is by its API's own rules, read here without any code of the server.</summary>
/// <param name="Kind">The kind of provider that an operator would configure for it.</param>
/// <param name="Path">What this API adds to a provider's address.</param>
/// <param name="Surface">Where our callers ask for it.</param>
/// <param name="Metered">Whether a call of it costs.</param>
internal sealed record RecordingApi(string Name, string Kind, string Path, string Surface, bool Metered)
{
    private static readonly RecordingApi[] All =
    [
        new("chat", "openai-compatible", "chat/completions", "/v1/chat/completions", true),
        new("responses", "openai", "responses", "/v1/responses", true),
        new("input_tokens", "openai", "responses/input_tokens", "/v1/responses/input_tokens", false),
        new("embeddings", "openai-compatible", "embeddings", "/v1/embeddings", true),
        new("messages", "anthropic", "v1/messages", "/v1/messages", true),
        new("count_tokens", "anthropic", "v1/messages/count_tokens", "/v1/messages/count_tokens", false),
    ];

    /// <returns>Null when no adapter speaks it; then <paramref name="reason"/> says so.</returns>
    public static RecordingApi? Of(RecordedExchange exchange, out string reason)
    {
        reason = "";
        var path = exchange.Uri.AbsolutePath;
        var api = exchange.Method == "POST" ? Array.Find(All, api => path.EndsWith("/" + api.Path, StringComparison.Ordinal)) : null;
        if (api is null) reason = $"no adapter speaks {exchange.Method} {exchange.Uri.Host}{path}";
        else if (exchange.Uri.Query is not ("" or "?beta=true")) reason = $"no adapter sends the query {exchange.Uri.Query[..Math.Min(40, exchange.Uri.Query.Length)]}";
        else if (exchange.Request?["model"] is not JsonValue model || !model.TryGetValue<string>(out var name) || name.Length == 0) reason = "the recorded request names no model";
        if (reason.Length > 0) return null;
        return exchange.Uri.Host == "api.openai.com" && api!.Kind == "openai-compatible" ? api with { Kind = "openai" } : api;
    }

    /// <summary>What the provider counted, by its own rules; nothing for what it refused.</summary>
    public RecordedUsage Usage(RecordedExchange exchange)
    {
        if (!Metered || exchange.Status >= 400) return RecordedUsage.None;
        JsonObject? usage = null;
        foreach (var answer in Objects(exchange))
        {
            // Groq tells a stream's usage in a field of its own where it was not asked for it.
            var seen = answer["usage"] ?? Inside(answer, "response") ?? Inside(answer, "message") ?? Inside(answer, "x_groq");
            if (seen is not JsonObject found) continue;
            if (usage is null || Name != "messages") usage = (JsonObject)found.DeepClone();
            // Anthropic names at the end of a stream only what has changed since its begin.
            else foreach (var (field, value) in found) if (value is not null) usage[field] = value.DeepClone();
        }
        if (usage is null) return RecordedUsage.None;
        return Name switch
        {
            "chat" => new(Count(usage, "prompt_tokens"), Count(usage, "completion_tokens"), Count(usage["prompt_tokens_details"], "cached_tokens"), Count(usage["completion_tokens_details"], "reasoning_tokens")),
            "responses" => new(Count(usage, "input_tokens"), Count(usage, "output_tokens"), Count(usage["input_tokens_details"], "cached_tokens"), Count(usage["output_tokens_details"], "reasoning_tokens")),
            // Anthropic's input_tokens are only those that were neither read from the cache nor written to it.
            "messages" => new(
                Count(usage, "input_tokens") + (Count(usage, "cache_creation_input_tokens") ?? 0) + (Count(usage, "cache_read_input_tokens") ?? 0),
                Count(usage, "output_tokens"), Count(usage, "cache_read_input_tokens"), null),
            _ => new(Count(usage, "prompt_tokens"), Count(usage, "prompt_tokens") is null ? null : 0, null, null),
        };
    }

    /// <summary>Whether it is a complete answer without an error.</summary>
    public bool IsComplete(RecordedExchange exchange)
    {
        if (exchange.Status >= 400) return false;
        var answers = Objects(exchange).ToList();
        if (answers.Count == 0 || answers.Exists(static answer => answer["error"] is not null || answer["type"]?.ToString() is "error" or "response.failed")) return false;
        if (!exchange.IsStream)
            return Name switch
            {
                "chat" => answers[0]["choices"] is JsonArray { Count: > 0 },
                "responses" => answers[0]["output"] is JsonArray,
                "messages" => answers[0]["content"] is JsonArray,
                "embeddings" => answers[0]["data"] is JsonArray,
                _ => answers[0]["input_tokens"] is JsonValue,
            };
        return Name switch
        {
            "chat" => Encoding.UTF8.GetString(exchange.Body).Split('\n').Any(static line => line.TrimEnd('\r') is "data: [DONE]" or "data:[DONE]"),
            "responses" => answers.Exists(static answer => answer["type"]?.ToString() is "response.completed" or "response.incomplete"),
            _ => answers.Exists(static answer => answer["type"]?.ToString() == "message_stop"),
        };
    }

    /// <summary>The answer, or the objects of its events.</summary>
    private static IEnumerable<JsonObject> Objects(RecordedExchange exchange)
    {
        if (!exchange.IsStream)
        {
            if (Parse(Encoding.UTF8.GetString(exchange.Body)) is { } whole) yield return whole;
            yield break;
        }
        foreach (var line in Encoding.UTF8.GetString(exchange.Body).Split('\n'))
            if (line.StartsWith("data:", StringComparison.Ordinal) && Parse(line["data:".Length..]) is { } data) yield return data;
    }

    private static JsonNode? Inside(JsonObject answer, string name) => (answer[name] as JsonObject)?["usage"];

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static long? Count(JsonNode? usage, string name) => usage is JsonObject fields && fields[name] is JsonValue value && value.TryGetValue<long>(out var count) ? count : null;
}
