using System.Text.Json;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>OpenAI's embeddings: whole answers only.</summary>
internal sealed class EmbeddingsWire : IWire
{
    public WireFormat Format => WireFormat.Embeddings;

    public Envelope Read(ReadOnlySpan<byte> body) => NamedEnvelope.Read(body);

    public WholeSeen ReadWhole(ReadOnlySpan<byte> body)
    {
        var (data, error, input) = (false, false, default(long?));
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return default;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (isData, isError, isUsage) = (reader.ValueTextEquals("data"u8), reader.ValueTextEquals("error"u8), reader.ValueTextEquals("usage"u8));
                reader.Read();
                data |= isData && reader.TokenType == JsonTokenType.StartArray;
                error |= isError && reader.TokenType != JsonTokenType.Null;
                if (isUsage && reader.TokenType == JsonTokenType.StartObject) input = PromptTokens(ref reader);
                else reader.Skip();
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return default;
        }
        // A vector is no text: there are no output tokens to count.
        return new WholeSeen(input is null ? null : new TokenUsage(input, 0), data, error);
    }

    public EventSeen ReadEvent(ReadOnlySpan<byte> data) => default;

    public byte[] ErrorEvent(Problem problem, string traceId) => [];

    public bool IsRefusal(ReadOnlySpan<byte> body) => ErrorShape.IsOpenAi(body);

    private static long? PromptTokens(ref Utf8JsonReader reader)
    {
        long? tokens = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var counts = reader.ValueTextEquals("prompt_tokens"u8);
            reader.Read();
            if (counts && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var count) && count >= 0) tokens = count;
            else reader.Skip();
        }
        return tokens;
    }
}
