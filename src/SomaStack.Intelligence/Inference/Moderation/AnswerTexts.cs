using System.Text.Json;

namespace SomaStack.Intelligence.Inference;

/// <param name="Field">Which field it stands in: pieces of one field of one choice belong together.</param>
internal readonly record struct AnswerText(string Field, string Text, int Start, int Length);

/// <summary>
/// Finds what a model says in an answer or in one event of a stream, in any of the formats: strings of the fields that carry text, and all
/// strings of a tool's input. Pure.
/// </summary>
internal sealed class AnswerTexts
{
    private static readonly string[] Carriers = ["content", "text", "delta", "arguments", "reasoning_content", "reasoning", "partial_json", "thinking", "refusal", "transcript"];

    /// <summary>What the request said, or what is no text.</summary>
    private static readonly string[] Passed = ["tools", "tool_choice", "instructions", "metadata", "usage", "moderation", "error", "somastack"];

    public List<AnswerText> Texts { get; } = [];

    /// <summary>Values that repeat the text in another form.</summary>
    public List<(int Start, int Length)> Echoes { get; } = [];

    /// <summary>Where the pieces belong: the numbers of choice, block and call.</summary>
    public long Place { get; private set; }

    /// <returns>False when it is no JSON that can be read.</returns>
    public bool Read(ReadOnlySpan<byte> json)
    {
        Place = 0;
        Texts.Clear();
        Echoes.Clear();
        try
        {
            var reader = new Utf8JsonReader(json);
            if (!reader.Read()) return false;
            Value(ref reader, null, all: false);
            return true;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private void Value(ref Utf8JsonReader reader, string? carrier, bool all)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String when carrier is not null || all:
                Texts.Add(new AnswerText(carrier ?? "input", reader.GetString()!, (int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex)));
                break;
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) Value(ref reader, carrier, all);
                break;
            case JsonTokenType.StartObject:
                Fields(ref reader, all);
                break;
        }
    }

    private void Fields(ref Utf8JsonReader reader, bool all)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var carrier = Of(ref reader, Carriers);
            var inside = all || reader.ValueTextEquals("input"u8);
            var isPlace = reader.ValueTextEquals("index"u8) || reader.ValueTextEquals("output_index"u8) || reader.ValueTextEquals("content_index"u8);
            var isEcho = reader.ValueTextEquals("logprobs"u8);
            var passes = !all && Of(ref reader, Passed) is not null;
            reader.Read();
            if (isPlace && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var number)) Place = Place * 1009 + number + 1;
            if (isEcho || passes)
            {
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (isEcho) Echoes.Add((start, (int)reader.BytesConsumed - start));
            }
            else Value(ref reader, carrier, inside);
        }
    }

    private static string? Of(ref Utf8JsonReader reader, string[] names)
    {
        foreach (var name in names)
            if (reader.ValueTextEquals(name)) return name;
        return null;
    }
}
