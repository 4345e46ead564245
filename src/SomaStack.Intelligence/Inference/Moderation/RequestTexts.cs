using System.Text.Json;
using SomaStack.Governance.Policy.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <param name="Start">Where its JSON string stands in the body, quotes included.</param>
internal readonly record struct RequestText(ScreenText Text, int Start, int Length);

/// <summary>
/// Finds the texts of a request that a model will read, in OpenAI's chat and responses and in Anthropic's messages, with whose words they
/// are. Whatever names no role, or more than one, counts as the caller's own. Pure.
/// </summary>
internal sealed class RequestTexts
{
    private readonly List<(Speaker Speaker, string Text, int Start, int Length)> _found = [];

    /// <summary>What was found before it belongs to earlier turns.</summary>
    private int _answered;

    private enum Speaker
    {
        Unknown,
        System,
        User,
        Assistant,

        /// <summary>A tool's answer or a document: nobody vouches for it.</summary>
        Quoted,
    }

    /// <param name="body">A JSON object.</param>
    public static List<RequestText> Read(ReadOnlySpan<byte> body)
    {
        var texts = new RequestTexts();
        var reader = new Utf8JsonReader(body);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isInput = reader.ValueTextEquals("input"u8);
            var isMessages = isInput || reader.ValueTextEquals("messages"u8);
            var isStanding = reader.ValueTextEquals("system"u8) || reader.ValueTextEquals("instructions"u8);
            reader.Read();
            if (isStanding || (isInput && reader.TokenType == JsonTokenType.String))
            {
                var from = texts._found.Count;
                texts.Collect(ref reader);
                texts.Say(from, isStanding ? Speaker.System : Speaker.User);
            }
            else if (isMessages && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    if (reader.TokenType == JsonTokenType.StartObject) texts.Message(ref reader);
                    else reader.Skip();
            }
            else reader.Skip();
        }
        return texts.Done();
    }

    private List<RequestText> Done()
    {
        var texts = new List<RequestText>(_found.Count);
        for (var i = 0; i < _found.Count; i++)
        {
            var (speaker, text, start, length) = _found[i];
            if (string.IsNullOrWhiteSpace(text)) continue;
            var stage = speaker switch { Speaker.Quoted => ModerationStage.ToolResult, Speaker.Assistant => ModerationStage.Output, _ => ModerationStage.Input };
            texts.Add(new RequestText(new ScreenText(stage, text, stage == ModerationStage.Input && speaker != Speaker.System && i >= _answered), start, length));
        }
        return texts;
    }

    /// <summary>A message or an item, of which the role may stand behind the words.</summary>
    private void Message(ref Utf8JsonReader reader)
    {
        var from = _found.Count;
        var speaker = Speaker.Unknown;
        var agreed = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var (isRole, isType) = (reader.ValueTextEquals("role"u8), reader.ValueTextEquals("type"u8));
            var isText = reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("output"u8) || reader.ValueTextEquals("arguments"u8) || reader.ValueTextEquals("refusal"u8)
                || reader.ValueTextEquals("tool_calls"u8) || reader.ValueTextEquals("function_call"u8);
            reader.Read();
            if (isText) Collect(ref reader);
            else if ((isRole || isType) && reader.TokenType == JsonTokenType.String)
            {
                var said = isRole ? OfRole(reader.GetString()!) : OfType(reader.GetString()!);
                agreed &= speaker == Speaker.Unknown || said == Speaker.Unknown || said == speaker;
                if (said != Speaker.Unknown) speaker = said;
            }
            else reader.Skip();
        }
        Say(from, agreed && speaker != Speaker.Unknown ? speaker : Speaker.User);
        if (agreed && speaker == Speaker.Assistant) _answered = _found.Count;
    }

    /// <summary>The strings of a value that is a text, a list of parts, or a part that may hold others.</summary>
    private void Collect(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                _found.Add((Speaker.Unknown, reader.GetString()!, (int)reader.TokenStartIndex, (int)(reader.BytesConsumed - reader.TokenStartIndex)));
                break;
            case JsonTokenType.StartArray:
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) Collect(ref reader);
                break;
            case JsonTokenType.StartObject:
                Part(ref reader);
                break;
        }
    }

    private void Part(ref Utf8JsonReader reader)
    {
        var from = _found.Count;
        var quoted = false;
        var isData = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isType = reader.ValueTextEquals("type"u8);
            var isText = reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("refusal"u8) || reader.ValueTextEquals("thinking"u8)
                || reader.ValueTextEquals("output"u8) || reader.ValueTextEquals("source"u8) || reader.ValueTextEquals("function"u8) || reader.ValueTextEquals("arguments"u8)
                || reader.ValueTextEquals("title"u8) || reader.ValueTextEquals("context"u8) || (!isData && reader.ValueTextEquals("data"u8));
            reader.Read();
            if (isType && reader.TokenType == JsonTokenType.String)
            {
                var type = reader.GetString()!;
                quoted |= type == "document" || OfType(type) == Speaker.Quoted || type.EndsWith("_result", StringComparison.Ordinal);
                isData |= type is "base64" or "url" or "redacted_thinking";
            }
            else if (isText) Collect(ref reader);
            else reader.Skip();
        }
        if (isData) _found.RemoveRange(from, _found.Count - from);
        else if (quoted) Say(from, Speaker.Quoted);
    }

    private void Say(int from, Speaker speaker)
    {
        for (var i = from; i < _found.Count; i++)
            if (_found[i].Speaker == Speaker.Unknown) _found[i] = _found[i] with { Speaker = speaker };
    }

    private static Speaker OfRole(string role) => role switch
    {
        "system" or "developer" => Speaker.System,
        "assistant" => Speaker.Assistant,
        "tool" or "function" => Speaker.Quoted,
        _ => Speaker.User,
    };

    /// <summary>Of an item of the responses API, where the role is in the type; a message has one of its own.</summary>
    private static Speaker OfType(string type) =>
        type.EndsWith("_output", StringComparison.Ordinal) ? Speaker.Quoted : type is "function_call" or "reasoning" ? Speaker.Assistant : Speaker.Unknown;
}
