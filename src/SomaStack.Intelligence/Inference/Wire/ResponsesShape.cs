using System.Text.Json;
using SomaStack.Governance.Billing.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>Reads what matters of a response object, or of an event around one, without building a document.</summary>
internal struct ResponsesShape
{
    /// <summary>Of an event: <c>response.completed</c>.</summary>
    public string? Type { get; private set; }

    /// <summary>Of the response: completed, incomplete, failed, in_progress, queued or cancelled.</summary>
    public string? Status { get; private set; }

    public string? Id { get; private set; }

    /// <summary>Null when it reports none.</summary>
    public TokenUsage? Usage { get; private set; }

    public bool HasError { get; private set; }

    /// <summary>It has a list of output.</summary>
    public bool HasOutput { get; private set; }

    /// <returns>Null when it is no JSON object.</returns>
    public static ResponsesShape? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            var shape = default(ResponsesShape);
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
            shape.ReadObject(ref reader, inside: false);
            return shape;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private void ReadObject(ref Utf8JsonReader reader, bool inside)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject) Usage = ReadUsage(ref reader);
                else reader.Skip();
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                HasError |= reader.TokenType != JsonTokenType.Null;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("output"u8))
            {
                reader.Read();
                HasOutput |= reader.TokenType == JsonTokenType.StartArray;
                reader.Skip();
            }
            else if (!inside && reader.ValueTextEquals("type"u8)) Type = Text(ref reader);
            else if (reader.ValueTextEquals("status"u8)) Status = Text(ref reader) ?? Status;
            else if (reader.ValueTextEquals("id"u8)) Id = Text(ref reader) ?? Id;
            else if (!inside && reader.ValueTextEquals("response"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.StartObject) ReadObject(ref reader, inside: true);
                else reader.Skip();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private static TokenUsage ReadUsage(ref Utf8JsonReader reader)
    {
        long? input = null, output = null, cached = null, reasoning = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("input_tokens"u8)) input = TokenCounts.Count(ref reader);
            else if (reader.ValueTextEquals("output_tokens"u8)) output = TokenCounts.Count(ref reader);
            else if (reader.ValueTextEquals("input_tokens_details"u8)) cached = TokenCounts.Detail(ref reader, "cached_tokens"u8) ?? cached;
            else if (reader.ValueTextEquals("output_tokens_details"u8)) reasoning = TokenCounts.Detail(ref reader, "reasoning_tokens"u8) ?? reasoning;
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
        return new TokenUsage(input, output, cached, reasoning);
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String) return reader.GetString();
        reader.Skip();
        return null;
    }
}
