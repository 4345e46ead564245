using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>
/// A streamed tool call of an Anthropic model in OpenAI's shape. No recording streams one, so the calls are those of a recorded whole answer, sent in the
/// events that Anthropic documents for streams, with the arguments in pieces.
/// </summary>
public sealed class AnthropicToolStreamTests(AnthropicGateway gateway) : IClassFixture<AnthropicGateway>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Recorded_tool_calls_come_as_chunks_with_their_names_ids_and_whole_arguments()
    {
        var recorded = Recordings.Read("anthropic/multiple_parallel_tool_calls").First();
        var message = JsonNode.Parse(recorded.Text)!;
        var uses = message["content"]!.AsArray().Where(static block => (string?)block!["type"] == "tool_use").ToList();
        Assert.Equal(4, uses.Count);
        gateway.Anthropic.Next(http => StreamAsync(http, message));
        var body = new JsonObject
        {
            ["model"] = recorded.Model, ["stream"] = true, ["max_tokens"] = 1000, ["stream_options"] = new JsonObject { ["include_usage"] = true },
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Alice, Bob, Charlie and Daisy are a family. Who is the youngest?" }),
            ["tools"] = new JsonArray(new JsonObject
            {
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = "retrieve_entity_info", ["parameters"] = recorded.Request!["tools"]![0]!["input_schema"]!.DeepClone() },
            }),
        };
        using var response = await gateway.Client.PostAsync("/v1/chat/completions", new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"), Stop);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        var chunks = text.Split('\n').Where(static line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(static line => JsonNode.Parse(line["data: ".Length..])!).ToList();

        var calls = new SortedDictionary<int, (string Id, string Name, string Arguments)>();
        foreach (var chunk in chunks)
            foreach (var choice in chunk["choices"]!.AsArray())
                foreach (var piece in choice!["delta"]!["tool_calls"]?.AsArray() ?? [])
                {
                    var index = piece!["index"]!.GetValue<int>();
                    var (id, name, arguments) = calls.GetValueOrDefault(index, ("", "", ""));
                    calls[index] = (id + (string?)piece["id"], name + (string?)piece["function"]?["name"], arguments + (string?)piece["function"]?["arguments"]);
                }
        Assert.Equal(uses.Select(static use => ((string)use!["id"]!, (string)use["name"]!)), calls.Values.Select(static call => (call.Id, call.Name)));
        Assert.All(uses.Zip(calls.Values), static pair => Assert.True(JsonNode.DeepEquals(pair.First!["input"], JsonNode.Parse(pair.Second.Arguments)), pair.Second.Arguments));
        Assert.Equal("tool_calls", chunks.SelectMany(static chunk => chunk["choices"]!.AsArray()).Select(static choice => (string?)choice!["finish_reason"]).Single(static reason => reason is not null));
        var usage = chunks[^1]["usage"]!;
        Assert.Equal((message["usage"]!["input_tokens"]!.GetValue<int>(), message["usage"]!["output_tokens"]!.GetValue<int>()), (usage["prompt_tokens"]!.GetValue<int>(), usage["completion_tokens"]!.GetValue<int>()));
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        Assert.True(gateway.Anthropic.Received.TryDequeue(out var sent) && gateway.Anthropic.Addressed.TryDequeue(out _));
        Assert.Equal("retrieve_entity_info", (string?)sent.Body["tools"]![0]!["name"]);
    }

    private static async Task StreamAsync(HttpContext http, JsonNode message)
    {
        http.Response.ContentType = "text/event-stream";
        var begun = message.DeepClone();
        (begun["content"], begun["stop_reason"]) = (new JsonArray(), null);
        begun["usage"]!["output_tokens"] = 1;
        await SendAsync(http, "message_start", new JsonObject { ["message"] = begun });
        var content = message["content"]!.AsArray();
        for (var index = 0; index < content.Count; index++)
        {
            var block = content[index]!.DeepClone();
            var pieces = new List<JsonObject>();
            if ((string?)block["type"] == "tool_use")
            {
                var arguments = block["input"]!.ToJsonString();
                block["input"] = new JsonObject();
                pieces.Add(new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = "" });
                foreach (var piece in arguments.Chunk(5)) pieces.Add(new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = new string(piece) });
            }
            else
            {
                pieces.Add(new JsonObject { ["type"] = "text_delta", ["text"] = (string?)block["text"] });
                block["text"] = "";
            }
            await SendAsync(http, "content_block_start", new JsonObject { ["index"] = index, ["content_block"] = block });
            foreach (var piece in pieces) await SendAsync(http, "content_block_delta", new JsonObject { ["index"] = index, ["delta"] = piece });
            await SendAsync(http, "content_block_stop", new JsonObject { ["index"] = index });
        }
        await SendAsync(http, "message_delta", new JsonObject
        {
            ["delta"] = new JsonObject { ["stop_reason"] = message["stop_reason"]!.DeepClone(), ["stop_sequence"] = null },
            ["usage"] = new JsonObject { ["output_tokens"] = message["usage"]!["output_tokens"]!.DeepClone() },
        });
        await SendAsync(http, "message_stop", []);
    }

    private static Task SendAsync(HttpContext http, string type, JsonObject data)
    {
        var whole = new JsonObject { ["type"] = type };
        foreach (var (name, value) in data.ToList()) whole[name] = value?.DeepClone();
        return http.Response.WriteAsync($"event: {type}\ndata: {whole.ToJsonString()}\n\n");
    }
}
