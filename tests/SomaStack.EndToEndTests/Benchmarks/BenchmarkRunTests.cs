using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Benchmarks;

/// <summary>Runs and scores over the built server's own HTTP: over the built-in models, and over a server whose answers are right in a known share.</summary>
public sealed class BenchmarkRunTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_built_in_models_are_measured_and_what_cannot_run_is_skipped_with_its_reason()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        var models = await client.GetFromJsonAsync<JsonElement>("/v1/models", Stop);
        var embedder = models.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()!).FirstOrDefault(id => id != "soma-extract");
        Assert.SkipWhen(embedder is null, "The built-in embedder has no weights here (./soma up fetches them).");
        var run = await RunAsync(client, new { models = new[] { "soma-extract", embedder }, wait = true });
        Assert.Equal("done", run.GetProperty("status").GetString());
        Assert.Equal(run.GetProperty("questions").GetInt64(), run.GetProperty("asked").GetInt64());

        Assert.Equal(12, Part(run, "soma-extract", "qa").GetProperty("answered").GetInt64());
        Assert.Equal(12, Part(run, embedder!, "embeddings").GetProperty("answered").GetInt64());
        Assert.Equal(8, Part(run, "soma-extract", "code").GetProperty("skipped").GetProperty("no_sandbox").GetInt64());
        Assert.Equal(10, Part(run, "soma-extract", "speech").GetProperty("skipped").GetProperty("not_for_this_task").GetInt64());
        Assert.Equal(12, Part(run, embedder!, "qa").GetProperty("skipped").GetProperty("not_for_this_task").GetInt64());

        var scores = (await client.GetFromJsonAsync<JsonElement>("/v1/scores", Stop)).GetProperty("data").EnumerateArray().ToList();
        Assert.DoesNotContain(scores, row => row.GetProperty("task").GetString() is "code" or "speech");
        var qa = Assert.Single(scores, row => row.GetProperty("task").GetString() == "qa");
        Assert.Equal(("soma-extract", 12L), (qa.GetProperty("model").GetString(), qa.GetProperty("items").GetInt64()));
        // Free, and quick to quote: nothing of the score is unknown, and quoting finds more than half of what a context holds.
        Assert.Equal(1, qa.GetProperty("cost").GetProperty("value").GetDouble());
        Assert.Equal(0, qa.GetProperty("unknown").GetArrayLength());
        Assert.True(qa.GetProperty("quality").GetProperty("value").GetDouble() > 0.5, qa.GetRawText());
        Assert.InRange(qa.GetProperty("score").GetDouble(), qa.GetProperty("interval").GetProperty("low").GetDouble(), qa.GetProperty("interval").GetProperty("high").GetDouble());
        var pairs = Assert.Single(scores, row => row.GetProperty("task").GetString() == "embeddings");
        Assert.True(pairs.GetProperty("perfect_share").GetDouble() > 0.5, pairs.GetRawText());

        var results = await client.GetFromJsonAsync<JsonElement>($"/v1/run/{run.GetProperty("id").GetString()}/results?limit=200", Stop);
        var asked = results.GetProperty("data").EnumerateArray().First(row => row.GetProperty("status").GetString() == "answered" && row.GetProperty("task").GetString() == "qa");
        Assert.Equal(0, asked.GetProperty("cost").GetDecimal());
        Assert.True(asked.GetProperty("input_tokens").GetInt64() > 0);
        // Each question was a governed call of its own.
        var line = await client.GetFromJsonAsync<JsonElement>("/v1/audit/events?limit=200", Stop);
        Assert.Contains(line.GetProperty("data").EnumerateArray(), one => one.GetRawText().Contains(asked.GetProperty("call_id").GetString()!, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_offline_transcriber_is_measured_with_its_word_error_rate_where_it_is_installed_and_skipped_with_the_reason_elsewhere()
    {
        var voice = File.Exists("/usr/bin/flite");
        var transcriber = File.Exists("/usr/bin/pocketsphinx_continuous") && Directory.Exists("/usr/share/pocketsphinx/model/en-us/en-us");
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        var run = await RunAsync(client, new { models = new[] { "pocketsphinx", "soma-extract" }, tasks = new[] { "speech" }, wait = true });
        Assert.Equal(10, Part(run, "soma-extract", "speech").GetProperty("skipped").GetProperty("not_for_this_task").GetInt64());
        var part = Part(run, "pocketsphinx", "speech");
        if (!voice || !transcriber)
        {
            Assert.Equal(10, part.GetProperty("skipped").GetProperty(transcriber ? "voice_not_installed" : "transcriber_not_installed").GetInt64());
            Assert.Equal(JsonValueKind.Null, part.GetProperty("word_error_rate").ValueKind);
            return;
        }
        Assert.Equal(10, part.GetProperty("answered").GetInt64());
        Assert.Equal(0, part.GetProperty("cost").GetDecimal());
        var errors = part.GetProperty("word_error_rate");
        TestContext.Current.TestOutputHelper!.WriteLine(part.GetRawText());
        var (value, low, high) = (errors.GetProperty("value").GetDouble(), errors.GetProperty("low").GetDouble(), errors.GetProperty("high").GetDouble());
        Assert.Equal(10, errors.GetProperty("sentences").GetInt32());
        Assert.Equal(1 - part.GetProperty("quality").GetDouble(), value, 9);
        Assert.True(low <= value && value <= high && low < high, part.GetRawText());
        // Plain sentences of a synthetic voice: most words are heard, and not all.
        Assert.InRange(value, 0.001, 0.5);
        var scored = Assert.Single((await client.GetFromJsonAsync<JsonElement>("/v1/scores?task=speech", Stop)).GetProperty("data").EnumerateArray());
        Assert.Equal("pocketsphinx", scored.GetProperty("model").GetString());
        // Without a name the transcriber of this machine is the one that is measured.
        var unnamed = await RunAsync(client, new { tasks = new[] { "speech" }, wait = true });
        Assert.Equal(["pocketsphinx"], unnamed.GetProperty("models").EnumerateArray().Select(static one => one.GetString()));
        Assert.Equal(value, Part(unnamed, "pocketsphinx", "speech").GetProperty("word_error_rate").GetProperty("value").GetDouble(), 9);
    }

    [Fact]
    public async Task A_model_that_is_right_in_a_known_share_gets_exactly_that_quality_and_a_failing_one_spoils_nothing()
    {
        await using var upstream = (await ScriptedModels.StartAsync())
            .With("mostly", question => Number(question) switch { <= 6 => new Script($"It is alpha{Number(question)}."), 8 => new Script("", Finish: "content_filter"), _ => new Script("It is beta.") })
            .With("broken", static _ => new Script("", Status: 503));
        await using var soma = await StartAsync(upstream, Capsule("shares", "qa", 8), "soma-extract");
        using var client = await soma.ClientAsync();
        var run = await RunAsync(client, new { models = new[] { "mostly", "broken" }, capsules = new[] { "shares" }, wait = true });
        var mostly = Part(run, "mostly", "qa");
        Assert.Equal((8L, 0L, 1L), (mostly.GetProperty("answered").GetInt64(), mostly.GetProperty("failed").GetInt64(), mostly.GetProperty("refused").GetInt64()));
        Assert.Equal(0.75, mostly.GetProperty("quality").GetDouble());
        Assert.Equal(JsonValueKind.Null, mostly.GetProperty("cost").ValueKind);
        var broken = Part(run, "broken", "qa");
        Assert.Equal(8, broken.GetProperty("failed").GetInt64() + broken.GetProperty("skipped").EnumerateObject().Sum(reason => reason.Value.GetInt64()));
        Assert.True(broken.GetProperty("failed_by").GetProperty("provider_unavailable").GetInt64() >= 5);

        var scores = await client.GetFromJsonAsync<JsonElement>("/v1/scores?task=qa", Stop);
        Assert.Equal(["mostly", "broken"], scores.GetProperty("data").EnumerateArray().Select(row => row.GetProperty("model").GetString()));
        var best = scores.GetProperty("data")[0];
        Assert.Equal(0.75, best.GetProperty("quality").GetProperty("value").GetDouble());
        Assert.Equal(7 / 8.0, best.GetProperty("reliability").GetProperty("value").GetDouble());
        Assert.Equal(["cost"], best.GetProperty("unknown").EnumerateArray().Select(one => one.GetString()));
        var worst = scores.GetProperty("data")[1];
        Assert.Equal(0, worst.GetProperty("reliability").GetProperty("value").GetDouble());
        Assert.Equal(JsonValueKind.Null, worst.GetProperty("quality").GetProperty("value").ValueKind);

        Assert.Equal(0, (await client.GetFromJsonAsync<JsonElement>("/v1/scores?model=nobody", Stop)).GetProperty("data").GetArrayLength());
        Assert.Equal(0, (await client.GetFromJsonAsync<JsonElement>("/v1/scores?as_of=2020-01-01T00:00:00Z", Stop)).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task Tool_calls_are_graded_by_tool_and_arguments()
    {
        await using var upstream = (await ScriptedModels.StartAsync()).With("caller", question => Number(question) switch
        {
            <= 2 => new Script("""{"n":1}""", Tool: "count"),
            3 => new Script("""{"n":"many"}""", Tool: "count"),
            _ => new Script("I would rather talk."),
        });
        const string capsule = """
            id: tools
            task: tool_calling
            version: 1
            description: Calls.
            grader: tool_call
            tools: [{ name: count, description: Counts., parameters: { type: object, properties: { n: { type: integer } } } }]
            items:
              - { id: i1, input: "question 1", tool: count, schema: { type: object, properties: { n: { const: 1 } }, required: [n] } }
              - { id: i2, input: "question 2", tool: count, schema: { type: object, properties: { n: { const: 1 } }, required: [n] } }
              - { id: i3, input: "question 3", tool: count, schema: { type: object, properties: { n: { const: 1 } }, required: [n] } }
              - { id: i4, input: "question 4", tool: count }
            """;
        await using var soma = await StartAsync(upstream, ("tools", capsule), "soma-extract");
        using var client = await soma.ClientAsync();
        var run = await RunAsync(client, new { models = new[] { "caller" }, capsules = new[] { "tools" }, repetitions = 2, wait = true });
        Assert.Equal(2.5 / 4, Part(run, "caller", "tool_calling").GetProperty("quality").GetDouble());
        Assert.Equal(8, upstream.Asked);
        var nobody = await RunAsync(client, new { models = new[] { "nobody" }, capsules = new[] { "tools" }, wait = true });
        Assert.Equal(4, Part(nobody, "nobody", "tool_calling").GetProperty("skipped").GetProperty("model_unknown").GetInt64());
    }

    [Fact]
    public async Task A_clearly_better_model_is_suggested_and_a_person_decides()
    {
        await using var upstream = (await ScriptedModels.StartAsync()).With("weak", static _ => new Script("No idea.")).With("strong", question => new Script($"alpha{Number(question)}"));
        // In the place of the shipped capsule, without its threshold.
        await using var soma = await StartAsync(upstream, Capsule("qa_grounded", "qa", 12), "weak");
        using var client = await soma.ClientAsync();
        var run = await RunAsync(client, new { models = new[] { "weak", "strong" }, tasks = new[] { "qa" }, wait = true });
        Assert.Equal("done", run.GetProperty("status").GetString());
        var open = (await client.GetFromJsonAsync<JsonElement>("/v1/promotions?status=open", Stop)).GetProperty("data");
        var suggestion = Assert.Single(open.EnumerateArray());
        Assert.Equal(("promotion", "chat", "weak", "strong"), (Text(suggestion, "kind"), Text(suggestion, "role"), Text(suggestion, "primary"), Text(suggestion, "candidate")));
        Assert.True(suggestion.GetProperty("candidate_interval").GetProperty("low").GetDouble() > suggestion.GetProperty("primary_interval").GetProperty("high").GetDouble());
        var path = "/v1/promotions/" + Text(suggestion, "id");

        // A second run suggests nothing new while the first suggestion waits.
        await RunAsync(client, new { models = new[] { "weak", "strong" }, tasks = new[] { "qa" }, wait = true });
        Assert.Equal(1, (await client.GetFromJsonAsync<JsonElement>("/v1/promotions", Stop)).GetProperty("data").GetArrayLength());

        using var reader = await soma.ClientAsync("--capability", "benchmark:read");
        await RefusedAsync(await reader.PostAsync(path + "/reject", null, Stop), HttpStatusCode.Forbidden, "capability_missing");
        using var rejected = await client.PostAsync(path + "/reject", null, Stop);
        Assert.Equal("rejected", Text(await rejected.Content.ReadFromJsonAsync<JsonElement>(Stop), "status"));
        await RefusedAsync(await client.PostAsync(path + "/accept", null, Stop), HttpStatusCode.Conflict, "promotion_decided");
        var journal = (await client.GetFromJsonAsync<JsonElement>("/v1/audit/events?limit=200", Stop)).GetRawText();
        foreach (var type in new[] { "run_requested", "run_finished", "model_profile_scored", "promotion_suggested", "promotion_decided" })
            Assert.True(journal.Contains($"somastack.benchmarks.{type}.v1", StringComparison.Ordinal) || await InLaterPagesAsync(client, type), type);
    }

    [Fact]
    public async Task What_makes_no_sense_is_refused_and_changes_nothing()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var client = await soma.ClientAsync();
        foreach (var body in new[]
                 {
                     """{"models":[]}""", """{"models":[""]}""", """{"models":["a"],"repetitions":0}""", """{"models":["a"],"tasks":["juggling"]}""", """{"models":["a"],"tasks":[],"capsules":[]}""",
                     """{"models":["a"],"capsules":["qa_grounded"],"tasks":["speech"]}""", """{"models":[null]}""",
                 })
        {
            using var answer = await client.PostAsync("/v1/run", new StringContent(body, System.Text.Encoding.UTF8, "application/json"), Stop);
            Assert.True(answer.StatusCode is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest, $"{body}: {answer.StatusCode}");
        }
        await RefusedAsync(await client.PostAsJsonAsync("/v1/run", new { capsules = new[] { "no_such" } }, Stop), HttpStatusCode.NotFound, "benchmark_capsule_unknown");
        await RefusedAsync(await client.GetAsync("/v1/run/nope", Stop), HttpStatusCode.NotFound, "benchmark_run_unknown");
        await RefusedAsync(await client.GetAsync("/v1/scores?task=juggling", Stop), HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync(await client.GetAsync("/v1/scores?window_days=0", Stop), HttpStatusCode.UnprocessableEntity, "invalid_request");
        await RefusedAsync(await client.PostAsync("/v1/promotions/nope/accept", null, Stop), HttpStatusCode.NotFound, "promotion_unknown");
        using var reader = await soma.ClientAsync("--capability", "benchmark:read");
        await RefusedAsync(await reader.PostAsJsonAsync("/v1/run", new { }, Stop), HttpStatusCode.Forbidden, "capability_missing");
        var list = await reader.GetFromJsonAsync<JsonElement>("/v1/runs", Stop);
        Assert.Equal((0, JsonValueKind.Null), (list.GetProperty("data").GetArrayLength(), list.GetProperty("next_run").ValueKind));
        Assert.Equal(7, (await reader.GetFromJsonAsync<JsonElement>("/v1/benchmarks", Stop)).GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task The_next_scheduled_run_is_shown()
    {
        await using var soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string> { ["SOMA_BENCHMARK_AT"] = "03:00" });
        using var client = await soma.ClientAsync();
        var next = (await client.GetFromJsonAsync<JsonElement>("/v1/runs", Stop)).GetProperty("next_run").GetDateTimeOffset();
        Assert.Equal(new TimeSpan(3, 0, 0), next.TimeOfDay);
        Assert.InRange(next - TimeProvider.System.GetUtcNow(), TimeSpan.Zero, TimeSpan.FromDays(1));
    }

    internal static async Task<JsonElement> RunAsync(HttpClient client, object request)
    {
        using var answer = await client.PostAsJsonAsync("/v1/run", request, Stop);
        var run = await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
        Assert.True(answer.StatusCode == HttpStatusCode.OK, run.GetRawText());
        return run;
    }

    internal static async Task<SomaProcess> StartAsync(ScriptedModels upstream, (string Id, string Yaml) capsule, string primary)
    {
        var data = Directory.CreateTempSubdirectory("soma-e2e-").FullName;
        Directory.CreateDirectory(Path.Combine(data, "benchmarks"));
        await File.WriteAllTextAsync(Path.Combine(data, "benchmarks", capsule.Id + ".yaml"), capsule.Yaml, Stop);
        return await SomaProcess.StartAsync(data, new Dictionary<string, string> { ["SOMA_OPENAI_URL"] = upstream.Url, ["SOMA_OPENAI_KEY"] = "scripted", ["SOMA_MODEL"] = primary });
    }

    internal static (string Id, string Yaml) Capsule(string id, string task, int items) => (id,
        $"id: {id}\ntask: {task}\nversion: 1\ndescription: Scripted.\ngrader: contains\nitems:\n"
        + string.Concat(Enumerable.Range(1, items).Select(i => string.Create(CultureInfo.InvariantCulture, $"  - {{ id: i{i}, input: \"question {i}\", expected: [alpha{i}] }}\n"))));

    private static async Task<bool> InLaterPagesAsync(HttpClient client, string type)
    {
        string? cursor = null;
        do
        {
            var page = await client.GetFromJsonAsync<JsonElement>("/v1/audit/events?limit=200" + (cursor is null ? "" : "&after=" + Uri.EscapeDataString(cursor)), Stop);
            if (page.GetRawText().Contains($"somastack.benchmarks.{type}.v1", StringComparison.Ordinal)) return true;
            cursor = page.GetProperty("next_cursor").GetString();
            if (page.GetProperty("data").GetArrayLength() == 0) return false;
        }
        while (cursor is not null);
        return false;
    }

    private static async Task RefusedAsync(HttpResponseMessage response, HttpStatusCode status, string code)
    {
        using (response)
        {
            Assert.Equal(status, response.StatusCode);
            Assert.Equal(code, (await response.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("code").GetString());
        }
    }

    private static JsonElement Part(JsonElement run, string model, string task) =>
        run.GetProperty("parts").EnumerateArray().Single(part => part.GetProperty("model").GetString() == model && part.GetProperty("task").GetString() == task);

    private static int Number(string question) => int.Parse(question.AsSpan(question.LastIndexOf(' ') + 1), NumberStyles.None, CultureInfo.InvariantCulture);

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
