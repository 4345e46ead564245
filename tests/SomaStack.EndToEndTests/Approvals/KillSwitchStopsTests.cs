using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using SomaStack.EndToEndTests.Sessions;

namespace SomaStack.EndToEndTests.Approvals;

/// <summary>What runs when a kill switch is thrown ends within a second and says why; the provider held its stream all the while.</summary>
public sealed class KillSwitchStopsTests
{
    /// <summary>The promise is one second; a machine that builds and tests at the same time gets five.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(5);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string?> Scopes => new() { { "tenant", null }, { "platform", null }, { "persona", "guide" } };

    [Theory, MemberData(nameof(Scopes))]
    public async Task A_session_that_streams_is_cut_with_an_error_in_its_stream_and_keeps_what_was_said(string scope, string? target)
    {
        await using var upstream = await PacedUpstream.StartAsync();
        await using var soma = await SomaProcess.StartAsync(null, new Dictionary<string, string> { ["SOMA_OPENAI_URL"] = upstream.Url.ToString() });
        using var owner = await soma.ClientAsync();
        using var bob = await SecondPerson.AddAsync(soma, owner);
        var started = new HttpRequestMessage(HttpMethod.Post, "/v1/sessions/start") { Content = JsonContent.Create(new { prompt = "What is the capital of the UK?", model = "gpt-4o-mini", stream = true }) };
        using var response = await owner.SendAsync(started, HttpCompletionOption.ResponseHeadersRead, Stop);
        await using var stream = await response.Content.ReadAsStreamAsync(Stop);
        var events = SseParser.Create(stream).EnumerateAsync(Stop).GetAsyncEnumerator(Stop);
        for (var said = ""; said != upstream.FirstHalf;)
        {
            Assert.True(await events.MoveNextAsync());
            if (events.Current.EventType == "text.delta") said += JsonSerializer.Deserialize<JsonElement>(events.Current.Data).GetProperty("text").GetString();
        }

        var thrown = Stopwatch.GetTimestamp();
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.OK, null, SecondPerson.PostAsync(owner, "/v1/killswitch", JsonSerializer.Serialize(new { engaged = true, scope, target, reason = "drill" }), null));
        Assert.True(await events.MoveNextAsync());
        var took = Stopwatch.GetElapsedTime(thrown);
        TestContext.Current.TestOutputHelper?.WriteLine($"{took.TotalMilliseconds:0} ms from the request that threw the switch to the end of the stream");
        Assert.True(took < Deadline, $"It ended {took.TotalMilliseconds:0} ms after the switch was thrown.");
        Assert.Equal("turn.failed", events.Current.EventType);
        var turn = JsonSerializer.Deserialize<JsonElement>(events.Current.Data);
        Assert.Equal("kill_switch_engaged", turn.GetProperty("failure").GetProperty("code").GetString());
        Assert.Equal(upstream.FirstHalf, turn.GetProperty("answer").GetString());
        Assert.False(await events.MoveNextAsync());
        await events.DisposeAsync();
        await upstream.Aborted.WaitAsync(TimeSpan.FromSeconds(5), Stop);
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.ServiceUnavailable, "kill_switch_engaged", owner.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Once more" }, Stop));

        await bob.ReleaseAsync(owner, scope, target);
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.Created, null, owner.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Once more" }, Stop));
        var audited = await owner.GetStringAsync("/v1/audit/events?limit=200", Stop);
        Assert.Contains("somastack.sessions.turn_failed.v1", audited, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_stream_that_is_passed_on_ends_with_an_error_event_and_is_settled_by_an_estimate()
    {
        await using var upstream = await PacedUpstream.StartAsync();
        await using var soma = await SomaProcess.StartAsync(null, new Dictionary<string, string> { ["SOMA_OPENAI_URL"] = upstream.Url.ToString() });
        using var owner = await soma.ClientAsync();
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent("""{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"What is the capital of the UK?"}]}""", Encoding.UTF8, "application/json"),
        };
        using var response = await owner.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        await upstream.Reached.WaitAsync(Stop);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Stop));
        var thrown = Stopwatch.GetTimestamp();
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.OK, null, SecondPerson.PostAsync(owner, "/v1/killswitch", """{"engaged":true,"scope":"tenant","reason":"drill"}""", null));
        var rest = await reader.ReadToEndAsync(Stop);
        var took = Stopwatch.GetElapsedTime(thrown);
        TestContext.Current.TestOutputHelper?.WriteLine($"{took.TotalMilliseconds:0} ms from the request that threw the switch to the end of the stream");
        Assert.True(took < Deadline, $"It ended {took.TotalMilliseconds:0} ms after the switch was thrown.");
        Assert.Contains("kill_switch_engaged", rest, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", rest, StringComparison.Ordinal);
        await upstream.Aborted.WaitAsync(TimeSpan.FromSeconds(5), Stop);
        // The stream ends a moment before its settlement is durable.
        var since = Stopwatch.GetTimestamp();
        while (!(await owner.GetStringAsync("/v1/audit/events?limit=200", Stop)).Contains("somastack.inference.call_failed.v1", StringComparison.Ordinal))
            Assert.True(Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(10), "The call was never settled.");
    }
}
