using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Reads a request of the responses API for models that do not speak it themselves.</summary>
internal static class ResponsesRequestReader
{
    /// <exception cref="Problem">422 naming the field, also for what needs a server that keeps earlier answers.</exception>
    public static (List<ChatMessage> Messages, ChatOptions Options) Read(JsonField root)
    {
        foreach (var kept in (ReadOnlySpan<string>)["previous_response_id", "conversation"])
            if (root[kept].IsThere) throw root[kept].Wrong("needs a server that keeps earlier answers, and this model has none: send the earlier turns in input");
        if (root["background"].Flag() == true) throw root["background"].Wrong("needs a server that keeps answers, and this model has none");
        var messages = new List<ChatMessage>();
        if (root["instructions"].Text() is { Length: > 0 } instructions) messages.Add(new ChatMessage(ChatRole.System, instructions));
        var before = messages.Count;
        var input = root["input"];
        if (input.IsText) messages.Add(new ChatMessage(ChatRole.User, input.NeededText()));
        else if (input.IsThere && !input.IsList) throw input.Wrong("must be a string or a list of items");
        else foreach (var item in input.Items()) Add(messages, item);
        if (messages.Count == before) throw input.Wrong("must be a string or a list with at least one message");
        return (messages, Options(root));
    }

    private static ChatOptions Options(JsonField root)
    {
        var options = new ChatOptions
        {
            MaxOutputTokens = (int?)root["max_output_tokens"].Whole(1, int.MaxValue),
            Temperature = (float?)root["temperature"].Number(0, 2),
            TopP = (float?)root["top_p"].Number(0, 1),
            AllowMultipleToolCalls = root["parallel_tool_calls"].Flag(),
            Reasoning = ToolShapes.Reasoning(root["reasoning"]["effort"]),
            ResponseFormat = ToolShapes.Format(root["text"]["format"], static format => format),
            ToolMode = ToolShapes.Mode(root["tool_choice"], static choice => choice["name"]),
        };
        foreach (var tool in root["tools"].Items())
        {
            if (tool["type"].NeededText() is not "function" and var type) throw tool["type"].Wrong($"is {Shorten(type)}, a tool that OpenAI's own servers run; only function works with this model");
            (options.Tools ??= []).Add(OfferedTool.Read(tool));
        }
        return options;
    }

    private static void Add(List<ChatMessage> messages, JsonField item)
    {
        switch (item["type"].Text())
        {
            case null or "message":
                messages.Add(Message(item));
                return;
            case "function_call":
                Join(messages, ChatRole.Assistant, new FunctionCallContent(item["call_id"].NeededName(), item["name"].NeededName(), ToolShapes.Arguments(item["arguments"])));
                return;
            case "function_call_output":
                Join(messages, ChatRole.Tool, new FunctionResultContent(item["call_id"].NeededName(), Output(item["output"])));
                return;
            case "reasoning":
                // Another model's thoughts, often encrypted for its own provider: nothing that this model could read.
                return;
            case "item_reference":
                throw item["type"].Wrong("refers to an item that a server keeps, and this model has none: send the item itself");
            default:
                throw item["type"].Wrong("must be message, function_call, function_call_output or reasoning for this model");
        }
    }

    /// <summary>Calls of one turn belong to one message, as the chat formats of the providers have them; so do their results.</summary>
    private static void Join(List<ChatMessage> messages, ChatRole role, AIContent content)
    {
        if (messages.Count > 0 && messages[^1].Role == role) messages[^1].Contents.Add(content);
        else messages.Add(new ChatMessage(role, [content]));
    }

    private static ChatMessage Message(JsonField item)
    {
        var role = item["role"].Text() switch
        {
            "system" or "developer" => ChatRole.System,
            "user" => ChatRole.User,
            "assistant" => ChatRole.Assistant,
            _ => throw item["role"].Wrong("must be system, developer, user or assistant"),
        };
        var content = item["content"];
        if (content.IsText) return new ChatMessage(role, content.Text());
        return content.IsList ? new ChatMessage(role, [.. content.Items().Select(Part)]) : throw content.Wrong("must be a string or a list of parts");
    }

    private static AIContent Part(JsonField part)
    {
        switch (part["type"].NeededText())
        {
            case "input_text" or "output_text" or "text": return new TextContent(part["text"].Text() ?? throw part["text"].Wrong("must be a string"));
            case "refusal": return new TextContent(part["refusal"].NeededText());
            case "input_image":
                if (part["file_id"].IsThere) throw part["file_id"].Wrong("refers to a store of files, and this model has none: send image_url");
                return ToolShapes.Image(part["image_url"]);
            case "input_file":
                var data = part["file_data"];
                return data.IsThere ? ToolShapes.Data(data, data.NeededText()) : throw part.Wrong("must carry file_data as a data URL: this model has no store of files");
            case "input_audio": throw part["type"].Wrong("names audio, which this model does not hear; transcribe it first");
            default: throw part["type"].Wrong("must be input_text, output_text, refusal, input_image or input_file for this model");
        }
    }

    private static string Output(JsonField output)
    {
        if (output.IsText) return output.Text()!;
        if (!output.IsList) throw output.Wrong("must be a string or a list of parts");
        return string.Concat(output.Items().Select(static part => part["type"].Text() == "input_text" ? part["text"].Text() : throw part["type"].Wrong("must be input_text in a function's output")));
    }

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..40] + "\u2026";
}
