using System.Text.Json;
using Microsoft.ML.Tokenizers;

namespace SomaStack.Intelligence.Inference;

/// <param name="IsExact">The model's own tokenizer over plain text, by the documented rule; false: an estimate.</param>
/// <param name="ImageTokensMax">What its images were taken for, the most that one of them can cost; null without images.</param>
internal readonly record struct TokenCount(long Tokens, bool IsExact, long? ImageTokensMax, string Encoding);

/// <summary>Counts tokens before a call. What is billed is always the provider's own count.</summary>
internal sealed class TokenCounter(Tokenizers tokenizers)
{
    /// <summary>
    /// Above this the body's length bounds its tokens: tokenizing more would be felt by the caller (`soma bench tokens` shows the time).
    /// </summary>
    public const int TokenizedBytesMax = 16 << 10;

    /// <summary>Below this there is little to gain.</summary>
    private const int TokenizedBytesMin = 256;

    // The rule of OpenAI's cookbook, "How to count tokens with tiktoken": three for each message, one for a name, three that open the answer.
    private const int PerMessage = 3;
    private const int PerName = 1;
    private const int OpensAnswer = 3;

    public async Task<TokenCount> CountTextAsync(string model, string text)
    {
        var encoding = ModelEncoding.Of(model);
        var tokenizer = await tokenizers.LoadAsync(encoding.Encoding);
        return new TokenCount(Count(tokenizer, text), encoding.IsOwn && !HoldsSpecial(text), null, encoding.Encoding);
    }

    /// <param name="messages">An array in OpenAI's shape.</param>
    /// <param name="tools">An array in OpenAI's shape, or nothing.</param>
    public async Task<TokenCount> CountMessagesAsync(string model, JsonElement messages, JsonElement? tools)
    {
        var encoding = ModelEncoding.Of(model);
        var tally = new MessageTally(await tokenizers.LoadAsync(encoding.Encoding), encoding);
        foreach (var message in messages.EnumerateArray()) tally.Add(message);
        if (tools is { ValueKind: JsonValueKind.Array } listed) tally.AddTools(listed);
        return tally.Sum();
    }

    /// <summary>
    /// At most so many input tokens has a chat request in OpenAI's shape. A byte-level tokenizer makes at most one token of a byte, so the
    /// body's length is a bound; where the model's own tokenizer is at hand, each message's text is counted with it instead of by its bytes.
    /// It stays a bound: the text is tokenized on its own between special tokens, and those are fewer than the bytes of the JSON around
    /// the text, which are still counted whole. Like the length it bounds nothing that the body only points to, such as an image behind an address.
    /// </summary>
    public long UpperBound(ReadOnlySpan<byte> body, string model)
    {
        if (body.Length is < TokenizedBytesMin or > TokenizedBytesMax) return body.Length;
        var encoding = ModelEncoding.Of(model);
        return encoding.IsOwn && tokenizers.Warm(encoding.Encoding) is { } tokenizer ? body.Length - Saved(body, tokenizer) : body.Length;
    }

    /// <summary>
    /// Tiktoken's special tokens are plain text to a provider, but one token to this tokenizer: they are cut in two, so that they are counted as text.
    /// </summary>
    internal static long Count(Tokenizer tokenizer, string text)
    {
        if (!HoldsSpecial(text)) return tokenizer.CountTokens(text);
        var sum = 0L;
        var parts = text.Split("<|");
        for (var i = 0; i < parts.Length; i++) sum += tokenizer.CountTokens((i == 0 ? "" : "|") + parts[i] + (i == parts.Length - 1 ? "" : "<"));
        return sum;
    }

    internal static bool HoldsSpecial(string text) => text.Contains("<|", StringComparison.Ordinal);

