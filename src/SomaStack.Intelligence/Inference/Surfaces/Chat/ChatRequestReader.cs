using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Reads a chat request for models that do not speak OpenAI's chat themselves. Fields that nobody here knows pass silently; a field that is
/// known and has the wrong type is refused by its name.
/// </summary>
internal static class ChatRequestReader
{
    /// <exception cref="Problem">400 when it is no JSON object, 422 naming the field.</exception>
    public static (List<ChatMessage> Messages, ChatOptions Options) Read(ReadOnlyMemory<byte> body)
    {
        var root = JsonField.Root(body);
        var messages = new List<ChatMessage>();
        foreach (var message in root["messages"].Items()) messages.Add(Message(message));
        if (messages.Count == 0) throw root["messages"].Wrong("must have at least one message");
        if (root["n"].Whole(1, 128) is > 1) throw root["n"].Wrong("must be 1 for this model");
        return (messages, Options(root));
    }

    private static ChatOptions Options(JsonField root)
    {
        var options = new ChatOptions
        {
            MaxOutputTokens = (int?)(root["max_completion_tokens"].Whole(1, int.MaxValue) ?? root["max_tokens"].Whole(1, int.MaxValue)),
            Temperature = (float?)root["temperature"].Number(0, 2),
            TopP = (float?)root["top_p"].Number(0, 1),
            FrequencyPenalty = (float?)root["frequency_penalty"].Number(-2, 2),
            PresencePenalty = (float?)root["presence_penalty"].Number(-2, 2),
            Seed = root["seed"].Whole(long.MinValue, long.MaxValue),
            StopSequences = Stops(root["stop"]),
            AllowMultipleToolCalls = root["parallel_tool_calls"].Flag(),
            Reasoning = ToolShapes.Reasoning(root["reasoning_effort"]),
            ResponseFormat = ToolShapes.Format(root["response_format"], static format => format["json_schema"]),
            ToolMode = ToolShapes.Mode(root["tool_choice"], static choice => choice["function"]["name"]),
        };
        foreach (var tool in root["tools"].Items())
        {
            if (tool["type"].NeededText() != "function") throw tool["type"].Wrong("must be function for this model");
            (options.Tools ??= []).Add(OfferedTool.Read(tool["function"]));
        }
        return options;
    }

    private static List<string>? Stops(JsonField stop)
    {
        if (!stop.IsThere) return null;
        return stop.IsText ? [stop.Text()!] : [.. stop.Items().Select(static one => one.NeededText())];
    }

    private static ChatMessage Message(JsonField message)
    {
        var name = message["name"].Text();
        switch (message["role"].Text())
        {
            case "system" or "developer": return new ChatMessage(ChatRole.System, Contents(message["content"])) { AuthorName = name };
            case "user": return new ChatMessage(ChatRole.User, Contents(message["content"])) { AuthorName = name };
            case "assistant": return new ChatMessage(ChatRole.Assistant, Assistant(message)) { AuthorName = name };
            case "tool": return new ChatMessage(ChatRole.Tool, [new FunctionResultContent(message["tool_call_id"].NeededName(), TextOf(message["content"]))]);
            default: throw message["role"].Wrong("must be system, developer, user, assistant or tool");
        }
    }

    private static List<AIContent> Assistant(JsonField message)
    {
        var contents = Contents(message["content"]);
        if (message["refusal"].Text() is { Length: > 0 } refusal) contents.Add(new TextContent(refusal));
        foreach (var call in message["tool_calls"].Items())
        {
            if (call["type"].Text() is not (null or "function")) throw call["type"].Wrong("must be function for this model");
            var function = call["function"];
            contents.Add(new FunctionCallContent(call["id"].NeededName(), function["name"].NeededName(), ToolShapes.Arguments(function["arguments"])));
        }
        return contents;
    }

    private static List<AIContent> Contents(JsonField content)
    {
        if (!content.IsThere) return [];
        if (content.IsText) return [new TextContent(content.Text())];
        if (!content.IsList) throw content.Wrong("must be a string or a list of parts");
        return [.. content.Items().Select(Part)];
    }

    private static AIContent Part(JsonField part)
    {
        switch (part["type"].NeededText())
        {
            case "text": return new TextContent(part["text"].Text() ?? throw part["text"].Wrong("must be a string"));
            case "refusal": return new TextContent(part["refusal"].NeededText());
            case "image_url": return ToolShapes.Image(part["image_url"]["url"]);
            case "file":
                var data = part["file"]["file_data"];
                return data.IsThere ? ToolShapes.Data(data, data.NeededText()) : throw part["file"].Wrong("must carry file_data as a data URL: this model has no store of files");
            case "input_audio": throw part["type"].Wrong("names audio, which this model does not hear; transcribe it first");
            default: throw part["type"].Wrong("must be text, image_url or file for this model");
        }
    }

    /// <summary>A tool's result is text, whole or in parts.</summary>
    private static string TextOf(JsonField content)
    {
        if (!content.IsThere) return "";
        if (content.IsText) return content.Text()!;
        if (!content.IsList) throw content.Wrong("must be a string or a list of parts");
        return string.Concat(content.Items().Select(static part => part["type"].Text() == "text" ? part["text"].Text() : throw part["type"].Wrong("must be text in a tool's result")));
    }
}
