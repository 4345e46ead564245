using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>The pass-through of <c>/v1/messages</c> against recorded real traffic with Anthropic, through the built program.</summary>
public sealed class MessagesGatewayTests(AnthropicGateway gateway) : IClassFixture<AnthropicGateway>
{
    private readonly RecordedProvider _provider = gateway.Anthropic;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Recorded_traffic_passes_unchanged_and_its_usage_is_booked()
    {
        var count = 0;
        Forget();
        foreach (var name in AnthropicGateway.Recorded)
            foreach (var recorded in Recordings.Read(name))
            {
                _provider.Next(recorded);
                using var response = await PostAsync(recorded.Request!, "/v1/messages?beta=true");
                var body = await response.Content.ReadAsByteArrayAsync(Stop);
                Assert.True(response.StatusCode == HttpStatusCode.OK, $"{name}: {(int)response.StatusCode} {Encoding.UTF8.GetString(body)}");
                Assert.True(WithoutCost(body).SequenceEqual(recorded.Body), name);
                Assert.True(_provider.Received.TryDequeue(out var received) && _provider.Addressed.TryDequeue(out _));
                Assert.True(JsonNode.DeepEquals(recorded.Request, received.Body), $"{name}: {received.Body}");

                var settled = await ClosedAsync(response);
                Assert.Equal("somastack.inference.call_settled.v1", settled.Type);
                Assert.Equal(AnthropicGateway.InputOf(recorded.Usage!), Number(settled.Data, "input_tokens"));
                Assert.Equal(recorded.Usage!["output_tokens"]!.GetValue<long>(), Number(settled.Data, "output_tokens"));
                Assert.Equal(recorded.Usage!["cache_read_input_tokens"]!.GetValue<long>(), Number(settled.Data, "cached_input_tokens"));
                count++;
            }
        Assert.Equal(16, count);
    }

    /// <summary>A stream of a priced model holds one comment of ours, which clients pass over.</summary>
    private static byte[] WithoutCost(byte[] body) => Encoding.UTF8.GetBytes(System.Text.RegularExpressions.Regex.Replace(Encoding.UTF8.GetString(body), ": cost [0-9.]+ USD\n\n?", ""));

    [Theory]
    [InlineData(null, "2023-06-01", true)]
    [InlineData("2023-06-01", "2023-06-01", true)]
    [InlineData("2026-10-21", "2026-10-21", false)]
    public async Task The_provider_gets_its_key_where_that_version_wants_it_and_never_the_callers(string? version, string expected, bool own)
    {
        Forget();
        _provider.Next(Recordings.Read("anthropic/extra_headers").Single());
        using var request = Request(Recordings.Read("anthropic/extra_headers").Single().Request!, "/v1/messages");
        if (version is not null) request.Headers.Add("anthropic-version", version);
        request.Headers.Add("anthropic-beta", "some-beta-2026-01-01");
        using var response = await gateway.Client.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(_provider.Addressed.TryDequeue(out var addressed));
        Assert.Equal(("/v1/messages", expected, "some-beta-2026-01-01"), (addressed.Address, addressed.Headers["anthropic-version"], addressed.Headers["anthropic-beta"]));
        Assert.Equal(own ? RecordedProvider.Key : null, addressed.Headers.GetValueOrDefault("x-api-key"));
        Assert.Equal(own ? null : "Bearer " + RecordedProvider.Key, addressed.Headers.GetValueOrDefault("Authorization"));
    }

    [Fact]
    public async Task A_qualified_name_reaches_the_provider_under_its_own()
    {
        Forget();
        var recorded = Recordings.Read("anthropic/extra_headers").Single();
        _provider.Next(recorded);
        var request = (JsonObject)recorded.Request!.DeepClone();
        request["model"] = "anthropic/" + recorded.Model;
        using var response = await PostAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(_provider.Received.TryDequeue(out var received));
        Assert.True(JsonNode.DeepEquals(recorded.Request, received.Body));
    }

