using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Workflows;

/// <summary>One server for the room's tests; each test has runs of its own.</summary>
public sealed class WorkflowsServer : IAsyncLifetime
{
    public SomaProcess Soma { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Soma = await SomaProcess.StartAsync();
        Client = await Soma.ClientAsync();
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (Soma is not null) await Soma.DisposeAsync();
    }
}

/// <summary>Runs over HTTP and the command line, with the program's own agent and model.</summary>
public sealed class WorkflowsTests(WorkflowsServer server) : IClassFixture<WorkflowsServer>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Agents_answer_one_after_the_other_and_every_reader_sees_the_same_bytes()
    {
        var started = await PostAsync("/v1/mao/start", new
        {
            name = "Two looks", notification_channel = "ops", metadata = new { ticket = 7 },
            directives = new object[] { new { agent_id = "guide", goal = "Be short.", prompt = "What is the journal? {{ inputs }}" }, new { agent_id = "guide", prompt = "And the gate?" } },
        }, HttpStatusCode.Accepted);
        var id = started.GetProperty("run_id").GetString()!;
        Assert.Equal((id, "directives"), (started.GetProperty("workflow_id").GetString(), started.GetProperty("capsule").GetString()));
        var stream = await StreamAsync(id, 0);
        var run = await GetAsync("/v1/mao/" + id);
        Assert.True(run.GetProperty("status").GetString() == "completed", run.GetRawText());
        Assert.Equal(["completed", "completed"], run.GetProperty("steps").EnumerateArray().Select(static step => step.GetProperty("status").GetString()));
        Assert.StartsWith("session/", run.GetProperty("steps")[0].GetProperty("record").GetString(), StringComparison.Ordinal);
        Assert.Equal(7, run.GetProperty("metadata").GetProperty("ticket").GetInt32());
        Assert.Contains("{{ inputs }}", run.GetProperty("inputs").GetRawText(), StringComparison.Ordinal);

        // Resumed from anywhere, byte for byte what was left.
        var places = stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        for (var after = 1; after < places.Length; after += 2) Assert.Equal(string.Concat(places.Skip(after).Select(static one => one + "\n\n")), await StreamAsync(id, after));
        var history = await GetAsync($"/v1/mao/{id}/history?limit=3");
        using var first = JsonDocument.Parse(places[0].Split("data: ")[1]);
        Assert.True(JsonElement.DeepEquals(first.RootElement, history.GetProperty("data")[0].GetProperty("data")));
        Assert.NotNull(history.GetProperty("next_cursor").GetString());
    }

    /// <summary>A comment comes only after 15 seconds; whoever waits for the answer's head must not wait for that.</summary>
    [Fact]
    public async Task A_stream_with_nothing_to_say_yet_answers_at_once()
    {
        var started = await PostAsync("/v1/mao/start", new { capsule = "incident_review", inputs = new { incident = "a flood", services = new[] { "api" } } }, HttpStatusCode.Accepted);
        var id = started.GetProperty("run_id").GetString()!;
        JsonElement run;
        do run = await GetAsync("/v1/mao/" + id);
        while (run.GetProperty("status").GetString() != "waiting");
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        soon.CancelAfter(TimeSpan.FromSeconds(10));
        using var answer = await server.Client.GetAsync($"/v1/mao/{id}/events?after={run.GetProperty("events").GetInt64()}", HttpCompletionOption.ResponseHeadersRead, soon.Token);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task The_same_idempotency_key_begins_one_run()
    {
        var (one, other) = (await KeyedAsync("same"), await KeyedAsync("same"));
        Assert.Equal(one.GetProperty("run_id").GetString(), other.GetProperty("run_id").GetString());
        Assert.NotEqual(one.GetProperty("run_id").GetString(), (await KeyedAsync("other")).GetProperty("run_id").GetString());
    }

    [Fact]
    public async Task Instructions_say_completed_only_when_they_are()
    {
        var created = await PostAsync("/v1/workflows", new
        {
            name = "List", capsule_id = "c-7", steps = new object[] { new { step_index = 2, instruction = "Second" }, new { step_index = 1, instruction = "First", persona = "nobody-has-this-name" } },
        }, HttpStatusCode.Created);
        var id = created.GetProperty("workflow_id").GetString()!;
        await StreamAsync(id, 0);
        var view = await GetAsync("/v1/workflows/" + id);
        Assert.Equal(("failed", "c-7"), (view.GetProperty("status").GetString(), view.GetProperty("capsule_id").GetString()));
        var first = view.GetProperty("steps")[0];
        Assert.Equal((1, "failed"), (first.GetProperty("step_index").GetInt32(), first.GetProperty("status").GetString()));
        Assert.StartsWith("persona_unknown", first.GetProperty("result").GetString(), StringComparison.Ordinal);
        Assert.NotEqual("completed", view.GetProperty("steps")[1].GetProperty("status").GetString());
        Assert.Contains(id, (await GetAsync("/v1/workflows")).GetRawText(), StringComparison.Ordinal);
        // Its starter hears of the failure.
        var told = await UntilAsync(() => GetAsync("/v1/notifications"), told => told.GetRawText().Contains(id, StringComparison.Ordinal));
        Assert.Contains("persona_unknown", told.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_requests_name_what_is_wrong()
    {
        await RefusedAsync(HttpMethod.Post, "/v1/mao/start", new { }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync(HttpMethod.Post, "/v1/mao/start", new { directives = Array.Empty<object>() }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync(HttpMethod.Post, "/v1/mao/start", new { tenant = "other", directives = new[] { new { agent_id = "guide", prompt = "x" } } }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync(HttpMethod.Post, "/v1/mao/nothing/cancel", new { }, HttpStatusCode.NotFound, "run_unknown");
        await RefusedAsync(HttpMethod.Post, "/v1/workflows", new { name = "x", steps = Array.Empty<object>() }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync(HttpMethod.Get, "/v1/mao?status=gone", null, HttpStatusCode.UnprocessableEntity, "invalid_request");
    }

    [Fact]
    public async Task The_command_line_starts_follows_and_forks()
    {
        string[] where = ["--url", server.Soma.Url.ToString(), "--data", server.Soma.Data];
        var (exit, started, error) = await SomaProcess.RunAsync(null, ["workflow", "start", "From the shell", "--agent", "guide=What is sealed?", "--agent", "guide=Who seals it?", "--json", .. where]);
        Assert.True(exit == 0, error);
        var id = JsonDocument.Parse(started).RootElement.GetProperty("run_id").GetString()!;
        var (tailed, events, _) = await SomaProcess.RunAsync(null, ["workflow", "tail", id, .. where]);
        Assert.Equal(0, tailed);
        Assert.Contains("run_completed", events, StringComparison.Ordinal);
        var (forked, fork, why) = await SomaProcess.RunAsync(null, ["workflow", "fork", id, "--from", "agent_2", "--json", .. where]);
        Assert.True(forked == 0, why);
        var other = JsonDocument.Parse(fork).RootElement.GetProperty("run_id").GetString()!;
        Assert.Equal(0, (await SomaProcess.RunAsync(null, ["workflow", "tail", other, .. where])).ExitCode);
        var view = await GetAsync("/v1/mao/" + other);
        Assert.Equal(id, view.GetProperty("forked_from").GetString());
        Assert.Equal((await GetAsync("/v1/mao/" + id)).GetProperty("steps")[0].GetProperty("output").GetRawText(), view.GetProperty("steps")[0].GetProperty("output").GetRawText());
        Assert.Contains("From the shell", (await SomaProcess.RunAsync(null, ["workflow", "list", .. where])).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_shipped_capsule_waits_for_a_signal_a_second_person_and_a_day()
    {
        using var bob = await SecondPerson.AddAsync(server.Soma, server.Client);
        var id = (await PostAsync("/v1/mao/start", new { capsule = "incident_review", inputs = new { incident = "I-1", services = new[] { "api", "web" } } }, HttpStatusCode.Accepted)).GetProperty("run_id").GetString()!;
        var waiting = await WaitAsync(id, "signal");
        Assert.Equal("incident_over", waiting.GetProperty("waits")[0].GetProperty("reference").GetString());
        await PostAsync($"/v1/mao/{id}/signal", new { name = "incident_over", data = new { minutes = 12 } }, HttpStatusCode.Accepted);
        var asked = await WaitAsync(id, "approval");
        Assert.Equal(["completed", "completed"], asked.GetProperty("steps").EnumerateArray().Single(static step => step.GetProperty("path").GetString() == "Effects").GetProperty("items").EnumerateArray()
            .Select(static item => item.GetProperty("status").GetString()));
        await bob.ApproveAsync(asked.GetProperty("waits")[0].GetProperty("reference").GetString()!);
        // What is kept derives from what a model wrote, and the starter policy has a second person look at such calls.
        var keeps = await UntilAsync(() => GetAsync("/v1/mao/" + id), static run => run.GetProperty("waits").EnumerateArray().Any(static wait => wait.GetProperty("path").GetString() == "Keep"));
        await bob.ApproveAsync(keeps.GetProperty("waits")[0].GetProperty("reference").GetString()!);
        var sleeping = await WaitAsync(id, "timer");
        var steps = sleeping.GetProperty("steps").EnumerateArray().ToDictionary(static step => step.GetProperty("path").GetString()!, static step => step);
        Assert.Equal("completed", steps["Keep"].GetProperty("status").GetString());
        Assert.StartsWith("tool_call/", steps["Keep"].GetProperty("record").GetString(), StringComparison.Ordinal);
        Assert.True(sleeping.GetProperty("waits")[0].GetProperty("until").GetDateTimeOffset() > TimeProvider.System.GetUtcNow().AddHours(23));
        await PostAsync($"/v1/mao/{id}/cancel", new { reason = "It was a drill." }, HttpStatusCode.Accepted);
        await StreamAsync(id, 0);
        Assert.Equal("cancelled", (await GetAsync("/v1/mao/" + id)).GetProperty("status").GetString());
        await RefusedAsync(HttpMethod.Post, "/v1/mao/start", new { capsule = "incident_review", inputs = new { incident = 7 } }, HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync(HttpMethod.Post, "/v1/mao/start", new { capsule = "nothing" }, HttpStatusCode.NotFound, "capsule_unknown");
    }

    private Task<JsonElement> WaitAsync(string id, string kind) => UntilAsync(() => GetAsync("/v1/mao/" + id), run =>
    {
        Assert.False(run.GetProperty("status").GetString() is "failed" or "completed", run.GetRawText());
        return run.GetProperty("status").GetString() == "waiting" && run.GetProperty("waits").EnumerateArray().Any(wait => wait.GetProperty("kind").GetString() == kind);
    });

    private async Task<JsonElement> KeyedAsync(string key)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/mao/start") { Content = JsonContent.Create(new { directives = new[] { new { agent_id = "guide", prompt = "Hello" } } }) };
        request.Headers.Add("Idempotency-Key", "workflows-" + key);
        using var answer = await server.Client.SendAsync(request, Stop);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    private async Task<string> StreamAsync(string id, long after)
    {
        var text = await server.Client.GetStringAsync($"/v1/mao/{id}/events?until=ended&after={after}", Stop);
        return text.Replace(": keep-alive\n\n", "", StringComparison.Ordinal);
    }

    private async Task<JsonElement> PostAsync(string path, object body, HttpStatusCode expected)
    {
        using var answer = await server.Client.PostAsJsonAsync(path, body, Stop);
        Assert.True(answer.StatusCode == expected, $"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(Stop)}");
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    private Task<JsonElement> GetAsync(string path) => server.Client.GetFromJsonAsync<JsonElement>(path, Stop);

    private async Task RefusedAsync(HttpMethod method, string path, object? body, HttpStatusCode status, string code)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await server.Client.SendAsync(request, Stop);
        var text = await answer.Content.ReadAsStringAsync(Stop);
        Assert.True(answer.StatusCode == status, $"{answer.StatusCode}: {text}");
        Assert.Contains($"\"{code}\"", text, StringComparison.Ordinal);
    }

    private static async Task<JsonElement> UntilAsync(Func<Task<JsonElement>> read, Func<JsonElement, bool> enough)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromSeconds(20));
        while (true)
        {
            var now = await read();
            if (enough(now)) return now;
            await Task.Delay(100, deadline.Token);
        }
    }
}
