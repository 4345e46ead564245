using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>The pass-through of <c>/v1/chat/completions</c> against recorded real traffic, through the built program.</summary>
public sealed class GatewayTests(Gateway gateway) : IClassFixture<Gateway>
{
    private readonly RecordedProvider _provider = gateway.Provider;
    private readonly SomaProcess _soma = gateway.Soma;
    private readonly HttpClient _client = gateway.Client;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Recorded_traffic_passes_unchanged_and_its_usage_is_booked()
    {
        var count = 0;
        _provider.Received.Clear();
        foreach (var name in Gateway.Recorded)
            foreach (var recorded in Recordings.Chat(name))
            {
                _provider.Next(recorded);
                using var response = await PostAsync(recorded.Request!);
                var body = await response.Content.ReadAsStringAsync(Stop);
                Assert.True(response.StatusCode == HttpStatusCode.OK, $"{name}: {(int)response.StatusCode} {body}");
                if (recorded.IsStream) Assert.Equal(recorded.Text, body);
                else Assert.True(JsonNode.DeepEquals(JsonNode.Parse(recorded.Body), JsonNode.Parse(body)), name);
                Assert.True(_provider.Received.TryDequeue(out var received));
                Assert.True(JsonNode.DeepEquals(recorded.Request, received.Body), $"{name}: {received.Body}");
                Assert.Equal("Bearer " + RecordedProvider.Key, received.Authorization);

                var settled = await ClosedAsync(response);
                Assert.Equal("somastack.inference.call_settled.v1", settled.Type);
                Assert.Equal(recorded.Usage?["prompt_tokens"]?.GetValue<long>(), Number(settled.Data, "input_tokens"));
                Assert.Equal(recorded.Usage?["completion_tokens"]?.GetValue<long>(), Number(settled.Data, "output_tokens"));
                count++;
            }
        Assert.True(count >= 25, $"{count} exchanges");
    }

