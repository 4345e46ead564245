using System.Text.Json;
using SomaStack.Governance.Billing.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>Reads token counts where OpenAI-compatible servers put them, without building a document.</summary>
internal static class UsageShape
{
    /// <param name="Usage">Null when the object reports none.</param>
    /// <param name="HasError">The object carries an error, as some servers send inside a stream.</param>
    /// <param name="HasChoices">It carries content too, so it is no pure usage chunk.</param>
    public readonly record struct Seen(TokenUsage? Usage, bool HasError, bool HasChoices, bool IsObject);

    /// <summary>Looks at a completion or a chunk; what is no JSON object gives <c>IsObject = false</c>.</summary>
    public static Seen Read(ReadOnlySpan<byte> json)
    {
        TokenUsage? usage = null;
        TokenUsage? groq = null;
        var error = false;
        var choices = false;
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return default;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("usage"u8))
                {
                    reader.Read();
                    if (reader.TokenType == JsonTokenType.StartObject) usage = ReadUsage(ref reader);
                    else reader.Skip();
                }
                else if (reader.ValueTextEquals("x_groq"u8)) groq = ReadInside(ref reader);
                else if (reader.ValueTextEquals("error"u8))
                {
                    reader.Read();
                    error = reader.TokenType != JsonTokenType.Null;
                    reader.Skip();
                }
                else if (reader.ValueTextEquals("choices"u8))
                {
                    reader.Read();
                    var start = reader.BytesConsumed;
                    reader.Skip();
                    // An empty list ends one byte after it begins (or after white space).
                    choices = json[(int)start..(int)reader.BytesConsumed].IndexOf((byte)'{') >= 0;
                }
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
            return new Seen(usage ?? groq, error, choices, true);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    /// <summary>Groq tells a stream's usage in a field of its own where it was not asked for it.</summary>
    private static TokenUsage? ReadInside(ref Utf8JsonReader reader)
    {
        TokenUsage? usage = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isUsage = reader.ValueTextEquals("usage"u8);
            reader.Read();
            if (isUsage && reader.TokenType == JsonTokenType.StartObject) usage = ReadUsage(ref reader);
            else reader.Skip();
        }
        return usage;
    }

    private static TokenUsage ReadUsage(ref Utf8JsonReader reader)
    {
        long? input = null, output = null, cached = null, reasoning = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("prompt_tokens"u8)) input = TokenCounts.Count(ref reader);
            else if (reader.ValueTextEquals("completion_tokens"u8)) output = TokenCounts.Count(ref reader);
            else if (reader.ValueTextEquals("prompt_tokens_details"u8)) cached = TokenCounts.Detail(ref reader, "cached_tokens"u8) ?? cached;
            else if (reader.ValueTextEquals("completion_tokens_details"u8)) reasoning = TokenCounts.Detail(ref reader, "reasoning_tokens"u8) ?? reasoning;
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        return new TokenUsage(input, output, cached, reasoning);
    }
}
