using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SomaStack.EndToEndTests.Inference;

namespace SomaStack.EndToEndTests.Sessions;

/// <summary>
/// Recorded answers of providers as streams. Most recordings with tool calls are whole answers; they are sent in the events that OpenAI and
/// Anthropic document for streams, with the arguments in pieces. Tools are called <c>adapter__action</c> here, so that name stands in for the recorded one.
/// </summary>
internal static class StreamedRecording
{
    /// <summary>A recorded stream, byte for byte but for the tool's name.</summary>
    public static Func<HttpContext, Task> Same(Interaction recorded, string adapter) => async http =>
    {
        http.Response.ContentType = "text/event-stream";
        foreach (var line in recorded.Text.Split('\n').Where(static line => line.StartsWith("data: ", StringComparison.Ordinal)))
        {
            var text = line;
            if (line.StartsWith("data: {", StringComparison.Ordinal))
            {
                var chunk = JsonNode.Parse(line["data: ".Length..])!;
                foreach (var choice in chunk["choices"]!.AsArray())
                    foreach (var call in choice!["delta"]!["tool_calls"]?.AsArray() ?? [])
                        if ((string?)call!["function"]!["name"] is { } name) call["function"]!["name"] = $"{adapter}__{name}";
                text = "data: " + chunk.ToJsonString();
            }
            await http.Response.WriteAsync(text + "\n\n");
            await http.Response.Body.FlushAsync();
        }
    };

    /// <summary>A whole answer of OpenAI's chat.</summary>
    public static Func<HttpContext, Task> OfOpenAi(Interaction recorded, string adapter) => async http =>
    {
        http.Response.ContentType = "text/event-stream";
        var answer = JsonNode.Parse(recorded.Body)!;
        var choice = answer["choices"]![0]!;
        var message = choice["message"]!;
        Task SendAsync(JsonObject delta, string? finish) => WriteAsync(http, new JsonObject
        {
            ["id"] = (string?)answer["id"] ?? "recorded", ["object"] = "chat.completion.chunk", ["created"] = answer["created"]!.DeepClone(), ["model"] = answer["model"]!.DeepClone(),
            ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finish }),
        });
        await SendAsync(new JsonObject { ["role"] = "assistant", ["content"] = "" }, null);
        foreach (var piece in ((string?)message["content"] ?? "").Chunk(9)) await SendAsync(new JsonObject { ["content"] = new string(piece) }, null);
        var index = 0;
        foreach (var call in message["tool_calls"]?.AsArray() ?? [])
        {
            var begun = new JsonObject
            {
                ["index"] = index, ["type"] = "function", ["function"] = new JsonObject { ["name"] = $"{adapter}__{(string)call!["function"]!["name"]!}", ["arguments"] = "" },
            };
            if (call["id"] is { } id) begun["id"] = id.DeepClone();
            await SendAsync(new JsonObject { ["tool_calls"] = new JsonArray(begun) }, null);
            foreach (var piece in ((string)call["function"]!["arguments"]!).Chunk(5))
                await SendAsync(new JsonObject { ["tool_calls"] = new JsonArray(new JsonObject { ["index"] = index, ["function"] = new JsonObject { ["arguments"] = new string(piece) } }) }, null);
            index++;
        }
        await SendAsync([], (string)choice["finish_reason"]!);
        await WriteAsync(http, new JsonObject
        {
            ["id"] = (string?)answer["id"] ?? "recorded", ["object"] = "chat.completion.chunk", ["created"] = answer["created"]!.DeepClone(), ["model"] = answer["model"]!.DeepClone(),
            ["choices"] = new JsonArray(), ["usage"] = answer["usage"]!.DeepClone(),
        });
        await http.Response.WriteAsync("data: [DONE]\n\n");
    };

    /// <summary>A recorded answer that asks for one tool, with another tool in its place.</summary>
    public static Func<HttpContext, Task> Asking(Interaction recorded, string adapter, string action, JsonObject arguments)
    {
        var answer = JsonNode.Parse(recorded.Body)!;
        var calls = answer["choices"]![0]!["message"]!["tool_calls"]!.AsArray();
        while (calls.Count > 1) calls.RemoveAt(1);
        (calls[0]!["function"]!["name"], calls[0]!["function"]!["arguments"]) = (action, arguments.ToJsonString());
        return OfOpenAi(recorded with { Body = System.Text.Encoding.UTF8.GetBytes(answer.ToJsonString()) }, adapter);
    }

    /// <summary>A whole answer of Anthropic's messages.</summary>
    public static Func<HttpContext, Task> OfAnthropic(Interaction recorded, string adapter) => async http =>
    {
        http.Response.ContentType = "text/event-stream";
        var message = JsonNode.Parse(recorded.Body)!;
        var begun = message.DeepClone();
        (begun["content"], begun["stop_reason"]) = (new JsonArray(), null);
        begun["usage"]!["output_tokens"] = 1;
        await EventAsync(http, "message_start", new JsonObject { ["message"] = begun });
        var content = message["content"]!.AsArray();
        for (var index = 0; index < content.Count; index++)
        {
            var block = content[index]!.DeepClone();
            var pieces = new List<JsonObject>();
            switch ((string?)block["type"])
            {
                case "tool_use":
                    var arguments = block["input"]!.ToJsonString();
                    (block["input"], block["name"]) = (new JsonObject(), $"{adapter}__{(string)block["name"]!}");
                    foreach (var piece in arguments.Chunk(5)) pieces.Add(new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = new string(piece) });
                    break;
                case "thinking":
                    pieces.Add(new JsonObject { ["type"] = "thinking_delta", ["thinking"] = (string?)block["thinking"] });
                    pieces.Add(new JsonObject { ["type"] = "signature_delta", ["signature"] = (string?)block["signature"] });
                    (block["thinking"], block["signature"]) = ("", "");
                    break;
                default:
                    pieces.Add(new JsonObject { ["type"] = "text_delta", ["text"] = (string?)block["text"] });
                    block["text"] = "";
                    break;
            }
            await EventAsync(http, "content_block_start", new JsonObject { ["index"] = index, ["content_block"] = block });
            foreach (var piece in pieces) await EventAsync(http, "content_block_delta", new JsonObject { ["index"] = index, ["delta"] = piece });
            await EventAsync(http, "content_block_stop", new JsonObject { ["index"] = index });
        }
        await EventAsync(http, "message_delta", new JsonObject
        {
            ["delta"] = new JsonObject { ["stop_reason"] = message["stop_reason"]!.DeepClone(), ["stop_sequence"] = null },
            ["usage"] = new JsonObject { ["output_tokens"] = message["usage"]!["output_tokens"]!.DeepClone() },
        });
        await EventAsync(http, "message_stop", []);
    };

    private static async Task WriteAsync(HttpContext http, JsonObject chunk)
    {
        await http.Response.WriteAsync($"data: {chunk.ToJsonString()}\n\n");
        await http.Response.Body.FlushAsync();
    }

    private static Task EventAsync(HttpContext http, string type, JsonObject data)
    {
        var whole = new JsonObject { ["type"] = type };
        foreach (var (name, value) in data.ToList()) whole[name] = value?.DeepClone();
        return http.Response.WriteAsync($"event: {type}\ndata: {whole.ToJsonString()}\n\n");
    }
}
