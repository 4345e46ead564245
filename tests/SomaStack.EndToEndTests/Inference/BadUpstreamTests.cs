using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>
/// Providers that fail in every way, through the built program: a typed problem or an error inside the stream, the attempt journalled,
/// the reservation settled or given back, and nothing that outlives its deadline.
/// </summary>
public sealed class BadUpstreamTests(BadUpstreams house) : IClassFixture<BadUpstreams>
{
    private readonly HttpClient _client = house.Client;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("first/busy", 503, "provider_unavailable")]
    [InlineData("first/limited-long", 429, "provider_rate_limited")]
    [InlineData("first/key", 502, "provider_unauthorized")]
    [InlineData("first/silent", 504, "provider_timeout")]
    [InlineData("first/garbage", 502, "provider_garbled")]
    [InlineData("first/html", 502, "provider_garbled")]
    [InlineData("first/reset-early", 503, "provider_unavailable")]
    [InlineData("first/nope", 404, "model_unknown")]
    public async Task A_failure_before_the_first_byte_is_a_typed_problem(string model, int status, string code)
    {
        await SetAsync("chat", new { primary = model, retries = 0, timeout_seconds = 1 });
        foreach (var stream in new[] { false, true })
        {
            var id = Ids.New();
            var watch = Stopwatch.StartNew();
            using var response = await AskAsync("role:chat", id, stream);
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Equal(code, JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))!["error"]!["code"]!.GetValue<string>());
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{model} took {watch.Elapsed}");
            if (status == 404) continue;
            var lines = await AttemptsAsync(id, 2);
            Assert.Equal(["call_opened 1", "call_failed 1 " + code], lines);
            Assert.Equal(model, response.Headers.GetValues("x-somastack-model").Single());
            Assert.Equal(id, response.Headers.GetValues("x-somastack-request-id").Single());
            Assert.Single(response.Headers.GetValues("x-somastack-call-id"));
        }
        await NothingIsOpenAsync();
    }

    [Theory]
    [InlineData("first/stall", "provider_timeout")]
    [InlineData("first/half", "provider_garbled")]
    [InlineData("first/reset", "provider_garbled")]
    [InlineData("first/huge-later", "provider_garbled")]
    [InlineData("first/endless", "provider_timeout")]
    public async Task A_failure_after_the_first_byte_is_an_error_event_and_no_fallback(string model, string code)
    {
        await SetAsync("chat", new { primary = model, fallbacks = new[] { "second/good" }, retries = 3, timeout_seconds = 1, total_seconds = 2 });
        var before = house.Second.Asked("good");
        var id = Ids.New();
        var watch = Stopwatch.StartNew();
        using var response = await AskAsync("role:chat", id, stream: true);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        if (model == "first/reset") house.First.Reset.Release();
        var body = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{model} took {watch.Elapsed}");
        Assert.StartsWith(BadUpstream.Piece, body, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", body, StringComparison.Ordinal);
        var last = body.TrimEnd().Split("\n\n")[^1];
        Assert.Equal(code, JsonNode.Parse(last["data: ".Length..])!["error"]!["code"]!.GetValue<string>());
        Assert.Equal(["call_opened 1", "call_failed 1 " + code], await AttemptsAsync(id, 2));
        Assert.Equal(before, house.Second.Asked("good"));
        await NothingIsOpenAsync();
    }

    [Fact]
    public async Task An_event_of_ten_megabytes_is_refused_before_anything_has_left()
    {
        await SetAsync("chat", new { primary = "first/huge", retries = 0 });
        using var response = await AskAsync("role:chat", Ids.New(), stream: true);
        Assert.Equal(HttpStatusCode.BadGateway, response.StatusCode);
    }

    [Fact]
    public async Task What_concerns_the_request_is_the_callers_to_read_and_nobody_else_is_asked()
    {
        await SetAsync("chat", new { primary = "first/teapot", fallbacks = new[] { "second/good" }, retries = 3 });
        var before = house.Second.Asked("good");
        using var response = await AskAsync("role:chat", Ids.New());
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("no 400", await response.Content.ReadAsStringAsync(Stop), StringComparison.Ordinal);
        Assert.Equal(before, house.Second.Asked("good"));
    }

    [Theory]
    [InlineData("busy", false)]
    [InlineData("busy", true)]
    [InlineData("limited-long", true)]
    [InlineData("key", false)]
    [InlineData("silent", true)]
    [InlineData("html", true)]
    [InlineData("huge", true)]
    [InlineData("reset-early", false)]
    [InlineData("half-json", false)]
    public async Task The_next_model_answers_and_both_attempts_are_journalled(string bad, bool stream)
    {
        await SetAsync("chat", new { primary = "first/" + bad, fallbacks = new[] { "second/good" }, retries = 0, timeout_seconds = 1 });
        var id = Ids.New();
        using var response = await AskAsync("role:chat", id, stream);
        var body = await response.Content.ReadAsStringAsync(Stop);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(stream ? Pieces() : BadUpstream.Whole, body);
        Assert.Equal("second/good", response.Headers.GetValues("x-somastack-model").Single());
        var lines = await AttemptsAsync(id, 4);
        Assert.Equal(("call_opened 1", "call_opened 2", "call_settled"), (lines[0], lines[2], lines[3].Split(' ')[0]));
        Assert.StartsWith("call_failed 1", lines[1], StringComparison.Ordinal);
        await NothingIsOpenAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_candidate_of_another_format_answers_by_translation(bool stream)
    {
        await SetAsync("chat", new { primary = "first/busy", fallbacks = new[] { "soma-extract" }, retries = 0 });
        var id = Ids.New();
        using var response = await AskAsync("role:chat", id, stream);
        var body = await response.Content.ReadAsStringAsync(Stop);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("somastack/soma-extract", response.Headers.GetValues("x-somastack-model").Single());
        Assert.Equal(stream, body.TrimEnd().EndsWith("data: [DONE]", StringComparison.Ordinal));
        Assert.Contains("\"choices\"", body, StringComparison.Ordinal);
        Assert.Equal(["call_opened 1", "call_failed 1 provider_unavailable", "call_opened 2", "call_settled"], await AttemptsAsync(id, 4));
        await NothingIsOpenAsync();
    }

    [Fact]
    public async Task The_official_clients_road_falls_back_too()
    {
        await SetAsync("chat", new { primary = "first/busy", fallbacks = new[] { "second/good" }, retries = 0 });
        using var response = await _client.PostAsJsonAsync("/v1/infer/sync", new { prompt = "Hi", model = "role:chat" }, Stop);
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(Stop))!;
        Assert.Equal(("second", "good", "word word word word word word "), (answer["provider"]!.GetValue<string>(), answer["model"]!.GetValue<string>(), answer["completion"]!.GetValue<string>()));
        await SetAsync("chat", new { primary = "first/stall", retries = 0, timeout_seconds = 1 });
        using var cut = await _client.PostAsJsonAsync("/v1/infer/sync", new { prompt = "Hi", model = "role:chat" }, Stop);
        Assert.Equal(HttpStatusCode.GatewayTimeout, cut.StatusCode);
        await NothingIsOpenAsync();
    }

    [Fact]
    public async Task A_retry_is_another_call_to_the_same_model()
    {
        await SetAsync("chat", new { primary = "first/busy-once", retries = 2 });
        var id = Ids.New();
        using var response = await AskAsync("role:chat", id);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(["call_opened 1", "call_failed 1 provider_unavailable", "call_opened 2", "call_settled"], await AttemptsAsync(id, 4));
        Assert.Equal(2, house.First.Asked("busy-once"));
    }

    [Fact]
    public async Task A_model_that_keeps_failing_is_left_alone()
    {
        await SetAsync("chat", new { primary = "first/failing", retries = 0 });
        var refused = 0;
        for (var i = 0; i < 40; i++)
        {
            using var response = await AskAsync("role:chat", Ids.New());
            Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
            if (!response.Headers.Contains("x-somastack-call-id")) refused++;
        }
        Assert.Equal(20, house.First.Asked("failing"));
        Assert.Equal(20, refused);
        await SetAsync("chat", new { primary = "first/failing", fallbacks = new[] { "second/good" }, retries = 0 });
        using var fallback = await AskAsync("role:chat", Ids.New());
        Assert.Equal("second/good", fallback.Headers.GetValues("x-somastack-model").Single());
        Assert.Equal(20, house.First.Asked("failing"));
    }

    [Fact]
    public async Task A_hedge_is_answered_by_the_first_and_ends_the_other()
    {
        await SetAsync("chat", new { primary = "first/silent", fallbacks = new[] { "second/good" }, retries = 0, hedge_after_ms = 100, timeout_seconds = 30 });
        var id = Ids.New();
        using var response = await AskAsync("role:chat", id, stream: true);
        Assert.Equal(Pieces(), await response.Content.ReadAsStringAsync(Stop));
        Assert.Equal("second/good", response.Headers.GetValues("x-somastack-model").Single());
        var lines = await AttemptsAsync(id, 4);
        Assert.Equal(["call_failed 1 hedge_lost", "call_opened 1", "call_opened 2", "call_settled"], lines.Order(StringComparer.Ordinal));
        await NothingIsOpenAsync();
    }

    [Fact]
    public async Task A_caller_that_leaves_ends_the_providers_work_within_a_second_and_pays_for_what_was_written()
    {
        while (house.First.EndedOne.CurrentCount > 0) await house.First.EndedOne.WaitAsync(Stop);
        house.First.Ended.Clear();
        var id = Ids.New();
        var watch = new Stopwatch();
        using (var response = await AskAsync("openai/gpt-4o-mini", id, stream: true))
        {
            await using var stream = await response.Content.ReadAsStreamAsync(Stop);
            var read = 0;
            var buffer = new byte[4096];
            while (read < BadUpstream.Piece.Length * 3) read += await stream.ReadAsync(buffer, Stop);
            // Cancelling a read breaks the connection; disposing the answer would first try to read the rest of it.
            using var leave = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            var reading = stream.ReadAsync(buffer, leave.Token).AsTask();
            watch.Start();
            await leave.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        }
        Assert.True(await house.First.EndedOne.WaitAsync(TimeSpan.FromSeconds(10), Stop));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(1), $"It took {watch.Elapsed}.");
        Assert.Equal(["call_opened 1", "call_failed 1 client_closed"], await AttemptsAsync(id, 2));
        var failed = await FailedAsync(id);
        Assert.True(failed.GetProperty("estimated").GetBoolean());
        // Three times "word word " are 30 bytes; four bytes count as a token.
        Assert.Equal(8, failed.GetProperty("output_tokens").GetInt64());
        var input = failed.GetProperty("input_tokens").GetInt64();
        Assert.Equal((8 + 3) / 4, input);
        // 0.15 and 0.6 US dollars a million.
        Assert.Equal(input * 150 + 8 * 600, failed.GetProperty("cost_nanos").GetInt64());
        await NothingIsOpenAsync();
    }

    [Fact]
    public async Task A_long_stream_passes_whole()
    {
        var id = Ids.New();
        using var response = await AskAsync("first/long", id, stream: true);
        var body = await response.Content.ReadAsByteArrayAsync(Stop);
        var whole = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(BadUpstream.Piece, BadUpstream.LongPieces)) + BadUpstream.Finish + "data: [DONE]\n\n");
        Assert.True(body.AsSpan().SequenceEqual(whole), $"{body.Length} of {whole.Length} bytes");
        await AttemptsAsync(id, 2);
        await using var db = Db.Open("sqlite:" + Path.Combine(house.Soma.Data, "soma.db"));
        var data = await db.FindAsync("demo", reader => reader.GetString(0),
            $"SELECT data FROM journal WHERE tenant = {"demo"} AND subject = {"call/" + response.Headers.GetValues("x-somastack-call-id").Single()} AND version = {2L}", Stop);
        var overhead = JsonDocument.Parse(data!).RootElement.GetProperty("overhead_ms").GetDouble();
        TestContext.Current.TestOutputHelper!.WriteLine($"{overhead * 1000 / BadUpstream.LongPieces:0.00} us of this server's time for each chunk");
    }

    [Fact]
    public async Task Money_is_told_where_it_is_known_and_said_to_be_unknown_where_not()
    {
        using var priced = await AskAsync("openai/gpt-4o", Ids.New());
        // 11 tokens at 2.5 and 7 at 10 US dollars a million.
        Assert.Equal("0.0000975 USD", priced.Headers.GetValues("x-somastack-cost").Single());
        Assert.True(double.Parse(priced.Headers.GetValues("x-somastack-overhead-ms").Single(), System.Globalization.CultureInfo.InvariantCulture) >= 0);
        using var unpriced = await AskAsync("first/good", Ids.New());
        Assert.Equal("unknown", unpriced.Headers.GetValues("x-somastack-cost").Single());
        using var streamed = await AskAsync("openai/gpt-4o", Ids.New(), stream: true);
        var body = await streamed.Content.ReadAsStringAsync(Stop);
        Assert.EndsWith(": cost 0.0000975 USD\n\ndata: [DONE]\n\n", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_equal_request_is_answered_from_memory_when_the_caller_or_the_profile_wants_it(bool stream)
    {
        await SetAsync("code", new { primary = "second/gpt-4o", cache = true });
        var before = house.Second.Asked("gpt-4o");
        var word = Ids.New();
        var (first, second) = (Ids.New(), Ids.New());
        using var missed = await AskAsync("role:code", first, stream, word);
        var body = await missed.Content.ReadAsStringAsync(Stop);
        Assert.Equal("miss", missed.Headers.GetValues("x-somastack-cache").Single());
        await AttemptsAsync(first, 2);
        using var hit = await AskAsync("second/gpt-4o", second, stream, word);
        Assert.Equal(body, await hit.Content.ReadAsStringAsync(Stop));
        Assert.Equal(("hit", "0 USD"), (hit.Headers.GetValues("x-somastack-cache").Single(), hit.Headers.GetValues("x-somastack-cost").Single()));
        Assert.Equal(stream ? "text/event-stream" : "application/json", hit.Content.Headers.ContentType!.MediaType);
        Assert.Equal(["call_cached"], await AttemptsAsync(second, 1));
        using var other = await AskAsync("role:code", Ids.New(), stream, word + "!");
        using var declined = await AskAsync("role:code", Ids.New(), stream, word, cache: "no");
        Assert.False(declined.Headers.Contains("x-somastack-cache"));
        Assert.Equal(before + 3, house.Second.Asked("gpt-4o"));
    }

    [Fact]
    public async Task Profiles_are_the_callers_tenants_and_versioned()
    {
        using var foreign = await _client.GetAsync(new Uri("/v1/tenants/other/model-profiles", UriKind.Relative), Stop);
        Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
        using var unknown = await _client.GetAsync(new Uri("/v1/tenants/demo/model-profiles/nope", UriKind.Relative), Stop);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        await SetAsync("tts", new { primary = "x" });
        var list = JsonNode.Parse(await _client.GetStringAsync(new Uri("/v1/tenants/demo/model-profiles", UriKind.Relative), Stop))!["profiles"]!.AsArray();
        Assert.Equal(6, list.Count);
        Assert.Equal("x", list.Single(profile => profile!["role"]!.GetValue<string>() == "speech")!["profile"]!["primary"]!.GetValue<string>());
        using var without = await _client.PutAsJsonAsync("/v1/tenants/demo/model-profiles/speech", new { primary = "y" }, Stop);
        Assert.Equal(HttpStatusCode.PreconditionRequired, without.StatusCode);
        using var reset = new HttpRequestMessage(HttpMethod.Delete, "/v1/tenants/demo/model-profiles/speech");
        reset.Headers.TryAddWithoutValidation("If-Match", "\"1\"");
        using var done = await _client.SendAsync(reset, Stop);
        Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
    }

    private static string Pieces() => string.Concat(Enumerable.Repeat(BadUpstream.Piece, 3)) + BadUpstream.Finish + "data: [DONE]\n\n";

    private async Task SetAsync(string role, object profile)
    {
        var path = new Uri("/v1/tenants/demo/model-profiles/" + role, UriKind.Relative);
        using var now = await _client.GetAsync(path, Stop);
        using var change = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(profile) };
        change.Headers.TryAddWithoutValidation("If-Match", now.Headers.ETag!.Tag);
        using var changed = await _client.SendAsync(change, Stop);
        Assert.True(changed.IsSuccessStatusCode, await changed.Content.ReadAsStringAsync(Stop));
    }

    private async Task<HttpResponseMessage> AskAsync(string model, string id, bool stream = false, string text = "Hi there", string? cache = null)
    {
        var body = new JsonObject { ["model"] = model, ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }) };
        if (stream) body["stream"] = true;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Request-Id", id);
        if (cache is not null) request.Headers.Add("x-somastack-cache", cache);
        return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
    }

    /// <summary>What the journal says of the request's attempts, in order; its last lines are written when the last byte has already left.</summary>
    private async Task<List<string>> AttemptsAsync(string requestId, int count)
    {
        List<string> lines = [];
        await using var db = Db.Open("sqlite:" + Path.Combine(house.Soma.Data, "soma.db"));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var attempt = 0; attempt < 500; attempt++)
        {
            lines = await db.QueryAsync("demo", reader => Line(reader.GetString(0), JsonDocument.Parse(reader.GetString(1)).RootElement),
                $"""
                SELECT type, data FROM journal WHERE tenant = {"demo"} AND subject IN
                    (SELECT subject FROM journal WHERE tenant = {"demo"} AND version = 1 AND data LIKE {"%" + requestId + "%"}) ORDER BY position
                """, Stop);
            if (lines.Count >= count) return lines;
            await timer.WaitForNextTickAsync(Stop);
        }
        throw new TimeoutException($"Only {lines.Count} of {count} lines came: {string.Join(", ", lines)}");
    }

    private async Task<JsonElement> FailedAsync(string requestId)
    {
        await using var db = Db.Open("sqlite:" + Path.Combine(house.Soma.Data, "soma.db"));
        var rows = await db.QueryAsync("demo", reader => reader.GetString(0),
            $"SELECT data FROM journal WHERE tenant = {"demo"} AND type = {"somastack.inference.call_failed.v1"} AND data LIKE {"%" + requestId + "%"}", Stop);
        return JsonDocument.Parse(rows.Single()).RootElement;
    }

    private static string Line(string type, JsonElement data)
    {
        var name = type["somastack.inference.".Length..^".v1".Length];
        if (name is "call_settled" or "call_cached") return name;
        var line = $"{name} {data.GetProperty("attempt").GetInt32()}";
        return name == "call_failed" ? $"{line} {data.GetProperty("code").GetString()}" : line;
    }

    private async Task NothingIsOpenAsync()
    {
        await using var db = Db.Open("sqlite:" + Path.Combine(house.Soma.Data, "soma.db"));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var attempt = 0; attempt < 500; attempt++)
        {
            var open = await db.NumberAsync("demo", $"SELECT COUNT(*) FROM inference_open_calls WHERE tenant = {"demo"}", Stop);
            var held = await db.NumberAsync("demo", $"SELECT COUNT(*) FROM reservations WHERE tenant = {"demo"} AND state = {"held"}", Stop);
            if (open == 0 && held == 0) return;
            await timer.WaitForNextTickAsync(Stop);
        }
        Assert.Fail("Calls or reservations stay open.");
    }
}
