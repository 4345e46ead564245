using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;

namespace SomaStack.EndToEndTests.Approvals;

/// <summary>Turns that wait for a second person: they go on by themselves, once, or end as denied.</summary>
public sealed class WaitingTurnTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_turn_waits_shows_it_and_goes_on_once_when_it_is_approved()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var bob = await SecondPerson.AddAsync(soma, owner);
        await bob.WantApprovalAsync(owner, "session.start");
        using var asked = await owner.PostAsJsonAsync("/v1/sessions/start", new { prompt = "How often is the journal sealed?" }, Stop);
        Assert.Equal(HttpStatusCode.Accepted, asked.StatusCode);
        var turn = await ApprovalHttpTests.JsonAsync(asked);
        Assert.Equal("awaiting_approval", turn.GetProperty("status").GetString());
        var (session, approval) = (turn.GetProperty("session_id").GetString()!, turn.GetProperty("approval").GetProperty("id").GetString()!);
        var shown = await bob.ReadAsync(approval);
        Assert.Equal("How often is the journal sealed?", shown.GetProperty("arguments").GetProperty("prompt").GetString());
        Assert.Equal((session, "ask_first"), (shown.GetProperty("approval").GetProperty("session").GetString(), shown.GetProperty("reasons")[0].GetProperty("code").GetString()));
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.Conflict, "turn_running", owner.PostAsJsonAsync($"/v1/sessions/{session}/messages", new { text = "Hello?" }, Stop));

        var events = ReadAsync(owner, session);
        await bob.ApproveAsync(approval);
        var types = (await events).Select(item => item.EventType).ToList();
        Assert.Equal(("approval_required", "turn.started", "turn.completed"), (types[0], types[1], types[^1]));
        Assert.Single(types, "turn.completed");
        var done = await OnlyTurnAsync(owner, session);
        Assert.Equal("completed", done.GetProperty("status").GetString());
        var policy = done.GetProperty("proof").GetProperty("policy");
        Assert.Equal(("approved", approval), (policy.GetProperty("decision").GetString(), policy.GetProperty("approval").GetString()));
        Assert.Equal("claimed", (await bob.ReadAsync(approval)).GetProperty("approval").GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_refused_turn_ends_as_denied_with_its_reason_and_the_session_goes_on()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var bob = await SecondPerson.AddAsync(soma, owner);
        await bob.WantApprovalAsync(owner, "session.message");
        using var started = await owner.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Hello there" }, Stop);
        var session = (await ApprovalHttpTests.JsonAsync(started)).GetProperty("session_id").GetString()!;
        using var asked = await owner.PostAsJsonAsync($"/v1/sessions/{session}/messages", new { text = "May I?" }, Stop);
        var approval = (await ApprovalHttpTests.JsonAsync(asked)).GetProperty("approval").GetProperty("id").GetString()!;
        var events = ReadAsync(owner, session);
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.OK, null, bob.DecideAsync(approval, "reject"));
        Assert.Equal("turn.denied", (await events)[^1].EventType);
        var detail = await owner.GetFromJsonAsync<JsonElement>($"/v1/sessions/{session}", Stop);
        var denied = detail.GetProperty("turns")[1];
        Assert.Equal(("denied", "approval_rejected"), (denied.GetProperty("status").GetString(), denied.GetProperty("failure").GetProperty("code").GetString()));
        Assert.Contains("Seen.", denied.GetProperty("failure").GetProperty("detail").GetString(), StringComparison.Ordinal);
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.Accepted, null, owner.PostAsJsonAsync($"/v1/sessions/{session}/messages", new { text = "And now?" }, Stop));
    }

    [Fact]
    public async Task A_waiting_turn_is_cancelled_at_once_and_its_yes_comes_too_late()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var bob = await SecondPerson.AddAsync(soma, owner);
        await bob.WantApprovalAsync(owner, "model.call");
        var turn = await ApprovalHttpTests.JsonAsync(await owner.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Wait for it" }, Stop));
        var (session, approval) = (turn.GetProperty("session_id").GetString()!, turn.GetProperty("approval").GetProperty("id").GetString()!);
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.Accepted, null, owner.PostAsync($"/v1/sessions/{session}/cancel", null, Stop));
        Assert.Equal("cancelled", (await OnlyTurnAsync(owner, session)).GetProperty("status").GetString());
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.Forbidden, "approval_void", bob.DecideAsync(approval));
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.Conflict, "turn_not_running", owner.PostAsync($"/v1/sessions/{session}/cancel", null, Stop));
    }

    [Fact]
    public async Task A_policy_that_changed_since_voids_the_yes_and_a_turn_that_waits_survives_a_killed_server()
    {
        var first = await SomaProcess.StartAsync();
        string session, approval;
        using (var owner = await first.ClientAsync())
        {
            using var bob = await SecondPerson.AddAsync(first, owner);
            await bob.WantApprovalAsync(owner, "session.start");
            var voided = await ApprovalHttpTests.JsonAsync(await owner.PostAsJsonAsync("/v1/sessions/start", new { prompt = "Under the old policy" }, Stop));
            await bob.WantApprovalAsync(owner, "session.message");
            await bob.ApproveAsync(voided.GetProperty("approval").GetProperty("id").GetString()!);
            var old = voided.GetProperty("session_id").GetString()!;
            await owner.GetStringAsync($"/v1/sessions/{old}/events?until=idle", Stop);
            Assert.Equal("approval_void", (await OnlyTurnAsync(owner, old)).GetProperty("failure").GetProperty("code").GetString());

            var waits = await ApprovalHttpTests.JsonAsync(await owner.PostAsJsonAsync("/v1/sessions/start", new { prompt = "How often is the journal sealed?" }, Stop));
            (session, approval) = (waits.GetProperty("session_id").GetString()!, waits.GetProperty("approval").GetProperty("id").GetString()!);
            await first.KillAsync();
        }
        await using var soma = await SomaProcess.StartAsync(first.Data);
        using var again = await soma.ClientAsync();
        Assert.Equal("awaiting_approval", (await OnlyTurnAsync(again, session)).GetProperty("status").GetString());
        using var decider = await SecondPerson.OfAsync(soma);
        await decider.ApproveAsync(approval);
        await again.GetStringAsync($"/v1/sessions/{session}/events?until=idle", Stop);
        Assert.Equal("completed", (await OnlyTurnAsync(again, session)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Instructions_that_changed_since_void_the_yes_and_long_words_in_any_script_can_wait()
    {
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var bob = await SecondPerson.AddAsync(soma, owner);
        await bob.WantApprovalAsync(owner, "session.start");
        var prompt = string.Concat(Enumerable.Repeat("журнал ", 4000));
        var turn = await ApprovalHttpTests.JsonAsync(await owner.PostAsJsonAsync("/v1/sessions/start", new { prompt }, Stop));
        var (session, approval) = (turn.GetProperty("session_id").GetString()!, turn.GetProperty("approval").GetProperty("id").GetString()!);
        Assert.Equal(prompt, (await bob.ReadAsync(approval)).GetProperty("arguments").GetProperty("prompt").GetString());
        using var read = await owner.GetAsync("/v1/personas/guide", Stop);
        var change = new HttpRequestMessage(HttpMethod.Put, "/v1/personas/guide") { Content = JsonContent.Create(new { name = "Guide", instructions = "Say whatever you like." }) };
        change.Headers.IfMatch.Add(read.Headers.ETag!);
        await ApprovalHttpTests.StatusAsync(HttpStatusCode.OK, null, owner.SendAsync(change, Stop));
        await bob.ApproveAsync(approval);
        await owner.GetStringAsync($"/v1/sessions/{session}/events?until=idle", Stop);
        Assert.Equal("approval_void", (await OnlyTurnAsync(owner, session)).GetProperty("failure").GetProperty("code").GetString());
    }

    private static async Task<JsonElement> OnlyTurnAsync(HttpClient client, string session) =>
        (await client.GetFromJsonAsync<JsonElement>($"/v1/sessions/{session}", Stop)).GetProperty("turns").EnumerateArray().Single();

    /// <summary>The session's events until its last turn has ended.</summary>
    private static async Task<List<SseItem<string>>> ReadAsync(HttpClient client, string session)
    {
        using var response = await client.GetAsync($"/v1/sessions/{session}/events?until=idle", HttpCompletionOption.ResponseHeadersRead, Stop);
        await using var stream = await response.Content.ReadAsStreamAsync(Stop);
        var events = new List<SseItem<string>>();
        await foreach (var item in SseParser.Create(stream).EnumerateAsync(Stop)) events.Add(item);
        return events;
    }
}