    [Fact]
    public async Task A_cut_stream_ends_with_an_error_event_and_never_with_the_end_mark()
    {
        var recorded = Recordings.Read("anthropic/anthropic_model_thinking_part_stream").Single();
        foreach (var length in new[] { 3000, recorded.Text.IndexOf("event: message_delta", StringComparison.Ordinal) })
        {
            _provider.Next(recorded with { Body = recorded.Body[..length] });
            using var response = await PostAsync(recorded.Request!);
            var body = await response.Content.ReadAsStringAsync(Stop);
            Assert.DoesNotContain("event: message_stop", body, StringComparison.Ordinal);
            var last = body.TrimEnd().Split("\n\n")[^1].Split('\n');
            Assert.Equal("event: error", last[0]);
            Assert.Equal("provider_garbled", (string)JsonNode.Parse(last[1]["data: ".Length..])!["error"]!["code"]!);
            var failed = await ClosedAsync(response);
            Assert.Equal("somastack.inference.call_failed.v1", failed.Type);
            Assert.Equal((43L, null), (Number(failed.Data, "input_tokens"), Number(failed.Data, "output_tokens")));
        }
    }

    [Fact]
    public async Task An_error_inside_a_stream_is_passed_on_and_the_call_counts_as_failed()
    {
        var recorded = Recordings.Read("anthropic/anthropic_model_thinking_part_stream").Single();
        // No recording holds such an event; its form is the documented one.
        var text = recorded.Text[..recorded.Text.IndexOf("event: message_delta", StringComparison.Ordinal)]
            + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
        _provider.Next(recorded with { Body = Encoding.UTF8.GetBytes(text) });
        using var response = await PostAsync(recorded.Request!);
        Assert.Equal(text, await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal("somastack.inference.call_failed.v1", (await ClosedAsync(response)).Type);
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_the_providers_work_and_is_booked()
    {
        var recorded = Recordings.Read("anthropic/anthropic_model_thinking_part_stream").Single();
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _provider.Next(async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.Body.WriteAsync(recorded.Body.AsMemory(0, 1500));
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
        var failed = await gateway.ClosedAsync(id, Stop);
        Assert.Equal("client_closed", failed.Data.GetProperty("code").GetString());
        // The provider counted what it read; what it wrote until then is estimated, and marked so.
        Assert.Equal(43L, Number(failed.Data, "input_tokens"));
        Assert.InRange(Number(failed.Data, "output_tokens") ?? 0, 1, 200);
        Assert.True(failed.Data.GetProperty("estimated").GetBoolean());
    }

    [Theory]
    [InlineData(401, HttpStatusCode.BadGateway, "provider_unauthorized", "api_error")]
    [InlineData(429, HttpStatusCode.TooManyRequests, "provider_rate_limited", "rate_limit_error")]
    [InlineData(529, HttpStatusCode.ServiceUnavailable, "provider_unavailable", "overloaded_error")]
    [InlineData(504, HttpStatusCode.GatewayTimeout, "provider_timeout", "timeout_error")]
    public async Task A_refusing_provider_is_named_and_tells_no_secret(int upstream, HttpStatusCode expected, string code, string type)
    {
        _provider.Next(async http =>
        {
            http.Response.StatusCode = upstream;
            http.Response.Headers.RetryAfter = "7";
            await http.Response.WriteAsync($"{{\"type\":\"error\",\"error\":{{\"type\":\"x\",\"message\":\"no {(upstream == 401 ? RecordedProvider.Key : "")}\"}}}}");
        });
        using var response = await PostAsync(Asked("claude-test"));
        Assert.Equal(expected, response.StatusCode);
        var error = await ErrorAsync(response);
        Assert.Equal((type, code, code), ((string)error["type"]!, (string)error["code"]!, (string)error["details"]!["error_code"]!));
        Assert.DoesNotContain(RecordedProvider.Key, error.ToJsonString(), StringComparison.Ordinal);
        if (upstream == 429) Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter!.Delta);
    }

    [Fact]
    public async Task What_the_provider_says_about_the_request_reaches_the_caller()
    {
        const string Refusal = """{"type":"error","error":{"type":"invalid_request_error","message":"messages: at least one message is required"},"request_id":"req_1"}""";
        _provider.Next(async http =>
        {
            http.Response.StatusCode = 400;
            await http.Response.WriteAsync(Refusal);
        });
        using var response = await PostAsync(Asked("claude-test"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(Refusal, await response.Content.ReadAsStringAsync(Stop));
    }

    [Theory]
    [InlineData("<html>nothing</html>")]
    [InlineData("""{"choices":[]}""")]
    public async Task An_answer_that_is_no_message_is_refused(string answer)
    {
        _provider.Next(http => http.Response.WriteAsync(answer));
        using var response = await PostAsync(Asked("claude-test"));
        Assert.Equal((HttpStatusCode.BadGateway, "provider_garbled"), (response.StatusCode, (string)(await ErrorAsync(response))["code"]!));
    }

    [Theory]
    [InlineData("nope", null, HttpStatusCode.NotFound, "not_found_error", "model_unknown")]
    [InlineData("claude-test", "soma_sk_wrong", HttpStatusCode.Unauthorized, "authentication_error", "unauthenticated")]
    public async Task Our_own_refusals_have_the_surfaces_shape(string model, string? key, HttpStatusCode status, string type, string code)
    {
        using var client = new HttpClient { BaseAddress = gateway.Soma.Url };
        client.DefaultRequestHeaders.Add("x-api-key", key ?? gateway.Token);
        using var request = Request(Asked(model), "/v1/messages");
        using var response = await client.SendAsync(request, Stop);
        Assert.Equal(status, response.StatusCode);
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))!;
        Assert.Equal(("error", type, code), ((string)body["type"]!, (string)body["error"]!["type"]!, (string)body["error"]!["code"]!));
        Assert.Equal((string)body["request_id"]!, response.Headers.GetValues("request-id").Single());
    }

    [Fact]
    public async Task Tokens_are_counted_by_the_provider_that_will_read_them()
    {
        Forget();
        var recorded = Recordings.Read("anthropic/anthropic_model_usage_limit_exceeded").Single();
        _provider.Next(recorded);
        using var response = await PostAsync(recorded.Request!, "/v1/messages/count_tokens?beta=true");
        Assert.Equal(recorded.Text, await response.Content.ReadAsStringAsync(Stop));
        Assert.True(_provider.Received.TryDequeue(out var received) && _provider.Addressed.TryDequeue(out var addressed) && addressed.Address == "/v1/messages/count_tokens?beta=true");
        Assert.True(JsonNode.DeepEquals(recorded.Request, received.Body));

        var refused = Recordings.Read("anthropic/anthropic_count_tokens_error").Single();
        _provider.Next(refused);
        using var refusal = await PostAsync(refused.Request!, "/v1/messages/count_tokens?beta=true");
        Assert.Equal((HttpStatusCode.NotFound, refused.Text), (refusal.StatusCode, await refusal.Content.ReadAsStringAsync(Stop)));
    }

    private static JsonObject Asked(string model) =>
        new() { ["model"] = model, ["max_tokens"] = 5, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "Hi" }) };

    private static HttpRequestMessage Request(JsonObject body, string path) => new(HttpMethod.Post, path) { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };

    private static long? Number(JsonElement data, string name) => data.GetProperty(name) is { ValueKind: JsonValueKind.Number } value ? value.GetInt64() : null;

    private static async Task<JsonNode> ErrorAsync(HttpResponseMessage response) => JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))!["error"]!;

    private async Task<HttpResponseMessage> PostAsync(JsonObject body, string path = "/v1/messages")
    {
        using var request = Request(body, path);
        return await gateway.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
    }

    private Task<(string Type, JsonElement Data)> ClosedAsync(HttpResponseMessage response) => gateway.ClosedAsync(response.Headers.GetValues("x-somastack-call-id").Single(), Stop);

    private void Forget()
    {
        _provider.Received.Clear();
        _provider.Addressed.Clear();
    }
}
