using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using SomaStack.Bench;
using SomaStack.EndToEndTests.Inference;

namespace SomaStack.EndToEndTests.Workflows;

/// <summary>Three replicas of the real program on one PostgreSQL; the provider that their agents ask counts every question.</summary>
public sealed class RunReplicaTests
{
    private const int Runs = 40;
    private const int Agents = 3;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_replica_killed_under_load_loses_no_step_and_doubles_none()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var upstream = await QueueUpstream.StartAsync();
        upstream.Pause = TimeSpan.FromMilliseconds(50);
        await using var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        var folder = Directory.CreateTempSubdirectory("soma-runs-").FullName;
        var environment = new Dictionary<string, string>
        {
            ["SOMA_DATABASE"] = await postgres.CreateAsync(), ["SOMA_KEYS"] = Path.Combine(folder, "keys"), ["SOMA_OPENAI_URL"] = upstream.Url, ["SOMA_MODEL"] = QueueUpstream.Model,
        };
        var replicas = new List<SomaProcess>();
        try
        {
            for (var i = 0; i < 3; i++) replicas.Add(await SomaProcess.StartAsync(Path.Combine(folder, $"r{i}"), environment));
            var (exitCode, token, error) = await SomaProcess.RunAsync(environment, "token", "--data", replicas[0].Data, "--minutes", "60");
            Assert.True(exitCode == 0, error);
            HttpClient[] clients = [.. replicas.Select(replica => ClientOf(replica.Url, token.Trim()))];
            var started = await Task.WhenAll(Enumerable.Range(0, Runs).Select(i => StartAsync(clients[i % 3], i)));

            var victim = random.Next(3);
            while (upstream.Asked.Values.Sum() < random.Next(Runs / 2, Runs)) await Task.Delay(20, Stop);
            await replicas[victim].KillAsync();
            var survivor = clients[(victim + 1) % 3];

            var (retries, calls) = (0, 0);
            for (var i = 0; i < Runs; i++)
            {
                var events = await HistoryAsync(survivor, started[i]);
                Assert.True(events[^1].Type == "run_completed", $"run {i}: {events[^1].Data.GetRawText()} (seed {seed})");
                for (var agent = 1; agent <= Agents; agent++)
                {
                    var path = $"agent_{agent}";
                    var own = events.Where(one => one.Data.TryGetProperty("path", out var where) && where.GetString() == path).ToList();
                    Assert.Single(own, static one => one.Type == "step_completed");
                    // What a model said and nobody had kept is asked again by whoever takes the run over (decision 0063), be its owner dead or only too slow to renew
                    // its lease on a busy machine. So questions are counted and told; the step has one result.
                    var attempts = own.Count(static one => one.Type == "step_started");
                    var asked = upstream.Asked.GetValueOrDefault(Prompt(i, agent));
                    Assert.True(asked >= 1, $"run {i}, {path}: never asked (seed {seed})");
                    retries += attempts - 1;
                    calls += asked;
                }
                Assert.Equal(Enumerable.Range(1, events.Count).Select(static n => (long)n), events.Select(static one => one.Seq));
            }
            TestContext.Current.TestOutputHelper?.WriteLine($"{Runs} runs, {calls} questions, {retries} attempts that the kill ended");
            foreach (var client in clients) client.Dispose();
        }
        finally
        {
            foreach (var replica in replicas) await replica.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_run_goes_on_after_its_only_server_was_killed_and_its_stream_too()
    {
        await using var upstream = await QueueUpstream.StartAsync();
        var folder = Directory.CreateTempSubdirectory("soma-runs-").FullName;
        var environment = new Dictionary<string, string> { ["SOMA_OPENAI_URL"] = upstream.Url, ["SOMA_MODEL"] = QueueUpstream.Model };
        string before, id;
        await using (var first = await SomaProcess.StartAsync(folder, environment))
        {
            using var client = await first.ClientAsync();
            id = await PostAsync(client, new object[] { new { agent_id = "guide", prompt = "hold this one" }, new { agent_id = "guide", prompt = "and then" } });
            await upstream.Reached.Task.WaitAsync(Stop);
            before = (await client.GetFromJsonAsync<JsonElement>($"/v1/mao/{id}/history", Stop)).GetProperty("data").GetRawText();
            await first.KillAsync();
            upstream.GoOn();
            await using var second = await SomaProcess.StartAsync(folder, environment);
            using var again = await second.ClientAsync();
            var events = await HistoryAsync(again, id);
            Assert.Equal("run_completed", events[^1].Type);
            Assert.StartsWith(before[..^1], (await again.GetFromJsonAsync<JsonElement>($"/v1/mao/{id}/history", Stop)).GetProperty("data").GetRawText(), StringComparison.Ordinal);
            Assert.Single(events, static one => one.Type == "step_completed" && one.Data.GetProperty("path").GetString() == "agent_2");
            TestContext.Current.TestOutputHelper?.WriteLine($"The second agent was asked {upstream.Asked["and then"]} times.");
        }
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }

    private static string Prompt(int run, int agent) => $"question {agent} of run {run}";

    private static HttpClient ClientOf(Uri url, string token)
    {
        var client = new HttpClient { BaseAddress = url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    private static Task<string> StartAsync(HttpClient client, int run) =>
        PostAsync(client, [.. Enumerable.Range(1, Agents).Select(agent => (object)new { agent_id = "guide", prompt = Prompt(run, agent) })]);

    private static async Task<string> PostAsync(HttpClient client, object[] directives)
    {
        using var answer = await client.PostAsJsonAsync("/v1/mao/start", new { directives }, Stop);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Stop));
        return (await answer.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("run_id").GetString()!;
    }

    /// <summary>Follows the run to its end, then reads all of it.</summary>
    private static async Task<List<(long Seq, string Type, JsonElement Data)>> HistoryAsync(HttpClient client, string id)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        deadline.CancelAfter(TimeSpan.FromMinutes(2));
        await client.GetStringAsync($"/v1/mao/{id}/events?until=ended", deadline.Token);
        var page = await client.GetFromJsonAsync<JsonElement>($"/v1/mao/{id}/history?limit=200", Stop);
        return [.. page.GetProperty("data").EnumerateArray().Select(static one => (one.GetProperty("seq").GetInt64(), one.GetProperty("type").GetString()!, one.GetProperty("data")))];
    }
}
