using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>What the gateway must know of a request of the responses API; the rest is the provider's to judge.</summary>
internal sealed record ResponsesEnvelope(string? Model, bool Stream, long? OutputTokensMax) : NamedEnvelope(Model, Stream, OutputTokensMax)
{
    /// <summary>The provider is asked to go on after its answer has left.</summary>
    public bool Background { get; init; }

    /// <summary>The answer that this one continues, kept by the provider.</summary>
    public string? Previous { get; init; }

    /// <summary>It names a conversation that the provider keeps.</summary>
    public bool Conversation { get; init; }

    private int Seen { get; init; }

    /// <exception cref="Problem">400 when it is no JSON object, 422 when a field that we read has the wrong type or stands twice.</exception>
    public static new ResponsesEnvelope Read(ReadOnlySpan<byte> body) => Walk(body, new ResponsesEnvelope(null, false, null) { IsEmpty = true }, ReadField);

    private static ResponsesEnvelope? ReadField(ref Utf8JsonReader reader, ResponsesEnvelope envelope)
    {
        if (reader.ValueTextEquals("stream"u8)) return envelope.Once("stream", 1) with { Stream = Flag(ref reader, "stream") };
        if (reader.ValueTextEquals("background"u8)) return envelope.Once("background", 2) with { Background = Flag(ref reader, "background") };
        if (reader.ValueTextEquals("max_output_tokens"u8)) return envelope.Once("max_output_tokens", 4) with { OutputTokensMax = Number(ref reader) };
        if (reader.ValueTextEquals("previous_response_id"u8)) return envelope.Once("previous_response_id", 8) with { Previous = Text(ref reader) };
        if (!reader.ValueTextEquals("conversation"u8)) return null;
        envelope = envelope.Once("conversation", 16);
        reader.Read();
        var named = reader.TokenType != JsonTokenType.Null;
        reader.Skip();
        return envelope with { Conversation = named };
    }

    private ResponsesEnvelope Once(string field, int bit) => (Seen & bit) == 0 ? this with { Seen = Seen | bit } : throw Problem.Invalid(field, "is given twice");

    private static bool Flag(ref Utf8JsonReader reader, string field)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.True => true,
            JsonTokenType.False or JsonTokenType.Null => false,
            _ => throw Problem.Invalid(field, "must be true or false"),
        };
    }

    private static long? Number(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return null;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) && number is >= 1 and <= int.MaxValue
            ? number
            : throw Problem.Invalid("max_output_tokens", $"must be a whole number from 1 to {int.MaxValue}");
    }

    private static string? Text(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return null;
        return reader.TokenType == JsonTokenType.String && reader.GetString() is { Length: > 0 and <= 256 } text ? text : throw Problem.Invalid("previous_response_id", "must be a string of 1 to 256 characters");
    }
}
