using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>Recorded exchanges with Anthropic in the words of the common chat client, to ask them again and to compare.</summary>
internal static class RecordedMessages
{
    public static (List<ChatMessage> Messages, ChatOptions Options) Ask(JsonObject request)
    {
        var messages = new List<ChatMessage>();
        if (request["system"] is { } system) messages.Add(new ChatMessage(ChatRole.System, (string)system!));
        foreach (var message in request["messages"]!.AsArray())
        {
            var contents = message!["content"]!.AsArray().Select(block => Content(block!.AsObject())).ToList();
            var role = contents.TrueForAll(content => content is FunctionResultContent) ? ChatRole.Tool : new ChatRole((string)message["role"]!);
            messages.Add(new ChatMessage(role, contents));
        }
        var options = new ChatOptions { ModelId = (string)request["model"]!, MaxOutputTokens = (int)(long)request["max_tokens"]! };
        if (request["tools"] is JsonArray tools)
            options.Tools = [.. tools.Select(tool => (AITool)AIFunctionFactory.CreateDeclaration((string)tool!["name"]!, (string?)tool["description"], JsonSerializer.SerializeToElement(tool["input_schema"])))];
        options.ToolMode = (string?)request["tool_choice"]?["type"] switch { "auto" => ChatToolMode.Auto, "any" => ChatToolMode.RequireAny, null => null, var other => throw new InvalidDataException(other) };
        return (messages, options);
    }

    /// <summary>What the request means. Left out is what the common client has no word for: caching, metadata, a budget for thinking.</summary>
    public static JsonObject Shape(JsonObject request)
    {
        var shape = (JsonObject)request.DeepClone();
        foreach (var name in new[] { "stream", "cache_control", "metadata", "thinking" }) shape.Remove(name);
        if (shape["system"] is JsonArray blocks) shape["system"] = string.Concat(blocks.Select(block => (string)block!["text"]!));
        foreach (var tool in shape["tools"]?.AsArray() ?? [])
        {
            if ((string?)tool!["description"] is "") tool.AsObject().Remove("description");
            // The official client closes every schema.
            tool["input_schema"]!.AsObject().Remove("additionalProperties");
        }
        return shape;
    }

    /// <summary>The blocks of the recorded answer, those of a stream put together from its events.</summary>
    public static JsonArray Blocks(Interaction recorded)
    {
        if (!recorded.IsStream) return new JsonArray([.. JsonNode.Parse(recorded.Body)!["content"]!.AsArray().Select(block => block!.DeepClone())]);
        var blocks = new JsonArray();
        foreach (var line in recorded.Text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)))
        {
            var data = JsonNode.Parse(line["data: ".Length..])!;
            if ((string)data["type"]! == "content_block_start") blocks.Add(data["content_block"]!.DeepClone());
            if ((string)data["type"]! != "content_block_delta") continue;
            var name = (string)data["delta"]!["type"]! switch { "text_delta" => "text", "thinking_delta" => "thinking", "signature_delta" => "signature", var other => throw new InvalidDataException(other) };
            blocks[^1]![name] = (string?)blocks[^1]![name] + (string)data["delta"]![name]!;
        }
        return blocks;
    }

    /// <summary>The same blocks from what the client made of the answer.</summary>
    public static JsonArray Blocks(ChatResponse response)
    {
        var blocks = new JsonArray();
        foreach (var content in response.Messages.SelectMany(message => message.Contents))
            switch (content)
            {
                case TextContent text:
                    blocks.Add(new JsonObject { ["text"] = text.Text, ["type"] = "text" });
                    break;
                case TextReasoningContent { Text.Length: 0 } hidden:
                    blocks.Add(new JsonObject { ["data"] = hidden.ProtectedData, ["type"] = "redacted_thinking" });
                    break;
                case TextReasoningContent thought:
                    blocks.Add(new JsonObject { ["signature"] = thought.ProtectedData, ["thinking"] = thought.Text, ["type"] = "thinking" });
                    break;
                case FunctionCallContent call:
                    blocks.Add(new JsonObject { ["id"] = call.CallId, ["input"] = JsonSerializer.SerializeToNode(call.Arguments), ["name"] = call.Name, ["type"] = "tool_use" });
                    break;
            }
        return blocks;
    }

    public static ChatFinishReason Finish(Interaction recorded) =>
        recorded.Text.Contains("\"stop_reason\":\"tool_use\"", StringComparison.Ordinal) ? ChatFinishReason.ToolCalls : ChatFinishReason.Stop;

    private static AIContent Content(JsonObject block) => (string)block["type"]! switch
    {
        "text" => new TextContent((string)block["text"]!),
        "image" => new UriContent((string)block["source"]!["url"]!, "image/*"),
        "thinking" => new TextReasoningContent((string)block["thinking"]!) { ProtectedData = (string)block["signature"]! },
        "tool_use" => new FunctionCallContent((string)block["id"]!, (string)block["name"]!, block["input"]!.AsObject().ToDictionary(pair => pair.Key, pair => (object?)JsonSerializer.SerializeToElement(pair.Value))),
        "tool_result" => new FunctionResultContent((string)block["tool_use_id"]!, (string)block["content"]!),
        var other => throw new InvalidDataException(other),
    };
}
