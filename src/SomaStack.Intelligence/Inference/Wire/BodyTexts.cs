using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Redacts the texts inside a JSON body and leaves every other byte as it came. Pure.</summary>
internal static class BodyTexts
{
    /// <summary>Every string value but the model's name; names of members are none.</summary>
    /// <param name="body">A JSON object.</param>
    /// <exception cref="Problem">400 when a text is not well-formed Unicode, so that it cannot be looked at.</exception>
    public static ReadOnlyMemory<byte> Redact(ReadOnlyMemory<byte> body, Func<string, string?> redact)
    {
        var edits = new BodyEdits();
        var reader = new Utf8JsonReader(body.Span);
        var isModel = false;
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.String && !isModel && redact(reader.GetString()!) is { } clean)
                    edits.Replace((int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex), Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(clean)}\""));
                isModel = reader is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 } && reader.ValueTextEquals("model"u8);
            }
        }
        catch (InvalidOperationException exception)
        {
            // The reader's word for an escape that is half a surrogate pair.
            throw PlatformProblems.MalformedRequest.Because("The body holds text that is not well-formed Unicode.", exception);
        }
        return edits.Apply(body);
    }

    /// <summary>The same value when nothing is found in it.</summary>
    public static JsonElement Redact(JsonElement value, Func<string, string?> redact)
    {
        // In an array, so that a text alone has a place too.
        var whole = Encoding.UTF8.GetBytes($"[{value.GetRawText()}]");
        var clean = Redact(whole, redact);
        if (clean.Length == whole.Length && clean.Span.SequenceEqual(whole)) return value;
        using var document = JsonDocument.Parse(clean);
        return document.RootElement[0].Clone();
    }
}
