using System.Text.Json;
using System.Text.Json.Nodes;

namespace SomaStack.Intelligence.Inference;

/// <summary>Reads what OpenAI-compatible servers say when they refuse: <c>{"error":{"message":…}}</c>, <c>{"error":"…"}</c> or <c>{"message":…}</c>.</summary>
internal static class ErrorShape
{
    public static string? MessageOf(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            var root = JsonNode.Parse(ref reader);
            // Gemini's OpenAI surface wraps the object in a list.
            if (root is JsonArray { Count: > 0 } list) root = list[0];
            if (root is not JsonObject fields) return null;
            var error = fields["error"] ?? fields["message"] ?? fields["detail"];
            if (error is JsonObject inner) error = inner["message"];
            return error is JsonValue value && value.TryGetValue<string>(out var message) ? message : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }

    /// <summary>Whether OpenAI's own clients would understand it: an object whose <c>error</c> is an object with a message.</summary>
    public static bool IsOpenAi(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            return JsonNode.Parse(ref reader) is JsonObject fields && fields["error"] is JsonObject error && error["message"] is JsonValue;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }
}
