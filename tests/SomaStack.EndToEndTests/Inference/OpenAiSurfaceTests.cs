using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Bench;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>What the OpenAI surfaces pass on, book and refuse, through the built program.</summary>
public sealed class OpenAiSurfaceTests(OpenAiGateway gateway) : IClassFixture<OpenAiGateway>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_response_passes_unchanged_under_the_operators_key()
    {
        var recorded = Recorded("openai-responses/reasoning_summary_auto");
        gateway.Replay.Received.Clear();
        var request = (JsonObject)recorded.Request!.DeepClone();
        request["model"] = "openai/openai-responses/reasoning_summary_auto";
        using var response = await PostAsync("/v1/responses", request.ToJsonString());
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(recorded.Body), JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))));
        Assert.True(gateway.Replay.Received.TryDequeue(out var received));
        Assert.Equal(("/v1/responses", "Bearer " + OpenAiReplay.Key, "openai-responses/reasoning_summary_auto"), (received.Path, received.Authorization, received.Body["model"]!.ToString()));
        received.Body["model"] = recorded.Request["model"]!.DeepClone();
        Assert.True(JsonNode.DeepEquals(recorded.Request, received.Body));
        var settled = await ClosedAsync(response);
        Assert.Equal(("somastack.inference.call_settled.v1", 34, 226, 59), (settled.Type, Number(settled, "input_tokens"), Number(settled, "output_tokens"), Number(settled, "reasoning_tokens")));
    }

    [Fact]
    public async Task A_cut_stream_of_responses_ends_with_an_error_event()
    {
        Recorded("openai-responses/background_mode_streaming_vcr");
        using var response = await PostAsync("/v1/responses", """{"model":"cut:openai-responses/background_mode_streaming_vcr","input":"x","stream":true}""");
        var body = await response.Content.ReadAsStringAsync(Stop);
        Assert.DoesNotContain("response.completed", body, StringComparison.Ordinal);
        Assert.Contains("event: error\ndata: {\"type\":\"error\",\"code\":\"provider_garbled\"", body, StringComparison.Ordinal);
        Assert.Equal("somastack.inference.call_failed.v1", (await ClosedAsync(response)).Type);
    }

    [Fact]
    public async Task Another_tenants_answers_are_not_there()
    {
        Recorded("openai-responses/tool_output");
        using var response = await PostAsync("/v1/responses", """{"model":"openai-responses/tool_output","input":"x"}""");
        var id = JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))!["id"]!.ToString();
        using var mine = await gateway.Client.GetAsync($"/v1/responses/{id}", Stop);
        Assert.Equal(HttpStatusCode.OK, mine.StatusCode);
        using var continued = await PostAsync("/v1/responses", $$"""{"model":"openai-responses/tool_output","input":"x","previous_response_id":"{{id}}"}""");
        Assert.Equal(HttpStatusCode.OK, continued.StatusCode);
        const string Theirs = "/v1/responses/" + OpenAiReplay.Stranger;
        using var theirs = await gateway.Client.GetAsync(Theirs, Stop);
        Assert.Equal(HttpStatusCode.NotFound, theirs.StatusCode);
        using var gone = await gateway.Client.DeleteAsync(Theirs, Stop);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        Assert.Contains("not_found", await gone.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        await RefusesAsync("/v1/responses", """{"model":"openai-responses/tool_output","input":"x","previous_response_id":"resp_of_somebody_else"}""", "previous_response_id");
    }

    [Theory]
    [InlineData("""{"model":"openai-responses/tool_output","input":"x","background":true}""", "background")]
    [InlineData("""{"model":"openai-responses/tool_output","input":"x","conversation":"conv_1"}""", "conversation")]
    [InlineData("""{"model":"soma-extract","input":"x","conversation":"conv_1"}""", "conversation")]
    [InlineData("""{"model":"soma-extract","input":[{"type":"mystery"}]}""", "input[0].type")]
    [InlineData("""{"model":"soma-extract","input":"x","stream":"yes"}""", "stream")]
    public Task What_needs_a_keeper_or_is_no_request_is_refused_by_name(string body, string field) => RefusesAsync("/v1/responses", body, field);

    [Theory]
    [InlineData("""{"model":"soma-extract","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]}""", "messages[0].content[0].type")]
    [InlineData("""{"model":"soma-extract","messages":[{"role":"user","content":"x"}],"tools":{}}""", "tools")]
    public Task A_translated_chat_request_is_refused_by_the_fields_name(string body, string field) => RefusesAsync("/v1/chat/completions", body, field);

    [Theory]
    [InlineData("""{"input":[1]}""", "input")]
    [InlineData("""{"input":"x","encoding_format":"hex"}""", "encoding_format")]
    [InlineData("""{"input":"x","model":7}""", "model")]
    public Task An_embedding_request_is_refused_by_the_fields_name(string body, string field) => RefusesAsync("/v1/embeddings", body, field);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_server_that_speaks_chat_alone_answers_responses_too(bool stream)
    {
        Recorded(OpenAiGateway.Mexico);
        using var response = await PostAsync("/v1/responses", $$"""{"model":"compatible/{{OpenAiGateway.Mexico}}","input":"What is the capital of Mexico?","stream":{{(stream ? "true" : "false")}}}""");
        var body = await response.Content.ReadAsStringAsync(Stop);
        var answer = JsonNode.Parse(stream ? body.TrimEnd().Split("\ndata: ")[^1] : body)!;
        if (stream) answer = answer["response"]!;
        Assert.Equal(("completed", "The capital of Mexico is Mexico City."), (answer["status"]!.ToString(), answer["output"]![0]!["content"]![0]!["text"]!.ToString()));
        Assert.Equal((14, 8), (answer["usage"]!["input_tokens"]!.GetValue<int>(), answer["usage"]!["output_tokens"]!.GetValue<int>()));
        var settled = await ClosedAsync(response);
        Assert.Equal(("somastack.inference.call_settled.v1", 14, 8), (settled.Type, Number(settled, "input_tokens"), Number(settled, "output_tokens")));
    }

    [Fact]
    public async Task A_translated_stream_that_is_cut_never_ends_cleanly()
    {
        Recorded(OpenAiGateway.Mexico);
        using var response = await PostAsync("/v1/responses", $$"""{"model":"compatible/cut:{{OpenAiGateway.Mexico}}","input":"x","stream":true}""");
        var body = await response.Content.ReadAsStringAsync(Stop);
        Assert.DoesNotContain("response.completed", body, StringComparison.Ordinal);
        Assert.Contains("\nevent: error\n", body, StringComparison.Ordinal);
        using var whole = await PostAsync("/v1/responses", $$"""{"model":"compatible/cut:{{OpenAiGateway.Mexico}}","input":"x"}""");
        Assert.Equal(HttpStatusCode.BadGateway, whole.StatusCode);
    }

    [Fact]
    public async Task Embeddings_are_booked_as_input_alone()
    {
        var recorded = Recorded("embeddings/TestOpenAI.test_documents");
        var request = (JsonObject)recorded.Request!.DeepClone();
        request["model"] = "embeddings/TestOpenAI.test_documents";
        using var response = await PostAsync("/v1/embeddings", request.ToJsonString());
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(recorded.Body), JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))));
        var settled = await ClosedAsync(response);
        Assert.Equal((2, 0), (Number(settled, "input_tokens"), Number(settled, "output_tokens")));
    }

    [Fact]
    public async Task Counting_tokens_books_nothing_and_only_a_provider_that_counts_is_asked()
    {
        Recorded("openai-responses/responses_usage_limit_exceeded");
        using var counted = await PostAsync("/v1/responses/input_tokens", """{"model":"openai-responses/responses_usage_limit_exceeded","input":"x"}""");
        Assert.Equal("""{"input_tokens":18,"object":"response.input_tokens"}""", await counted.Content.ReadAsStringAsync(Stop));
        Assert.False(counted.Headers.Contains("x-somastack-call-id"));
        using var refused = await PostAsync("/v1/responses/input_tokens", """{"model":"soma-extract","input":"x"}""");
        Assert.Equal(HttpStatusCode.NotImplemented, refused.StatusCode);
    }

    [Fact]
    public async Task The_built_in_responder_keeps_its_quotations_in_whole_answers_and_streams()
    {
        using var remembered = await PostAsync("/v1/remember", """{"text":"The lighthouse of Zzyzx was built in 1921."}""");
        Assert.Equal(HttpStatusCode.Created, remembered.StatusCode);
        foreach (var stream in new[] { "false", "true" })
        {
            using var response = await PostAsync("/v1/chat/completions", $$"""{"model":"soma-extract","stream":{{stream}},"messages":[{"role":"user","content":"When was the lighthouse of Zzyzx built?"}]}""");
            var body = await response.Content.ReadAsStringAsync(Stop);
            Assert.Contains("\"somastack\":{\"quotations\":[", body, StringComparison.Ordinal);
            Assert.Equal(stream == "true", body.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal));
        }
    }

    private RecordedExchange Recorded(string model)
    {
        Assert.SkipWhen(Recordings.Root is null, "../shared/data/provider-recordings is not there.");
        return gateway.Replay[model];
    }

    private async Task RefusesAsync(string address, string body, string field)
    {
        Assert.SkipWhen(Recordings.Root is null && body.Contains('/', StringComparison.Ordinal), "../shared/data/provider-recordings is not there.");
        using var response = await PostAsync(address, body);
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))!["error"]!;
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "invalid_request_error", field), (response.StatusCode, error["type"]!.ToString(), error["param"]!.ToString()));
    }

    private async Task<HttpResponseMessage> PostAsync(string address, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        return await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
    }

    /// <summary>The second line of the call's journal; it may be written when the last byte has already left.</summary>
    private async Task<(string Type, JsonElement Data)> ClosedAsync(HttpResponseMessage response)
    {
        var id = response.Headers.GetValues("x-somastack-call-id").Single();
        await using var db = Db.Open("sqlite:" + Path.Combine(gateway.Soma.Data, "soma.db"));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var attempt = 0; attempt < 500; attempt++)
        {
            var rows = await db.QueryAsync("demo", reader => (reader.GetString(0), reader.GetString(1)), $"SELECT type, data FROM journal WHERE tenant = {"demo"} AND subject = {"call/" + id} AND version = 2", Stop);
            if (rows.Count > 0) return (rows[0].Item1, JsonDocument.Parse(rows[0].Item2).RootElement);
            await timer.WaitForNextTickAsync(Stop);
        }
        throw new TimeoutException($"The call {id} was not closed.");
    }

    private static long? Number((string Type, JsonElement Data) line, string name) => line.Data.GetProperty(name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt64() : null;
}
