using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Tells whether an answer refuses, from what passes by. What the provider itself says decides first (<c>refusal</c>, <c>content_filter</c>,
/// a stop reason), an answer that ended of itself without a word next, then the phrases of <see cref="RefusalPhrases"/>. For one answer, by one reader.
/// </summary>
internal sealed class RefusalWatch
{
    private readonly StringBuilder _text = new();
    private bool _seen;
    private bool _hasText;
    private bool _acts;
    private bool _cut;
    private string? _said;

    /// <summary>Null when nothing was seen, or too little to tell: an answer without a word that was cut by its length.</summary>
    public bool? Refused => Signal is not null ? true : !_seen || (!_hasText && !_acts && _cut) ? null : false;

    /// <summary>refusal, content_filter, stop_reason, empty or phrase; null when it does not refuse.</summary>
    public string? Signal => _said ?? (!_seen || _acts ? null : !_hasText ? (_cut ? null : "empty") : RefusalPhrases.Matches(_text.ToString()) ? "phrase" : null);

    /// <summary>A piece from a provider's official client.</summary>
    public void See(ChatResponseUpdate update)
    {
        _seen = true;
        if (update.FinishReason == ChatFinishReason.ContentFilter) _said ??= "content_filter";
        else if (update.FinishReason is { Value: "refusal" }) _said ??= "stop_reason";
        else if (update.FinishReason == ChatFinishReason.Length) _cut = true;
        foreach (var content in update.Contents)
        {
            if (content is TextContent { Text: { } text }) Take(text);
            else if (content is ErrorContent { ErrorCode: "Refusal" or "refusal" }) _said ??= "refusal";
            else if (content is not (UsageContent or TextReasoningContent or ErrorContent)) _acts = true;
        }
    }

    /// <summary>A whole answer: OpenAI's chat or responses, or Anthropic's message. Anything else tells nothing.</summary>
    public void SeeWhole(ReadOnlyMemory<byte> json) => Read(json, isEvent: false);

    /// <summary>One event of a stream of these formats, as it stands on the wire.</summary>
    public void SeeEvent(ReadOnlyMemory<byte> whole)
    {
        var data = EventRelay.DataOf(whole);
        if (data.IsEmpty || data.Span[0] != '{') return;
        // Once the phrase rule has all the text that it reads, only what can still change the verdict is parsed.
        if (_text.Length >= RefusalPhrases.Length && !MayDecide(data.Span)) return;
        Read(data, isEvent: true);
    }

    private static bool MayDecide(ReadOnlySpan<byte> data) => data.IndexOf("refusal"u8) >= 0 || data.IndexOf("content_filter"u8) >= 0;

    private void Read(ReadOnlyMemory<byte> json, bool isEvent)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return;
            if (root.TryGetProperty("choices", out var choices)) SeeChat(choices);
            else if (isEvent) SeeTyped(root);
            else if (Text(root, "object") == "response") SeeResponse(root);
            else if (Text(root, "type") == "message") SeeMessage(root);
        }
        catch (JsonException)
        {
            // The reader of the format judges it; here it tells nothing.
        }
    }

    /// <summary>The first of several choices is the one that is judged.</summary>
    private void SeeChat(JsonElement choices)
    {
        if (choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0) return;
        var choice = choices[0];
        if (choice.ValueKind != JsonValueKind.Object) return;
        _seen = true;
        if (Text(choice, "finish_reason") is { } finish)
        {
            if (finish == "content_filter") _said ??= "content_filter";
            else if (finish == "length") _cut = true;
        }
        if (!choice.TryGetProperty("message", out var message) && !choice.TryGetProperty("delta", out message) || message.ValueKind != JsonValueKind.Object) return;
        if (Text(message, "refusal") is { Length: > 0 }) _said ??= "refusal";
        if (Text(message, "content") is { } content) Take(content);
        if (message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array && calls.GetArrayLength() > 0) _acts = true;
        if (message.TryGetProperty("function_call", out var call) && call.ValueKind == JsonValueKind.Object) _acts = true;
    }

    private void SeeMessage(JsonElement message)
    {
        _seen = true;
        Stopped(Text(message, "stop_reason"));
        if (!message.TryGetProperty("content", out var parts) || parts.ValueKind != JsonValueKind.Array) return;
        foreach (var part in parts.EnumerateArray()) SeePart(part);
    }

    private void SeeResponse(JsonElement response)
    {
        _seen = true;
        if (response.TryGetProperty("incomplete_details", out var details) && details.ValueKind == JsonValueKind.Object)
        {
            if (Text(details, "reason") == "content_filter") _said ??= "content_filter";
            else _cut = true;
        }
        if (!response.TryGetProperty("output", out var output) || output.ValueKind != JsonValueKind.Array) return;
        foreach (var item in output.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Object) continue;
            if (Text(item, "type") is "message" && item.TryGetProperty("content", out var parts) && parts.ValueKind == JsonValueKind.Array)
                foreach (var part in parts.EnumerateArray()) SeePart(part);
            else if (Text(item, "type") is not ("message" or "reasoning")) _acts = true;
        }
    }

    private void SeePart(JsonElement part)
    {
        if (part.ValueKind != JsonValueKind.Object) return;
        switch (Text(part, "type"))
        {
            case "text" or "output_text":
                if (Text(part, "text") is { } text) Take(text);
                break;
            case "refusal":
                _said ??= "refusal";
                break;
            case "thinking" or "redacted_thinking" or "reasoning_text" or "summary_text":
                break;
            default:
                _acts = true;
                break;
        }
    }

    /// <summary>Events of Anthropic's messages and of OpenAI's responses name their type.</summary>
    private void SeeTyped(JsonElement root)
    {
        switch (Text(root, "type"))
        {
            case "message_start":
                _seen = true;
                break;
            case "content_block_start" when root.TryGetProperty("content_block", out var block):
                SeePart(block);
                break;
            case "content_block_delta" when root.TryGetProperty("delta", out var delta) && Text(delta, "type") == "text_delta":
                if (Text(delta, "text") is { } text) Take(text);
                break;
            case "message_delta" when root.TryGetProperty("delta", out var end):
                Stopped(Text(end, "stop_reason"));
                break;
            case "response.output_text.delta":
                _seen = true;
                if (Text(root, "delta") is { } more) Take(more);
                break;
            case "response.refusal.delta" or "response.refusal.done":
                _said ??= "refusal";
                break;
            case "response.completed" or "response.incomplete" when root.TryGetProperty("response", out var response) && response.ValueKind == JsonValueKind.Object:
                // It repeats the whole answer, behind what came before: the rule looks at the beginning.
                SeeResponse(response);
                break;
        }
    }

    private void Stopped(string? reason)
    {
        if (reason == "refusal") _said ??= "stop_reason";
        else if (reason is "max_tokens" or "pause_turn" or "model_context_window_exceeded") _cut = true;
    }

    private void Take(string text)
    {
        if (!_hasText && string.IsNullOrWhiteSpace(text)) return;
        _hasText = true;
        if (_text.Length < RefusalPhrases.Length) _text.Append(text.AsSpan(0, Math.Min(text.Length, RefusalPhrases.Length * 2)));
    }

    private static string? Text(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
