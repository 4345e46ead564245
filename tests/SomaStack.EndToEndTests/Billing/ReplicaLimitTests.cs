using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using SomaStack.Bench;
using SomaStack.EndToEndTests.Inference;

namespace SomaStack.EndToEndTests.Billing;

/// <summary>
/// Three real servers on one PostgreSQL, with and without Redis, and two hundred calls at once against a limit: as many pass as it
/// holds, not one more and not one less. The upstream answers nobody before every call is decided, so that no end of a call frees
/// what another one then takes.
/// </summary>
public sealed class ReplicaLimitTests
{
    private const int Calls = 200;
    private const int Passing = 60;
    private const string Model = "gpt-4o";
    private const string Body = """{"model":"gpt-4o","max_tokens":50,"messages":[{"role":"user","content":"What is the capital of France?"}]}""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public Task Counted_in_the_database_a_limit_holds_exactly() => HoldsAsync(null);

    [Fact]
    public async Task Counted_in_redis_a_limit_holds_exactly()
    {
        await using var redis = await PrivateRedis.StartAsync();
        await HoldsAsync(redis.Address);
    }

    private static async Task HoldsAsync(string? redis)
    {
        var recorded = Recordings.Chat("openai-chat/valid_response").First(interaction => interaction.Status == 200);
        await using var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        await using var provider = await RecordedProvider.StartAsync();
        var upstream = new Upstream();
        for (var i = 0; i < 5 * Calls; i++) provider.Next(http => upstream.Answer(http));
        var environment = new Dictionary<string, string>
        {
            ["SOMA_DATABASE"] = await postgres.CreateAsync() + "?Maximum%20Pool%20Size=40", ["SOMA_OPENAI_URL"] = provider.Url, ["SOMA_OPENAI_KEY"] = RecordedProvider.Key,
        };
        if (redis is not null) environment["SOMA_REDIS"] = redis;
        // Replicas trust one constitution, so they share the keys that sign it.
        using var keys = new TemporaryFolder();
        environment["SOMA_KEYS"] = keys.Path;
        await using var first = await SomaProcess.StartAsync(environment: environment);
        await using var second = await SomaProcess.StartAsync(environment: environment);
        await using var third = await SomaProcess.StartAsync(environment: environment);
        Uri[] replicas = [first.Url, second.Url, third.Url];
        using var owner = Client(first.Url, await TokenAsync(first, environment));
        await PriceAsync(owner, replicas, await TokenAsync(first, environment));

        foreach (var (metric, unit) in ((string, decimal)[])[("requests", 1), ("tokens", 1), ("money", 0.000000001m)])
        {
            var (keyId, key) = await KeyAsync(owner, metric);
            var most = metric == "requests" ? 1 : await MostAsync(owner, upstream, recorded, replicas[0], metric, keyId, key);
            // One unit short of one call more.
            var limitId = await LimitAsync(owner, metric, keyId, Passing * most + most - (metric == "requests" ? 1 : unit));
            // A new limit binds other replicas within a second, and this is what it means.
            await Task.Delay(TimeSpan.FromSeconds(1.2), Stop);
            var used = await RushAsync(upstream, recorded, replicas, key, keyId, [first, second, third]);
            await EndsAsync(owner, limitId, metric switch { "requests" => Passing, "tokens" => Passing * (used.Input + used.Output), _ => Passing * Cost(used) });
        }
    }

    /// <summary>All calls at once; the upstream holds those that pass until the last one is decided.</summary>
    private static async Task<(long Input, long Output)> RushAsync(Upstream upstream, Interaction recorded, Uri[] replicas, string key, string keyId, SomaProcess[] servers)
    {
        var decided = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var refused = 0;
        upstream.Answer = async http =>
        {
            // Were more to pass than may, nobody would be left to refuse: then the wait ends, and the count says so.
            await Task.WhenAny(decided.Task, Task.Delay(TimeSpan.FromSeconds(60), http.RequestAborted));
            await AnswerAsync(http, recorded);
        };
        var clients = replicas.Select(url => Client(url, key)).ToList();
        var statuses = await Task.WhenAll(Enumerable.Range(0, Calls).Select(async i =>
        {
            using var response = await clients[i % clients.Count].PostAsync("/v1/chat/completions", Json(), Stop);
            var text = await response.Content.ReadAsStringAsync(Stop);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                // The limit is named in words, its key among them.
                Assert.Contains("a month for key " + keyId, text, StringComparison.Ordinal);
                Assert.InRange(response.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromDays(31));
            }
            if (response.StatusCode != HttpStatusCode.OK && Interlocked.Increment(ref refused) == Calls - Passing) decided.TrySetResult();
            return (response.StatusCode, text);
        }));
        foreach (var client in clients) client.Dispose();
        Assert.True(statuses.Count(status => status.StatusCode == HttpStatusCode.OK) == Passing, string.Join('\n', statuses.GroupBy(status => status.text[..Math.Min(200, status.text.Length)]).Select(group => $"{group.Count()} {group.Key}")
            .Concat(servers.SelectMany(static server => server.Log.Where(static line => line.Contains(" fail: ", StringComparison.Ordinal)).TakeLast(3)))));
        Assert.Equal(Calls - Passing, statuses.Count(status => status.StatusCode == HttpStatusCode.TooManyRequests));
        return (recorded.Usage!["prompt_tokens"]!.GetValue<long>(), recorded.Usage["completion_tokens"]!.GetValue<long>());
    }

    /// <summary>What one call holds while it runs: read from a limit that is far away.</summary>
    private static async Task<decimal> MostAsync(HttpClient owner, Upstream upstream, Interaction recorded, Uri url, string metric, string keyId, string key)
    {
        var limitId = await LimitAsync(owner, metric, keyId, 1_000_000);
        var (arrived, go) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        upstream.Answer = async http =>
        {
            arrived.TrySetResult();
            await go.Task;
            await AnswerAsync(http, recorded);
        };
        using var client = Client(url, key);
        var call = client.PostAsync("/v1/chat/completions", Json(), Stop);
        await Task.WhenAny(arrived.Task, call);
        // The request leaves while its reservation is still being committed.
        var bound = 0m;
        for (var attempt = 0; bound == 0 && attempt < 500; attempt++) bound = (await LimitOfAsync(owner, limitId)).GetProperty("bound").GetDecimal();
        go.SetResult();
        using var response = await call;
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(bound > 0);
        return bound;
    }

    /// <summary>The last settlement is booked when its answer has already left.</summary>
    private static async Task EndsAsync(HttpClient owner, string limitId, decimal used)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var attempt = 0; attempt < 500; attempt++)
        {
            var limit = await LimitOfAsync(owner, limitId);
            if (limit.GetProperty("bound").GetDecimal() == 0 && limit.GetProperty("used").GetDecimal() == used) return;
            await timer.WaitForNextTickAsync(Stop);
        }
        Assert.Fail($"{used} was used: {await LimitOfAsync(owner, limitId)}");
    }

    private static decimal Cost((long Input, long Output) used) => (used.Input * 2.5m + used.Output * 10m) / 1_000_000m;

    private static async Task PriceAsync(HttpClient owner, Uri[] replicas, string token)
    {
        using var added = await owner.PostAsJsonAsync("/v1/billing/prices", new { provider = "openai-compatible", model = Model, input = 2.5, output = 10, source = "As OpenAI's, for this test" }, Stop);
        Assert.True(added.StatusCode == HttpStatusCode.Created, await added.Content.ReadAsStringAsync(Stop));
        foreach (var url in replicas)
        {
            using var client = Client(url, token);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            // Every replica shows it within a second or two.
            for (var attempt = 0; !(await client.GetStringAsync("/v1/billing/prices?limit=200", Stop)).Contains("As OpenAI's, for this test", StringComparison.Ordinal); attempt++)
            {
                Assert.True(attempt < 200, "The replica does not show the price.");
                await timer.WaitForNextTickAsync(Stop);
            }
        }
    }

    private static async Task<(string Id, string Key)> KeyAsync(HttpClient owner, string name)
    {
        using var made = await owner.PostAsJsonAsync("/v1/api-keys", new { name, scopes = new[] { "inference:invoke" } }, Stop);
        var answer = await made.Content.ReadFromJsonAsync<JsonElement>(Stop);
        return (answer.GetProperty("api_key").GetProperty("id").GetString()!, answer.GetProperty("key").GetString()!);
    }

    private static async Task<string> LimitAsync(HttpClient owner, string metric, string keyId, decimal amount)
    {
        using var made = await owner.PostAsJsonAsync("/v1/billing/limits", new { metric, window = "month", amount, api_key = keyId }, Stop);
        Assert.True(made.StatusCode == HttpStatusCode.Created, await made.Content.ReadAsStringAsync(Stop));
        return (await made.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("id").GetString()!;
    }

    private static async Task<JsonElement> LimitOfAsync(HttpClient owner, string id) =>
        (await owner.GetFromJsonAsync<JsonElement>("/v1/billing/limits?limit=200", Stop)).GetProperty("data").EnumerateArray().Single(limit => limit.GetProperty("id").GetString() == id);

    private static async Task AnswerAsync(Microsoft.AspNetCore.Http.HttpContext http, Interaction recorded)
    {
        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(recorded.Body, Stop);
    }

    private static StringContent Json() => new(Body, Encoding.UTF8, "application/json");

    private static HttpClient Client(Uri url, string token)
    {
        var client = new HttpClient { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    private static async Task<string> TokenAsync(SomaProcess soma, Dictionary<string, string> environment)
    {
        var (exitCode, output, error) = await SomaProcess.RunAsync(environment, "token", "--data", soma.Data, "--minutes", "60");
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    /// <summary>What the provider does with whoever reaches it.</summary>
    private sealed class Upstream
    {
        public Func<Microsoft.AspNetCore.Http.HttpContext, Task> Answer { get; set; } = static _ => Task.CompletedTask;
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("soma-keys-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
