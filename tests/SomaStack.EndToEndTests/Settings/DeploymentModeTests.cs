using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using SomaStack.Bench;

namespace SomaStack.EndToEndTests.Settings;

/// <summary>The mode over HTTP: what stands in its way, who must agree, when it ends, and what it refuses while it lasts.</summary>
public sealed class DeploymentModeTests
{
    /// <summary>TEST-NET-1 (RFC 5737): nobody is there, and nothing is sent.</summary>
    private const string Providers = """[{"name":"outside","kind":"openai-compatible","url":"http://192.0.2.1:9/v1","models":["outside-model"]}]""";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_dry_run_names_everything_in_the_way_and_production_takes_two_keys_on_every_replica()
    {
        await using var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        using var folder = new Folder();
        var environment = new Dictionary<string, string> { ["SOMA_DATABASE"] = await postgres.CreateAsync(), ["SOMA_KEYS"] = Path.Combine(folder.Path, "keys"), ["SOMA_PROVIDERS"] = await folder.WriteAsync("providers.json", Providers) };
        await using var poor = await SomaProcess.StartAsync(environment: environment);
        environment["SOMA_MODEL"] = "outside-model";
        await using var ready = await SomaProcess.StartAsync(environment: environment);
        var token = await TokenAsync(poor, environment);
        using var here = Client(poor.Url, token);
        using var there = Client(ready.Url, token);

        var blocked = await DryAsync(here, new { mode = "production", reason = "Going live", dry_run = true });
        Assert.False(blocked.GetProperty("allowed").GetBoolean());
        // Every check of the list is there: none answers that it is missing or could not be made.
        Assert.Equal(["generative_model", "second_approver"], blocked.GetProperty("blocked").EnumerateArray().Select(static found => found.GetProperty("code").GetString()).Order(StringComparer.Ordinal));
        Assert.All(blocked.GetProperty("blocked").EnumerateArray(), static found => Assert.All(new[] { "why", "remedy", "detail", "refuses" }, field => Assert.NotEmpty(found.GetProperty(field).GetString()!)));
        var (status, refusal) = await PostAsync(here, new { mode = "production", reason = "Going live" });
        Assert.Equal((HttpStatusCode.Conflict, "mode_blocked", 2), (status, refusal.GetProperty("code").GetString(), refusal.GetProperty("reasons").GetArrayLength()));

        using var second = await SecondPerson.AddAsync(ready, there);
        var dry = await DryAsync(there, new { mode = "production", reason = "Going live", dry_run = true });
        Assert.True(dry.GetProperty("allowed").GetBoolean() && dry.GetProperty("needs_second_key").GetBoolean(), dry.GetRawText());
        Assert.Equal("developer-light", await ModeAsync(there));
        var since = Stopwatch.GetTimestamp();
        Assert.Equal("production", (await second.ApprovedAsync(there, "/v1/deployment-mode", new { mode = "production", reason = "Going live" })).GetProperty("mode").GetString());
        await UntilAsync(async () => await ModeAsync(here) == "production");
        TestContext.Current.TestOutputHelper!.WriteLine($"the other replica followed within {Stopwatch.GetElapsedTime(since).TotalMilliseconds:0} ms");
        Assert.Equal("production", (await here.GetFromJsonAsync<JsonElement>("/v1/status", Stop)).GetProperty("mode").GetString());
        // In production whoever administers the platform proves a second factor first; a token of the machine proves none.
        var (left, why) = await PostAsync(here, new { mode = "developer-light", reason = "Out again" });
        Assert.Equal((HttpStatusCode.Forbidden, "step_up_required"), (left, why.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task In_a_test_mode_no_call_that_may_cost_money_leaves_the_machine()
    {
        using var folder = new Folder();
        await using var soma = await SomaProcess.StartAsync(environment: new Dictionary<string, string> { ["SOMA_PROVIDERS"] = await folder.WriteAsync("providers.json", Providers) });
        using var client = await soma.ClientAsync();
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(client, new { mode = "test", reason = "Nightly run" })).Status);
        using var call = await client.PostAsJsonAsync("/v1/chat/completions", new { model = "outside-model", messages = new[] { new { role = "user", content = "Hello" } } }, Stop);
        var refusal = await call.Content.ReadFromJsonAsync<JsonElement>(Stop);
        Assert.Equal((HttpStatusCode.Forbidden, "spend_in_test"), (call.StatusCode, refusal.GetProperty("error").GetProperty("code").GetString()));
        using var own = await client.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Hello" }, Stop);
        Assert.Equal(HttpStatusCode.Created, own.StatusCode);
    }

    [Fact]
    public async Task A_debug_mode_needs_an_end_and_survives_a_start()
    {
        var soma = await SomaProcess.StartAsync();
        using (var client = await soma.ClientAsync())
        {
            var (status, refusal) = await PostAsync(client, new { mode = "test-debug", reason = "Looking closer" });
            Assert.Equal((HttpStatusCode.Conflict, "debug_expiry"), (status, refusal.GetProperty("reasons")[0].GetProperty("code").GetString()));
            var (_, set) = await PostAsync(client, new { mode = "test-debug", reason = "Looking closer", expires_in_minutes = 5 });
            Assert.Equal(("test-debug", "developer-light"), (set.GetProperty("mode").GetString(), set.GetProperty("fallback").GetString()));
            Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PostAsync(client, new { mode = "test", reason = "x", expires_in_minutes = 5 })).Status);
            // No header chooses the mode.
            using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/status");
            request.Headers.Add("X-Deployment-Mode", "developer-light");
            using var answer = await client.SendAsync(request, Stop);
            Assert.Equal("test-debug", (await answer.Content.ReadFromJsonAsync<JsonElement>(Stop)).GetProperty("mode").GetString());
        }
        await soma.KillAsync();
        await using var again = await SomaProcess.StartAsync(soma.Data);
        using var after = await again.ClientAsync();
        Assert.Equal("test-debug", await ModeAsync(after));
        Assert.Contains("somastack.settings.mode_changed.v1", await JournalAsync(again), StringComparison.Ordinal);
    }

    private static async Task<string> JournalAsync(SomaProcess soma)
    {
        await using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(soma.Data, "soma.db")};Mode=ReadOnly;Pooling=False");
        await connection.OpenAsync(Stop);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT group_concat(type) FROM journal WHERE tenant = '*'";
        return (string)(await command.ExecuteScalarAsync(Stop))!;
    }

    private static async Task<JsonElement> DryAsync(HttpClient client, object body)
    {
        var (status, answer) = await PostAsync(client, body);
        Assert.True(status == HttpStatusCode.OK, answer.GetRawText());
        return answer;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Answer)> PostAsync(HttpClient client, object body)
    {
        using var response = await client.PostAsJsonAsync("/v1/deployment-mode", body, Stop);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(Stop));
    }

    private static async Task<string> ModeAsync(HttpClient client) => (await client.GetFromJsonAsync<JsonElement>("/v1/deployment-mode", Stop)).GetProperty("mode").GetString()!;

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var attempt = 0; !await holds(); attempt++)
        {
            Assert.True(attempt < 200, "It did not come within ten seconds.");
            await timer.WaitForNextTickAsync(Stop);
        }
    }

    private static async Task<string> TokenAsync(SomaProcess soma, Dictionary<string, string> environment)
    {
        var (exit, token, error) = await SomaProcess.RunAsync(environment, "token", "--data", soma.Data, "--minutes", "60");
        Assert.True(exit == 0, error);
        return token.Trim();
    }

    private static HttpClient Client(Uri url, string token)
    {
        var client = new HttpClient { BaseAddress = url };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    private sealed class Folder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("soma-mode-").FullName;

        public async Task<string> WriteAsync(string name, string text)
        {
            var file = System.IO.Path.Combine(Path, name);
            await File.WriteAllTextAsync(file, text, Stop);
            return file;
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
