using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// What the gateway must know of a chat request, read in one pass without building the rest. Everything else is the provider's to
/// judge and is forwarded byte for byte.
/// </summary>
internal sealed record ChatEnvelope(string? Model, bool Stream, bool WantsUsage, long? OutputTokensMax, long Choices) : Envelope(Model, Stream, WantsUsage, OutputTokensMax, Choices)
{
    // A second value for what we decide on could be read differently by the provider.
    private HashSet<string> Seen { get; } = new(StringComparer.Ordinal);

    private bool _isEmpty = true;

    /// <summary>Where `stream_options` stands in the body, or where it can be put.</summary>
    private (int Start, int Length, byte[] Replacement)? _usageEdit;

    /// <summary>The model's name with its quotes; null when the request names none.</summary>
    private (int Start, int Length)? _modelAt;

    /// <exception cref="Problem">400 when it is no JSON object, 422 when a field that we read has the wrong type or stands twice.</exception>
    public static ChatEnvelope Read(ReadOnlySpan<byte> body)
    {
        var envelope = new ChatEnvelope(null, false, false, null, 1);
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw PlatformProblems.MalformedRequest.Because("The body is not a JSON object.");
            var afterBrace = (int)reader.BytesConsumed;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                envelope._isEmpty = false;
                envelope = ReadField(ref reader, envelope);
            }
            while (reader.Read())
            {
            }
            if (envelope is { Stream: true, _usageEdit: null } && !envelope.Seen.Contains("stream_options"))
                envelope._usageEdit = (afterBrace, 0, "\"stream_options\":{\"include_usage\":true},"u8.ToArray());
        }
        catch (JsonException exception)
        {
            throw PlatformProblems.MalformedRequest.Because($"The body is not valid JSON (line {exception.LineNumber + 1}).", exception);
        }
        catch (InvalidOperationException exception)
        {
            // The reader's word for an escape that is half a surrogate pair.
            throw PlatformProblems.MalformedRequest.Because("The body holds text that is not well-formed Unicode.", exception);
        }
        return envelope;
    }

    /// <summary>
    /// The body for the provider. A stream is asked to end with its usage, whether or not the caller wants to see it: metering does not
    /// depend on the caller. The model gets the name that the provider knows it by.
    /// </summary>
    public override ReadOnlyMemory<byte> Forward(ReadOnlyMemory<byte> body, string model)
    {
        var edits = new BodyEdits();
        if (Stream && _usageEdit is { } usage) edits.Replace(usage.Start, usage.Length, usage.Replacement);
        if (Model != model)
        {
            var name = $"\"{JsonEncodedText.Encode(model)}\"";
            if (_modelAt is { } at) edits.Replace(at.Start, at.Length, Encoding.UTF8.GetBytes(name));
            else edits.Replace(body.Span.IndexOf((byte)'{') + 1, 0, Encoding.UTF8.GetBytes($"\"model\":{name}{(_isEmpty ? "" : ",")}"));
        }
        return edits.Apply(body);
    }

    private static ChatEnvelope ReadField(ref Utf8JsonReader reader, ChatEnvelope envelope)
    {
        if (reader.ValueTextEquals("model"u8))
        {
            envelope.Once("model");
            reader.Read();
            envelope._modelAt = ((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex));
            if (reader.TokenType == JsonTokenType.Null) return envelope;
            if (reader.TokenType != JsonTokenType.String) throw Problem.Invalid("model", "must be a string");
            var name = reader.GetString()!;
            return name.Length is > 0 and <= 256 ? envelope with { Model = name } : throw Problem.Invalid("model", "must have 1 to 256 characters");
        }
        if (reader.ValueTextEquals("stream"u8))
        {
            envelope.Once("stream");
            reader.Read();
            return reader.TokenType switch
            {
                JsonTokenType.True => envelope with { Stream = true },
                JsonTokenType.False or JsonTokenType.Null => envelope,
                _ => throw Problem.Invalid("stream", "must be true or false"),
            };
        }
        if (reader.ValueTextEquals("max_completion_tokens"u8) || reader.ValueTextEquals("max_tokens"u8))
        {
            var limit = Number(ref reader, "max_completion_tokens", int.MaxValue);
            return limit is null ? envelope : envelope with { OutputTokensMax = Math.Max(limit.Value, envelope.OutputTokensMax ?? 0) };
        }
        if (reader.ValueTextEquals("n"u8))
        {
            envelope.Once("n");
            return envelope with { Choices = Number(ref reader, "n", 128) ?? 1 };
        }
        if (reader.ValueTextEquals("stream_options"u8))
        {
            envelope.Once("stream_options");
            return ReadStreamOptions(ref reader, envelope);
        }
        reader.Read();
        reader.Skip();
        return envelope;
    }

    private static ChatEnvelope ReadStreamOptions(ref Utf8JsonReader reader, ChatEnvelope envelope)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null)
        {
            envelope._usageEdit = ((int)reader.TokenStartIndex, 4, "{\"include_usage\":true}"u8.ToArray());
            return envelope;
        }
        if (reader.TokenType != JsonTokenType.StartObject) throw Problem.Invalid("stream_options", "must be an object");
        var inside = (int)reader.BytesConsumed;
        var empty = true;
        var wants = false;
        var found = false;
        (int, int, byte[])? edit = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            empty = false;
            var asks = reader.ValueTextEquals("include_usage"u8);
            if (asks && found) throw Problem.Invalid("stream_options.include_usage", "is given twice");
            reader.Read();
            if (asks)
            {
                found = true;
                wants = reader.TokenType == JsonTokenType.True;
                if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null)) throw Problem.Invalid("stream_options.include_usage", "must be true or false");
                if (!wants) edit = ((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex), "true"u8.ToArray());
            }
            else reader.Skip();
        }
        if (!found) edit = (inside, 0, empty ? "\"include_usage\":true"u8.ToArray() : "\"include_usage\":true,"u8.ToArray());
        envelope._usageEdit = edit;
        return envelope with { WantsUsage = wants };
    }

    private static long? Number(ref Utf8JsonReader reader, string field, long max)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return null;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number) && number >= 1 && number <= max
            ? number
            : throw Problem.Invalid(field, $"must be a whole number from 1 to {max}");
    }

    private void Once(string field)
    {
        if (!Seen.Add(field)) throw Problem.Invalid(field, "is given twice");
    }
}
