using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using SomaStack.Bench;
using SomaStack.EndToEndTests.Sessions;

namespace SomaStack.EndToEndTests.Approvals;

/// <summary>Two replicas over one PostgreSQL: what one decides or stops holds on the other.</summary>
public sealed class ReplicaTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_switch_thrown_at_one_cuts_what_runs_on_the_other_and_of_many_executors_on_both_one_acts()
    {
        var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        await using var server = postgres;
        await using var upstream = await PacedUpstream.StartAsync();
        var folder = Directory.CreateTempSubdirectory("soma-replicas-").FullName;
        var environment = new Dictionary<string, string>
        {
            ["SOMA_DATABASE"] = await postgres.CreateAsync(), ["SOMA_KEYS"] = Path.Combine(folder, "keys"), ["SOMA_OPENAI_URL"] = upstream.Url.ToString(),
        };
        await using (var one = await SomaProcess.StartAsync(Path.Combine(folder, "one"), environment))
        await using (var two = await SomaProcess.StartAsync(Path.Combine(folder, "two"), environment))
        {
            var (exitCode, token, error) = await SomaProcess.RunAsync(environment, "token", "--data", one.Data);
            Assert.True(exitCode == 0, error);
            using var here = Client(one, token.Trim());
            using var there = Client(two, token.Trim());
            using var bob = await SecondPerson.AddAsync(two, there);

            await bob.WantApprovalAsync(there, "model.call");
            const string call = """{"model":"soma-extract","messages":[{"role":"user","content":"How often is the journal sealed?"}]}""";
            using var asked = await SecondPerson.PostAsync(there, "/v1/chat/completions", call, null);
            var approval = asked.Headers.GetValues("Soma-Approval").Single();
            await bob.ApproveAsync(approval);
            var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => SecondPerson.PostAsync(i % 2 == 0 ? here : there, "/v1/chat/completions", call, approval)));
            var statuses = answers.Select(answer => answer.StatusCode).ToList();
            Assert.True(statuses.Count(status => status == HttpStatusCode.OK) == 1 && statuses.Count(status => status == HttpStatusCode.Conflict) == 11, string.Join(' ', statuses));

            // A turn that waits on one replica and is decided on the other.
            using var waiting = await here.PostAsJsonAsync("/v1/sessions/start", new { prompt = "What is the capital of the UK?", model = "gpt-4o-mini" }, Stop);
            var turn = await ApprovalHttpTests.JsonAsync(waiting);
            var session = turn.GetProperty("session_id").GetString()!;
            await bob.ApproveAsync(turn.GetProperty("approval").GetProperty("id").GetString()!);
            await upstream.Reached.WaitAsync(TimeSpan.FromSeconds(30), Stop);

            var thrown = Stopwatch.GetTimestamp();
            await ApprovalHttpTests.StatusAsync(HttpStatusCode.OK, null, SecondPerson.PostAsync(here, "/v1/killswitch", """{"engaged":true,"scope":"tenant","reason":"drill"}""", null));
            await upstream.Aborted.WaitAsync(TimeSpan.FromSeconds(10), Stop);
            TestContext.Current.TestOutputHelper?.WriteLine($"{Stopwatch.GetElapsedTime(thrown).TotalMilliseconds:0} ms until the provider saw its stream end");
            await there.GetStringAsync($"/v1/sessions/{session}/events?until=idle", Stop);
            var detail = await there.GetFromJsonAsync<JsonElement>($"/v1/sessions/{session}", Stop);
            Assert.Equal("kill_switch_engaged", detail.GetProperty("turns")[0].GetProperty("failure").GetProperty("code").GetString());
        }
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_stream_ends_when_the_switch_is_thrown_at_another_replica()
    {
        var postgres = await PrivatePostgres.StartAsync();
        Assert.SkipWhen(postgres is null, "PostgreSQL 15 or newer is not installed (apt-get install postgresql-15).");
        await using var server = postgres;
        await using var upstream = await PacedUpstream.StartAsync();
        var folder = Directory.CreateTempSubdirectory("soma-replicas-").FullName;
        var environment = new Dictionary<string, string>
        {
            ["SOMA_DATABASE"] = await postgres.CreateAsync(), ["SOMA_KEYS"] = Path.Combine(folder, "keys"), ["SOMA_OPENAI_URL"] = upstream.Url.ToString(),
        };
        await using (var one = await SomaProcess.StartAsync(Path.Combine(folder, "one"), environment))
        await using (var two = await SomaProcess.StartAsync(Path.Combine(folder, "two"), environment))
        {
            var (exitCode, token, error) = await SomaProcess.RunAsync(environment, "token", "--data", one.Data);
            Assert.True(exitCode == 0, error);
            using var here = Client(one, token.Trim());
            using var there = Client(two, token.Trim());
            // Both have answered once, so that compiling is not measured.
            foreach (var client in new[] { here, there }) await client.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Hello" }, Stop);
            var answering = here.PostAsJsonAsync("/v1/sessions/start", new { prompt = "What is the capital of the UK?", model = "gpt-4o-mini" }, Stop);
            await upstream.Reached.WaitAsync(TimeSpan.FromSeconds(30), Stop);
            var thrown = Stopwatch.GetTimestamp();
            await ApprovalHttpTests.StatusAsync(HttpStatusCode.OK, null, SecondPerson.PostAsync(there, "/v1/killswitch", """{"engaged":true,"scope":"tenant","reason":"drill"}""", null));
            await upstream.Aborted.WaitAsync(TimeSpan.FromSeconds(5), Stop);
            TestContext.Current.TestOutputHelper?.WriteLine($"{Stopwatch.GetElapsedTime(thrown).TotalMilliseconds:0} ms from the request at one replica to the end of the provider's stream at the other");
            using var answer = await answering;
            Assert.Equal("kill_switch_engaged", (await ApprovalHttpTests.JsonAsync(answer)).GetProperty("failure").GetProperty("code").GetString());
        }
        Directory.Delete(folder, recursive: true);
    }

    private static HttpClient Client(SomaProcess soma, string token) => new() { BaseAddress = soma.Url, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
}
