namespace SomaStack.Intelligence.Inference;

/// <summary>
/// How many bytes of text a message or a piece of an answer holds, in any of the formats, found without parsing: the string values
/// of the fields that carry text. Only for estimates of what a provider did not count. Pure.
/// </summary>
internal static class StreamText
{
    /// <summary>The text that a model wrote, in one event.</summary>
    public static int Written(ReadOnlySpan<byte> data)
    {
        // These repeat what their deltas said.
        if (data.IndexOf(".done\""u8) >= 0 || data.IndexOf("\"response.completed\""u8) >= 0) return 0;
        return Of(data, "\"content\""u8) + Of(data, "\"text\""u8) + Of(data, "\"delta\""u8) + Of(data, "\"arguments\""u8) + Of(data, "\"reasoning_content\""u8)
            + Of(data, "\"partial_json\""u8) + Of(data, "\"thinking\""u8) + Of(data, "\"refusal\""u8);
    }

    /// <summary>The text that a model is given, in one request.</summary>
    public static int Sent(ReadOnlySpan<byte> body) =>
        Of(body, "\"content\""u8) + Of(body, "\"text\""u8) + Of(body, "\"system\""u8) + Of(body, "\"instructions\""u8) + Of(body, "\"input\""u8) + Of(body, "\"arguments\""u8)
        + Of(body, "\"output\""u8);

    private static int Of(ReadOnlySpan<byte> json, ReadOnlySpan<byte> field)
    {
        var total = 0;
        for (var at = json.IndexOf(field); at >= 0; at = json.IndexOf(field))
        {
            json = json[(at + field.Length)..].TrimStart(" \t\r\n"u8);
            if (json.IsEmpty || json[0] != ':') continue;
            json = json[1..].TrimStart(" \t\r\n"u8);
            if (json.IsEmpty || json[0] != '"') continue;
            var (length, end) = Text(json[1..]);
            total += length;
            json = json[(1 + end)..];
        }
        return total;
    }

    /// <summary>The UTF-8 length of a string without its escapes, and where it ends.</summary>
    private static (int Length, int End) Text(ReadOnlySpan<byte> json)
    {
        var (length, at) = (0, 0);
        while (true)
        {
            var plain = json[at..].IndexOfAny((byte)'"', (byte)'\\');
            if (plain < 0) return (length + json.Length - at, json.Length);
            length += plain;
            at += plain;
            if (json[at] == '"') return (length, at);
            // \n is one byte; a character written as \uXXXX takes up to three (each half of a pair two of four).
            var isCode = at + 1 < json.Length && json[at + 1] == 'u';
            length += isCode ? 3 : 1;
            at = Math.Min(json.Length, at + (isCode ? 6 : 2));
        }
    }
}
