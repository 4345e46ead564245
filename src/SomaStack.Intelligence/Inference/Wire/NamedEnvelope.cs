using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// What the gateway must know of a request whose only change on its way is the model's name, read in one pass without building the rest.
/// </summary>
internal record NamedEnvelope(string? Model, bool Stream, long? OutputTokensMax) : Envelope(Model, Stream, WantsUsage: true, OutputTokensMax, Choices: 1)
{
    /// <summary>The model's name with its quotes; null when the request names none.</summary>
    protected (int Start, int Length)? ModelAt { get; init; }

    protected bool IsEmpty { get; init; }

    public override ReadOnlyMemory<byte> Forward(ReadOnlyMemory<byte> body, string model)
    {
        if (Model == model) return body;
        var edits = new BodyEdits();
        var name = $"\"{JsonEncodedText.Encode(model)}\"";
        if (ModelAt is { } at) edits.Replace(at.Start, at.Length, Encoding.UTF8.GetBytes(name));
        else edits.Replace(body.Span.IndexOf((byte)'{') + 1, 0, Encoding.UTF8.GetBytes($"\"model\":{name}{(IsEmpty ? "" : ",")}"));
        return edits.Apply(body);
    }

    /// <summary>Reads the model's name alone.</summary>
    /// <exception cref="Problem">400 when it is no JSON object, 422 when the name has the wrong type or stands twice.</exception>
    public static NamedEnvelope Read(ReadOnlySpan<byte> body) => Walk(body, new NamedEnvelope(null, false, null) { IsEmpty = true }, static (ref Utf8JsonReader _, NamedEnvelope _) => null);

    /// <summary>Reads a further field: its value, or null when the field is not one that matters.</summary>
    protected delegate T? FieldReader<T>(ref Utf8JsonReader reader, T envelope) where T : NamedEnvelope;

    protected static T Walk<T>(ReadOnlySpan<byte> body, T envelope, FieldReader<T> more) where T : NamedEnvelope
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw PlatformProblems.MalformedRequest.Because("The body is not a JSON object.");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (envelope.IsEmpty) envelope = envelope with { IsEmpty = false };
                if (reader.ValueTextEquals("model"u8)) envelope = ReadModel(ref reader, envelope);
                else if (more(ref reader, envelope) is { } read) envelope = read;
                else
                {
                    reader.Read();
                    reader.Skip();
                }
            }
            while (reader.Read())
            {
                // What stands behind the object is no JSON, and the reader says so.
            }
            return envelope;
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
    }

    private static T ReadModel<T>(ref Utf8JsonReader reader, T envelope) where T : NamedEnvelope
    {
        // A second value could be read differently by the provider.
        if (envelope.ModelAt is not null) throw Problem.Invalid("model", "is given twice");
        reader.Read();
        var at = ((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex));
        if (reader.TokenType == JsonTokenType.Null) return envelope with { ModelAt = at };
        if (reader.TokenType != JsonTokenType.String) throw Problem.Invalid("model", "must be a string");
        var name = reader.GetString()!;
        return name.Length is > 0 and <= 256 ? envelope with { Model = name, ModelAt = at } : throw Problem.Invalid("model", "must have 1 to 256 characters");
    }
}