    /// <summary>The bytes of the messages' texts less their tokens.</summary>
    private static long Saved(ReadOnlySpan<byte> body, Tokenizer tokenizer)
    {
        try
        {
            var saved = 0L;
            var reader = new Utf8JsonReader(body);
            var (inMessages, isText) = (false, false);
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    if (reader.CurrentDepth == 1) inMessages = reader.ValueTextEquals("messages"u8);
                    // messages[i].content, or messages[i].content[j].text.
                    isText = inMessages && (reader.CurrentDepth == 3 && reader.ValueTextEquals("content"u8) || reader.CurrentDepth == 5 && reader.ValueTextEquals("text"u8));
                }
                else if (isText && reader.TokenType == JsonTokenType.String && reader.CurrentDepth is 3 or 5)
                {
                    isText = false;
                    var bytes = reader.ValueSpan.Length;
                    var text = reader.GetString()!;
                    if (!HoldsSpecial(text)) saved += Math.Max(0, bytes - tokenizer.CountTokens(text));
                }
            }
            return saved;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // No JSON, or half a surrogate pair: the length bounds it too.
            return 0;
        }
    }

    /// <summary>The sum over a request.</summary>
    private struct MessageTally(Tokenizer tokenizer, ModelEncoding encoding)
    {
        private long _tokens = OpensAnswer;
        private long _images;
        private bool _isPlain = true;

        public readonly TokenCount Sum() => new(_tokens + _images, encoding.IsOwn && encoding.HasRule && _isPlain, _images == 0 ? null : _images, encoding.Encoding);

        public void Add(JsonElement message)
        {
            _tokens += PerMessage;
            foreach (var property in message.EnumerateObject())
            {
                if (property.NameEquals("content"u8)) AddContent(property.Value);
                else if (property.NameEquals("name"u8)) _tokens += PerName + CountOf(property.Value);
                else if (property.NameEquals("role"u8)) _tokens += CountOf(property.Value);
                else if (property.NameEquals("tool_calls"u8)) AddCalls(property.Value);
            }
        }

        public void AddTools(JsonElement tools)
        {
            _isPlain = false;
            _tokens += ToolTokens.Count(tokenizer, encoding, tools);
        }

        private void AddContent(JsonElement content)
        {
            if (content.ValueKind == JsonValueKind.String)
            {
                _tokens += CountOf(content);
                return;
            }
            if (content.ValueKind != JsonValueKind.Array) return;
            foreach (var part in content.EnumerateArray())
            {
                if (part.ValueKind != JsonValueKind.Object) continue;
                if (part.TryGetProperty("text", out var text)) _tokens += CountOf(text);
                else
                {
                    // Anything that is no text is an image here; files and audio are not counted, only marked as an estimate.
                    _isPlain = false;
                    if (part.TryGetProperty("image_url", out _) || part.TryGetProperty("source", out _)) _images += encoding.IsOwn ? ImageTokens.OpenAiMax : ImageTokens.OthersMax;
                }
            }
        }

        /// <summary>How a provider lays calls out is not documented: their names and arguments are counted as text.</summary>
        private void AddCalls(JsonElement calls)
        {
            if (calls.ValueKind != JsonValueKind.Array) return;
            _isPlain = false;
            foreach (var call in calls.EnumerateArray())
                if (call.ValueKind == JsonValueKind.Object && call.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object)
                {
                    if (function.TryGetProperty("name", out var name)) _tokens += PerMessage + CountOf(name);
                    if (function.TryGetProperty("arguments", out var arguments)) _tokens += CountOf(arguments);
                }
        }

        private long CountOf(JsonElement text)
        {
            if (text.ValueKind != JsonValueKind.String) return 0;
            var value = text.GetString()!;
            if (HoldsSpecial(value)) _isPlain = false;
            return Count(tokenizer, value);
        }
    }
}

/// <summary>The most that one image costs, since its size is not known here.</summary>
internal static class ImageTokens
{
    /// <summary>GPT-4o, high detail, "Images and vision": 85 + 170 for each of at most 8 tiles (2048 x 768 is the largest it is scaled to).</summary>
    public const int OpenAiMax = 85 + 170 * 8;

    /// <summary>Anthropic, "Vision": width x height / 750 of at most 1.15 megapixels, about 1,600.</summary>
    public const int OthersMax = 1600;
}
