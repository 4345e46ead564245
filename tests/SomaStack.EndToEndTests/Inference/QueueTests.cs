using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Inference;

/// <summary>One server with all roles and the recorded provider behind it.</summary>
public sealed class QueueServer : IAsyncLifetime
{
    internal QueueUpstream Upstream { get; private set; } = null!;

    internal HttpClient Http { get; private set; } = null!;

    internal QueueClient Client { get; private set; } = null!;

    private SomaProcess? _soma;

    public async ValueTask InitializeAsync()
    {
        if (!Recordings.AreThere) return;
        Upstream = await QueueUpstream.StartAsync();
        _soma = await SomaProcess.StartAsync(null, new Dictionary<string, string> { ["SOMA_OPENAI_URL"] = Upstream.Url });
        Http = await _soma.ClientAsync();
        Client = new QueueClient(Http);
    }

    public async ValueTask DisposeAsync()
    {
        if (_soma is null) return;
        Http.Dispose();
        await _soma.DisposeAsync();
        await Upstream.DisposeAsync();
    }
}

/// <summary>Work that is done later, over real HTTP.</summary>
public sealed class QueueTests : IClassFixture<QueueServer>
{
    private readonly QueueServer _server;

    public QueueTests(QueueServer server)
    {
        Assert.SkipUnless(Recordings.AreThere, "../shared/data/provider-recordings is not there.");
        _server = server;
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private QueueClient Client => _server.Client;

    [Fact]
    public async Task A_queued_request_is_answered_and_its_stream_can_be_read_again_from_anywhere()
    {
        var id = await Client.SubmitAsync("What is the capital of the UK?");
        var events = await Client.EventsAsync(id);
        Assert.Equal(("request.queued", "request.started", "request.succeeded"), (events[0].Type, events[1].Type, events[^1].Type));
        Assert.Equal(Enumerable.Range(1, events.Count).Select(i => (long)i), events.Select(item => item.Seq));
        Assert.Equal(_server.Upstream.Text, QueueClient.Said(events));
        foreach (var after in new[] { 1, events.Count / 2, events.Count - 1 }) Assert.Equal(events.Skip(after), await Client.EventsAsync(id, after));
        Assert.Empty(await Client.EventsAsync(id, events.Count));

        var request = await Client.GetAsync(id);
        Assert.Equal(("succeeded", 1, "s1"), (Text(request, "status"), request.GetProperty("attempts").GetInt32(), Text(request, "session_id")));
        var result = request.GetProperty("result");
        Assert.Equal((_server.Upstream.Text, QueueUpstream.Model), (Text(result, "text"), Text(result, "model")));
        Assert.True(result.GetProperty("usage").GetProperty("total_tokens").GetInt64() > 0);
        Assert.Contains(id, await _server.Http.GetStringAsync("/v1/requests?state=succeeded", Stop), StringComparison.Ordinal);
        Assert.DoesNotContain(id, await _server.Http.GetStringAsync("/v1/requests?state=queued", Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_idempotency_key_is_one_request()
    {
        const string prompt = "Once only, please.";
        var ids = new[] { await Client.SubmitAsync(prompt, key: "once"), await Client.SubmitAsync(prompt, key: "once") };
        Assert.Equal(ids[0], ids[1]);
        await Client.EventsAsync(ids[0]);
        Assert.Equal(1, _server.Upstream.Asked[prompt]);
    }

    [Fact]
    public async Task A_cancel_reaches_the_model_and_keeps_what_was_said()
    {
        var id = await Client.SubmitAsync("hold on to this");
        await _server.Upstream.Reached.Task.WaitAsync(Stop);
        var half = await Client.EventsAsync(id, enough: events => QueueClient.Said(events) == _server.Upstream.FirstHalf);
        using var cancelled = await _server.Http.PostAsync($"/v1/requests/{id}/cancel", null, Stop);
        Assert.Equal(HttpStatusCode.Accepted, cancelled.StatusCode);
        await _server.Upstream.Aborted.Task.WaitAsync(TimeSpan.FromSeconds(10), Stop);
        var rest = await Client.EventsAsync(id, half[^1].Seq);
        Assert.Equal(["request.cancelling", "request.cancelled"], rest.Select(item => item.Type));
        var request = await Client.GetAsync(id);
        Assert.Equal(("cancelled", JsonValueKind.Null), (Text(request, "status"), request.GetProperty("result").ValueKind));
        Assert.Equal(_server.Upstream.FirstHalf, QueueClient.Said(await Client.EventsAsync(id)));
        using var again = await _server.Http.PostAsync($"/v1/requests/{id}/cancel", null, Stop);
        await RefusedAsync(again, HttpStatusCode.Conflict, "request_ended");
    }

    [Fact]
    public async Task What_the_provider_cannot_do_now_is_tried_again_and_then_waits_for_a_replay()
    {
        _server.Upstream.Down = true;
        var id = await Client.SubmitAsync("down for a while", attemptsMax: 2);
        var events = await Client.EventsAsync(id);
        Assert.Equal(["request.queued", "request.started", "request.retrying", "request.restarted", "request.failed"], events.Select(item => item.Type));
        var dead = await Client.GetAsync(id);
        Assert.Equal(("failed", true, 2, "provider_unavailable"), (Text(dead, "status"), dead.GetProperty("dead").GetBoolean(), dead.GetProperty("attempts").GetInt32(), Text(dead.GetProperty("error"), "code")));
        Assert.Contains(id, await _server.Http.GetStringAsync("/v1/requests/dead", Stop), StringComparison.Ordinal);

        _server.Upstream.Down = false;
        using (var replayed = await _server.Http.PostAsync($"/v1/requests/{id}/replay", null, Stop)) Assert.Equal(HttpStatusCode.Accepted, replayed.StatusCode);
        Assert.Equal("request.succeeded", (await Client.EventsAsync(id, events[^1].Seq))[^1].Type);
        var done = await Client.GetAsync(id);
        Assert.Equal(("succeeded", 3, JsonValueKind.Null), (Text(done, "status"), done.GetProperty("attempts").GetInt32(), done.GetProperty("error").ValueKind));
        Assert.DoesNotContain(id, await _server.Http.GetStringAsync("/v1/requests/dead", Stop), StringComparison.Ordinal);
        using var again = await _server.Http.PostAsync($"/v1/requests/{id}/replay", null, Stop);
        await RefusedAsync(again, HttpStatusCode.Conflict, "request_not_failed");
    }

    [Fact]
    public async Task What_the_provider_refuses_fails_at_once()
    {
        var id = await Client.SubmitAsync("bad question");
        Assert.Equal(["request.queued", "request.started", "request.failed"], (await Client.EventsAsync(id)).Select(item => item.Type));
        var request = await Client.GetAsync(id);
        Assert.Equal(("provider_rejected", false), (Text(request.GetProperty("error"), "code"), request.GetProperty("dead").GetBoolean()));
    }

    [Fact]
    public async Task An_unknown_request_is_not_there_and_a_wrong_one_is_refused_with_its_field()
    {
        foreach (var path in new[] { "", "/events" }) await RefusedAsync(await _server.Http.GetAsync("/v1/requests/none" + path, Stop), HttpStatusCode.NotFound, "request_unknown");
        foreach (var path in new[] { "/cancel", "/replay" }) await RefusedAsync(await _server.Http.PostAsync("/v1/requests/none" + path, null, Stop), HttpStatusCode.NotFound, "request_unknown");
        var wrong = await _server.Http.PostAsJsonAsync("/v1/requests", new { mode = "chat", payload = new { prompt = "no messages" } }, Stop);
        await RefusedAsync(wrong, HttpStatusCode.UnprocessableEntity, "invalid_request", "payload.messages");
        await RefusedAsync(await _server.Http.PostAsJsonAsync("/v1/requests", new { mode = "chat" }, Stop), HttpStatusCode.UnprocessableEntity, "invalid_request", "payload");
        await RefusedAsync(await _server.Http.GetAsync("/v1/requests?state=lost", Stop), HttpStatusCode.UnprocessableEntity, "invalid_request");
    }

    [Fact]
    public async Task Embeddings_come_as_they_do_at_once()
    {
        string[] texts = ["The journal is sealed.", "A cat sleeps."];
        using var accepted = await _server.Http.PostAsJsonAsync("/v1/requests", new { mode = "embedding", attempts_max = 1, payload = new { input = texts } }, Stop);
        var id = Text(await accepted.Content.ReadFromJsonAsync<JsonElement>(Stop), "request_id")!;
        await Client.EventsAsync(id);
        var request = await Client.GetAsync(id);
        Assert.SkipWhen(request.GetProperty("error").ValueKind == JsonValueKind.Object && Text(request.GetProperty("error"), "code") == "embedder_unavailable", "The embedding weights are not there (./soma up fetches them).");
        Assert.Equal("succeeded", Text(request, "status"));
        using var direct = await _server.Http.PostAsJsonAsync("/v1/embeddings", new { input = texts }, Stop);
        var expected = (await direct.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("data");
        Assert.True(JsonElement.DeepEquals(expected, request.GetProperty("result").GetProperty("embeddings").GetProperty("data")));
    }

    private static async Task RefusedAsync(HttpResponseMessage response, HttpStatusCode status, string code, string? field = null)
    {
        var body = await response.Content.ReadAsStringAsync(Stop);
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode} {body}");
        var problem = JsonSerializer.Deserialize<JsonElement>(body);
        Assert.Equal(code, Text(problem, "code"));
        if (field is not null) Assert.Contains(field, body, StringComparison.Ordinal);
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
