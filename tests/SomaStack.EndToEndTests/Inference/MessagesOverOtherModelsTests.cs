using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace SomaStack.EndToEndTests.Inference;

/// <summary><c>/v1/messages</c> over models whose servers speak another format: a recorded OpenAI-compatible one and the built-in responder.</summary>
public sealed class MessagesOverOtherModelsTests(AnthropicGateway gateway) : IClassFixture<AnthropicGateway>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_recorded_call_of_a_tool_comes_out_as_tool_use(bool stream)
    {
        var recorded = Recordings.Chat("openai-chat/run_stream_sync_streams_real_model")[0];
        gateway.Other.Received.Clear();
        gateway.Other.Next(recorded);
        var request = Asked("gpt-4o", stream);
        request["tools"] = new JsonArray(new JsonObject { ["name"] = "any", ["input_schema"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject() } });
        request["tool_choice"] = new JsonObject { ["type"] = "any" };
        using var response = await PostAsync(request);
        var text = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
        var (block, stop, usage) = stream ? Streamed(Events(text)) : Whole(JsonNode.Parse(text)!);
        var (id, name, arguments) = CallOf(recorded);
        Assert.Equal((id, name, "tool_use"), ((string)block["id"]!, (string)block["name"]!, stop));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(arguments), block["input"]), text);
        Assert.Equal(recorded.Usage!["prompt_tokens"]!.GetValue<long>(), (long)usage["input_tokens"]! + ((long?)usage["cache_read_input_tokens"] ?? 0));
        Assert.Equal(recorded.Usage!["completion_tokens"]!.GetValue<long>(), (long)usage["output_tokens"]!);
        Assert.True(gateway.Other.Received.TryDequeue(out var received));
        Assert.Equal(("required", "any"), ((string)received.Body["tool_choice"]!, (string)received.Body["tools"]![0]!["function"]!["name"]!));
    }

    [Fact]
    public async Task A_recorded_stream_comes_out_as_events_with_its_counts()
    {
        gateway.Other.Next(Recordings.Chat("openai-chat/temporal_agent_run_stream").Single(), 17);
        using var response = await PostAsync(Asked("gpt-4o", stream: true));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var events = Events(await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal("The capital of Mexico is Mexico City.", TextOf(events));
        Assert.Equal(["message_start", "message_delta", "message_stop"], events.Select(one => (string)one["type"]!).Where(type => type.StartsWith("message", StringComparison.Ordinal)));
        Assert.Equal((14, 8, "end_turn"), ((int)events[^2]["usage"]!["input_tokens"]!, (int)events[^2]["usage"]!["output_tokens"]!, (string)events[^2]["delta"]!["stop_reason"]!));
        var settled = await gateway.ClosedAsync(response.Headers.GetValues("x-somastack-call-id").Single(), Stop);
        Assert.Equal((14, 8), (settled.Data.GetProperty("input_tokens").GetInt32(), settled.Data.GetProperty("output_tokens").GetInt32()));
    }

    [Fact]
    public async Task A_cut_stream_ends_with_an_error_event_and_no_end()
    {
        var recorded = Recordings.Chat("openai-chat/temporal_agent_run_stream").Single();
        gateway.Other.Next(recorded with { Body = recorded.Body[..1500] });
        using var response = await PostAsync(Asked("gpt-4o", stream: true));
        var events = Events(await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal(("error", "provider_garbled"), ((string)events[^1]["type"]!, (string)events[^1]["error"]!["code"]!));
        Assert.DoesNotContain(events, one => (string)one["type"]! is "message_stop" or "message_delta");
    }

    [Fact]
    public async Task The_built_in_responder_answers_whole_and_as_a_stream_alike()
    {
        using var whole = await PostAsync(Asked("soma-extract", stream: false));
        var answer = JsonNode.Parse(await whole.Content.ReadAsStringAsync(Stop))!;
        Assert.Equal(("message", "assistant", "soma-extract", "end_turn"), ((string)answer["type"]!, (string)answer["role"]!, (string)answer["model"]!, (string)answer["stop_reason"]!));
        Assert.True((long)answer["usage"]!["input_tokens"]! > 0 && (long)answer["usage"]!["output_tokens"]! > 0);
        Assert.NotNull(answer["somastack"]!["quotations"]);
        using var streamed = await PostAsync(Asked("soma-extract", stream: true));
        var events = Events(await streamed.Content.ReadAsStringAsync(Stop));
        Assert.Equal((string)answer["content"]![0]!["text"]!, TextOf(events));
        Assert.True(JsonNode.DeepEquals(answer["usage"], events[^2]["usage"]));
    }

    [Fact]
    public async Task Its_tokens_are_counted_exactly_and_those_of_others_are_marked_as_an_estimate()
    {
        var asked = Asked("soma-extract", stream: false);
        using var exact = await PostAsync(asked, "/v1/messages/count_tokens");
        Assert.Equal("""{"input_tokens":5,"somastack":{"tokenizer":"soma-words-1","is_estimate":false}}""", await exact.Content.ReadAsStringAsync(Stop));
        asked["model"] = "gpt-4o";
        using var estimate = await PostAsync(asked, "/v1/messages/count_tokens");
        Assert.True((bool)JsonNode.Parse(await estimate.Content.ReadAsStringAsync(Stop))!["somastack"]!["is_estimate"]!);
    }

    [Fact]
    public async Task Without_a_limit_the_request_is_refused_by_the_fields_name()
    {
        var asked = Asked("soma-extract", stream: false);
        asked.Remove("max_tokens");
        using var response = await PostAsync(asked);
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))!["error"]!;
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "invalid_request_error"), (response.StatusCode, (string)error["type"]!));
        Assert.Contains("max_tokens", (string)error["message"]!, StringComparison.Ordinal);
    }

    private static (JsonNode Block, string Stop, JsonNode Usage) Whole(JsonNode answer) =>
        (answer["content"]!.AsArray().Single(block => (string)block!["type"]! == "tool_use")!, (string)answer["stop_reason"]!, answer["usage"]!);

    private static (JsonNode Block, string Stop, JsonNode Usage) Streamed(List<JsonNode> events)
    {
        var start = events.Single(one => (string?)one["content_block"]?["type"] == "tool_use");
        var block = start["content_block"]!.DeepClone();
        block["input"] = JsonNode.Parse(string.Concat(events.Where(one => JsonNode.DeepEquals(one["index"], start["index"])).Select(one => (string?)one["delta"]?["partial_json"])));
        return (block, (string)events[^2]["delta"]!["stop_reason"]!, events[^2]["usage"]!);
    }

    /// <summary>The call of a recorded stream, put together from its pieces.</summary>
    private static (string Id, string Name, string Arguments) CallOf(Interaction recorded)
    {
        var (id, name, arguments) = ("", "", "");
        foreach (var line in recorded.Text.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)))
        {
            if (JsonNode.Parse(line["data: ".Length..])!["choices"]!.AsArray() is not [{ } choice] || choice["delta"]!["tool_calls"]?[0] is not { } piece) continue;
            id += (string?)piece["id"];
            name += (string?)piece["function"]!["name"];
            arguments += (string?)piece["function"]!["arguments"];
        }
        return (id, name, arguments);
    }

    private static JsonObject Asked(string model, bool stream) => new()
    {
        ["model"] = model, ["max_tokens"] = 500, ["stream"] = stream, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "What is the journal?" }),
    };

    private static string TextOf(List<JsonNode> events) => string.Concat(events.Where(one => (string)one["type"]! == "content_block_delta").Select(one => (string?)one["delta"]!["text"]));

    private static List<JsonNode> Events(string body) =>
        [.. body.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Where(static one => !one.StartsWith(':')).Select(one => JsonNode.Parse(one[(one.IndexOf("data: ", StringComparison.Ordinal) + 6)..])!)];

    private async Task<HttpResponseMessage> PostAsync(JsonObject body, string path = "/v1/messages")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        return await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
    }
}