    [Fact]
    public async Task A_stream_is_metered_even_when_its_reader_does_not_want_the_usage()
    {
        var recorded = Recordings.Chat("openai-chat/temporal_agent_run_stream").Single();
        _provider.Next(recorded, 1000);
        _provider.Received.Clear();
        var request = (JsonObject)recorded.Request!.DeepClone();
        request.Remove("stream_options");
        using var response = await PostAsync(request);
        var body = await response.Content.ReadAsStringAsync(Stop);
        Assert.DoesNotContain("\"prompt_tokens\"", body, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", body, StringComparison.Ordinal);
        Assert.True(_provider.Received.TryDequeue(out var received));
        Assert.True(received.Body["stream_options"]!["include_usage"]!.GetValue<bool>());
        Assert.Equal(14, Number((await ClosedAsync(response)).Data, "input_tokens"));
    }

    [Fact]
    public async Task A_cut_stream_ends_with_an_error_event_and_never_with_the_end_mark()
    {
        var recorded = Recordings.Chat("openai-chat/temporal_agent_run_stream").Single();
        foreach (var length in new[] { 1500, recorded.Text.IndexOf("data: [DONE]", StringComparison.Ordinal) })
        {
            _provider.Next(recorded with { Body = recorded.Body[..length] });
            using var response = await PostAsync(recorded.Request!);
            var body = await response.Content.ReadAsStringAsync(Stop);
            Assert.DoesNotContain("[DONE]", body, StringComparison.Ordinal);
            var last = body.TrimEnd().Split("\n\n")[^1];
            Assert.Equal("provider_garbled", JsonNode.Parse(last["data: ".Length..])!["error"]!["code"]!.GetValue<string>());
            var failed = await ClosedAsync(response);
            Assert.Equal("somastack.inference.call_failed.v1", failed.Type);
            Assert.Equal(length > 2000 ? 14 : null, Number(failed.Data, "input_tokens"));
        }
    }

    [Fact]
    public async Task A_connection_that_breaks_in_a_stream_becomes_an_error_event_too()
    {
        var recorded = Recordings.Chat("openai-chat/temporal_agent_run_stream").Single();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _provider.Next(async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.Body.WriteAsync(recorded.Body.AsMemory(0, 900));
            await http.Response.Body.FlushAsync();
            await begun.Task.WaitAsync(TimeSpan.FromSeconds(20));
            http.Abort();
        });
        using var response = await PostAsync(recorded.Request!);
        begun.SetResult();
        var body = await response.Content.ReadAsStringAsync(Stop);
        Assert.Contains("\"provider_garbled\"", body, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_inside_a_stream_is_passed_on_and_the_call_counts_as_failed()
    {
        var recorded = Recordings.Chat("openai-compatible/openrouter_stream_error").Single();
        _provider.Next(recorded);
        using var response = await PostAsync(recorded.Request!);
        Assert.Equal(recorded.Text, await response.Content.ReadAsStringAsync(Stop));
        var failed = await ClosedAsync(response);
        Assert.Equal("somastack.inference.call_failed.v1", failed.Type);
        Assert.Equal(43, Number(failed.Data, "input_tokens"));
    }

    [Fact]
    public async Task What_the_provider_says_about_the_request_reaches_the_caller()
    {
        var recorded = Recordings.Chat("openai-chat/openai_web_search_tool_model_not_supported").Single();
        _provider.Next(recorded);
        using var response = await PostAsync(recorded.Request!);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(recorded.Body), JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))));
    }

    [Fact]
    public async Task An_answer_that_is_no_completion_is_refused()
    {
        foreach (var name in new[] { "openai-chat/invalid_response", "openai-chat/text_response" })
        {
            var recorded = Recordings.Read(name).Single();
            _provider.Next(recorded);
            using var response = await PostAsync(recorded.Request!);
            Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
            Assert.Equal("provider_garbled", (await ErrorAsync(response))["code"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData(401, HttpStatusCode.BadGateway, "provider_unauthorized")]
    [InlineData(429, HttpStatusCode.TooManyRequests, "provider_rate_limited")]
    [InlineData(500, HttpStatusCode.ServiceUnavailable, "provider_unavailable")]
    [InlineData(504, HttpStatusCode.GatewayTimeout, "provider_timeout")]
    public async Task A_refusing_provider_is_named_and_tells_no_secret(int upstream, HttpStatusCode expected, string code)
    {
        _provider.Next(async http =>
        {
            http.Response.StatusCode = upstream;
            http.Response.Headers.RetryAfter = "7";
            var secret = upstream == 401 ? RecordedProvider.Key : "none";
            await http.Response.WriteAsync($"{{\"error\":{{\"message\":\"Incorrect API key provided: {secret}\",\"type\":\"x\",\"param\":null,\"code\":\"y\"}}}}");
        });
        using var response = await PostAsync(new JsonObject { ["model"] = "gpt-4o", ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Hi" }) });
        Assert.Equal(expected, response.StatusCode);
        var error = await ErrorAsync(response);
        Assert.Equal(code, error["code"]!.GetValue<string>());
        Assert.DoesNotContain(RecordedProvider.Key, error.ToJsonString(), StringComparison.Ordinal);
        if (upstream == 429) Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_the_providers_work_and_is_booked()
    {
        var recorded = Recordings.Chat("openai-chat/temporal_agent_run_stream").Single();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _provider.Next(async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.Body.WriteAsync(recorded.Body.AsMemory(0, 900));
            await http.Response.Body.FlushAsync();
            http.RequestAborted.Register(ended.SetResult);
            await ended.Task.WaitAsync(TimeSpan.FromSeconds(20));
        });
        string id;
        using (var response = await PostAsync(recorded.Request!))
        {
            await using var stream = await response.Content.ReadAsStreamAsync(Stop);
            Assert.True(await stream.ReadAsync(new byte[100], Stop) > 0);
            id = response.Headers.GetValues("x-somastack-call-id").Single();
        }
        await ended.Task.WaitAsync(TimeSpan.FromSeconds(20), Stop);
        var failed = await ClosedAsync(id);
        Assert.Equal("client_closed", failed.Data.GetProperty("code").GetString());
        Assert.True(failed.Data.GetProperty("chunks").GetInt32() > 0);
        // The provider's own count never came, so what had come is estimated and marked as such.
        Assert.True(failed.Data.GetProperty("estimated").GetBoolean());
        Assert.True(Number(failed.Data, "output_tokens") > 0);
    }

    private async Task<HttpResponseMessage> PostAsync(JsonObject body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
    }

    private static async Task<JsonNode> ErrorAsync(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))!["error"]!;

    private Task<(string Type, JsonElement Data)> ClosedAsync(HttpResponseMessage response) => ClosedAsync(response.Headers.GetValues("x-somastack-call-id").Single());

    /// <summary>The second line of the call's journal; it is written when the last byte has already left.</summary>
    private async Task<(string Type, JsonElement Data)> ClosedAsync(string id)
    {
        await using var db = Db.Open("sqlite:" + Path.Combine(_soma.Data, "soma.db"));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var attempt = 0; attempt < 500; attempt++)
        {
            var rows = await db.QueryAsync("demo", reader => (reader.GetString(0), reader.GetString(1)), $"SELECT type, data FROM journal WHERE tenant = {"demo"} AND subject = {"call/" + id} AND version = 2", Stop);
            if (rows.Count > 0) return (rows[0].Item1, JsonDocument.Parse(rows[0].Item2).RootElement);
            await timer.WaitForNextTickAsync(Stop);
        }
        throw new TimeoutException($"The call {id} was not closed.");
    }

    private static long? Number(JsonElement data, string name) => data.GetProperty(name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt64() : null;
}
