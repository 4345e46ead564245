using System.Text.Json;
using SomaStack.Governance.Billing.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>What an object of the Messages format is, as far as the gateway minds.</summary>
internal enum MessagesKind
{
    Other,
    Message,
    Start,
    Content,
    Delta,
    Stop,
    Error,
}

/// <summary>Reads what an object of the Messages format is and the tokens that it reports, without building a document.</summary>
internal static class MessagesShape
{
    /// <param name="Usage">Null when the object reports none.</param>
    public readonly record struct Seen(MessagesKind Kind, TokenUsage? Usage);

    /// <summary>What is no JSON object is <see cref="MessagesKind.Other"/>.</summary>
    public static Seen Read(ReadOnlySpan<byte> json)
    {
        var kind = MessagesKind.Other;
        TokenUsage? usage = null;
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return default;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("type"u8))
                {
                    reader.Read();
                    kind = KindOf(ref reader);
                    reader.Skip();
                }
                else if (reader.ValueTextEquals("usage"u8)) usage = UsageOf(ref reader, isBeginning: false) ?? usage;
                else if (reader.ValueTextEquals("message"u8)) usage = BeginningOf(ref reader) ?? usage;
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
            return reader.Read() ? default : new Seen(kind, usage);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    private static MessagesKind KindOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String) return MessagesKind.Other;
        if (reader.ValueTextEquals("content_block_delta"u8) || reader.ValueTextEquals("content_block_start"u8)) return MessagesKind.Content;
        if (reader.ValueTextEquals("message"u8)) return MessagesKind.Message;
        if (reader.ValueTextEquals("message_start"u8)) return MessagesKind.Start;
        if (reader.ValueTextEquals("message_delta"u8)) return MessagesKind.Delta;
        if (reader.ValueTextEquals("message_stop"u8)) return MessagesKind.Stop;
        return reader.ValueTextEquals("error"u8) ? MessagesKind.Error : MessagesKind.Other;
    }

    /// <summary>The usage inside <c>message_start</c>.</summary>
    private static TokenUsage? BeginningOf(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }
        TokenUsage? usage = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("usage"u8)) usage = UsageOf(ref reader, isBeginning: true) ?? usage;
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        return usage;
    }

    /// <param name="isBeginning">
    /// What is written when a stream begins is not what will have been written at its end: a stream cut in between has an unknown output.
    /// </param>
    private static TokenUsage? UsageOf(ref Utf8JsonReader reader, bool isBeginning)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }
        long? input = null, output = null, read = null, written = null, hour = null, thought = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("input_tokens"u8)) input = TokenCounts.Count(ref reader);
            else if (reader.ValueTextEquals("output_tokens"u8)) output = TokenCounts.Count(ref reader);
            else if (reader.ValueTextEquals("cache_read_input_tokens"u8)) read = TokenCounts.Count(ref reader);
            else if (reader.ValueTextEquals("cache_creation_input_tokens"u8)) written = TokenCounts.Count(ref reader);
            else if (reader.ValueTextEquals("cache_creation"u8)) hour = TokenCounts.Detail(ref reader, "ephemeral_1h_input_tokens"u8);
            else if (reader.ValueTextEquals("output_tokens_details"u8)) thought = TokenCounts.Detail(ref reader, "thinking_tokens"u8);
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        // Anthropic counts apart what was read from its cache and what was written to it; we count all input together.
        return new TokenUsage(input + (read ?? 0) + (written ?? 0), isBeginning ? null : output, read, isBeginning ? null : thought, written) { CacheWriteHourTokens = hour };
    }
}
