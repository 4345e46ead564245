using System.Text.Json;
using System.Text.Unicode;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>A value of a request with the place where it stands, so that a wrong type is refused by its name. JSON's null is an absent value.</summary>
internal readonly struct JsonField(JsonElement value, string path)
{
    public JsonElement Value => value;

    public string Path => path;

    public bool IsThere => value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    public bool IsText => value.ValueKind == JsonValueKind.String;

    public bool IsList => value.ValueKind == JsonValueKind.Array;

    /// <summary>The field of an object; absent when it is not there.</summary>
    /// <exception cref="Problem">422 when this is no object.</exception>
    public JsonField this[string name]
    {
        get
        {
            var place = path.Length == 0 ? name : path + "." + name;
            if (!IsThere) return new JsonField(default, place);
            if (value.ValueKind != JsonValueKind.Object) throw Wrong("must be an object");
            return new JsonField(value.TryGetProperty(name, out var found) ? found : default, place);
        }
    }

    /// <exception cref="Problem">400 when the body is no JSON object.</exception>
    public static JsonField Root(ReadOnlyMemory<byte> body)
    {
        if (!IsWellFormed(body.Span)) throw PlatformProblems.MalformedRequest.Because("The body holds text that is not well-formed Unicode.");
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new JsonField(document.RootElement.Clone(), "")
                : throw PlatformProblems.MalformedRequest.Because("The body is not a JSON object.");
        }
        catch (JsonException exception)
        {
            throw PlatformProblems.MalformedRequest.Because($"The body is not valid JSON (line {exception.LineNumber + 1}).", exception);
        }
    }

    /// <summary>The elements of a list; none when it is absent.</summary>
    /// <exception cref="Problem">422 when it is no list.</exception>
    public IEnumerable<JsonField> Items()
    {
        if (!IsThere) yield break;
        if (!IsList) throw Wrong("must be a list");
        var index = 0;
        foreach (var item in value.EnumerateArray()) yield return new JsonField(item, $"{path}[{index++}]");
    }

    /// <exception cref="Problem">422 when it is no string.</exception>
    public string? Text()
    {
        if (!IsThere) return null;
        return IsText ? value.GetString() : throw Wrong("must be a string");
    }

    /// <exception cref="Problem">422 when it is absent, empty or no string.</exception>
    public string NeededText() => Text() is { Length: > 0 } text ? text : throw Wrong("must be a string that is not empty");

    /// <exception cref="Problem">422 when it is absent, blank or no string.</exception>
    public string NeededName() => NeededText() is var name && !string.IsNullOrWhiteSpace(name) ? name : throw Wrong("must be a string that is not blank");

    /// <exception cref="Problem">422 when it is no number of that range.</exception>
    public double? Number(double min, double max)
    {
        if (!IsThere) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= min && number <= max ? number : throw Wrong($"must be a number from {min} to {max}");
    }

    /// <exception cref="Problem">422 when it is no whole number of that range.</exception>
    public long? Whole(long min, long max)
    {
        if (!IsThere) return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max ? number : throw Wrong($"must be a whole number from {min} to {max}");
    }

    /// <exception cref="Problem">422 when it is neither true nor false.</exception>
    public bool? Flag() => value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => IsThere ? throw Wrong("must be true or false") : null,
    };

    /// <summary>An object, or undefined when it is absent.</summary>
    /// <exception cref="Problem">422 when it is something else.</exception>
    public JsonElement Object() => !IsThere || value.ValueKind == JsonValueKind.Object ? value : throw Wrong("must be an object");

    /// <summary>Whether every name and text of it can be read: half a surrogate pair, or bytes that are no UTF-8, is only found on reading.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json)) return false;
        try
        {
            var reader = new Utf8JsonReader(json);
            while (reader.Read())
                if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String && reader.ValueIsEscaped) reader.GetString();
            return true;
        }
        catch (JsonException)
        {
            // Told by whoever parses it.
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    public Problem Wrong(string message) => Problem.Invalid(path.Length == 0 ? "body" : path, message);
}
