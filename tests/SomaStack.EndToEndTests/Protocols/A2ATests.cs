using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using SomaStack.EndToEndTests.Clients;
using static SomaStack.EndToEndTests.Protocols.ProtocolServer;

namespace SomaStack.EndToEndTests.Protocols;

/// <summary><c>/a2a/v1</c> of the built program, asked by the official JavaScript SDK and by hand.</summary>
public sealed class A2ATests(ProtocolServer place) : IClassFixture<ProtocolServer>
{
    [Fact]
    public async Task The_official_sdk_reads_the_signed_card_and_holds_a_conversation()
    {
        var token = place.Owner.DefaultRequestHeaders.Authorization!.Parameter!;
        var run = await ClientFiles.RunAsync("node", [Path.Combine(Folder, "a2a.mjs"), place.Soma.Url.ToString().TrimEnd('/'), token], null, Stop);
        Assert.SkipWhen(run is null, "There is no node here.");
        Assert.True(run!.Value.ExitCode == 0, run.Value.Output);
        var seen = JsonDocument.Parse(run.Value.Output.Split('\n').Last(static line => line.StartsWith('{'))).RootElement;
        Assert.True(seen.GetProperty("signed").GetBoolean());
        Assert.Equal("refused", seen.GetProperty("forged").GetString());
        var task = seen.GetProperty("task");
        Assert.Equal(3, task.GetProperty("status").GetProperty("state").GetInt32());
        Assert.NotEmpty(task.GetProperty("artifacts")[0].GetProperty("parts")[0].GetProperty("content").GetProperty("value").GetString()!);
        Assert.True(seen.GetProperty("again").GetBoolean());
        Assert.Equal(task.GetProperty("id").GetString(), seen.GetProperty("read").GetProperty("id").GetString());
        Assert.True(seen.GetProperty("sameContext").GetBoolean());
        var stream = seen.GetProperty("stream").EnumerateArray().Select(static item => item.GetString()!).ToList();
        Assert.StartsWith("task:", stream[0], StringComparison.Ordinal);
        Assert.Equal("statusUpdate:3", stream[^1]);
        Assert.Contains("artifactUpdate", stream);
        Assert.Equal(2, seen.GetProperty("list").GetProperty("tasks").GetArrayLength());
        Assert.NotEmpty(seen.GetProperty("list").GetProperty("nextPageToken").GetString()!);
        Assert.Empty(Ids(seen.GetProperty("next")).Intersect(Ids(seen.GetProperty("list"))));
        Assert.Contains("TaskNotCancelableError", seen.GetProperty("cancelled").GetString(), StringComparison.Ordinal);
        Assert.Contains("TaskNotFoundError", seen.GetProperty("unknown").GetString(), StringComparison.Ordinal);
        Assert.Contains("UnsupportedOperationError", seen.GetProperty("more").GetString(), StringComparison.Ordinal);
        Assert.NotNull(seen.GetProperty("push").GetString());
        Assert.Contains(seen.GetProperty("extended").GetProperty("skills").EnumerateArray(), static skill => skill.GetProperty("id").GetString() == "guide");
    }

    [Fact]
    public async Task The_public_card_tells_nothing_of_a_tenant()
    {
        using var stranger = new HttpClient { BaseAddress = place.Soma.Url };
        var card = await stranger.GetFromJsonAsync<JsonElement>("/.well-known/agent-card.json", Stop);
        Assert.Equal("conversation", Assert.Single(card.GetProperty("skills").EnumerateArray()).GetProperty("id").GetString());
        Assert.Equal("1.0", card.GetProperty("supportedInterfaces")[0].GetProperty("protocolVersion").GetString());
        using var refused = await stranger.PostAsync("/a2a/v1", Json("SendMessage", "{}"), Stop);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains("/.well-known/oauth-protected-resource/a2a/v1", refused.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Anothers_task_is_unknown_and_another_version_is_not_spoken()
    {
        var task = (await AskAsync(place.Owner, "SendMessage", Message("Whose is this?"))).GetProperty("result").GetProperty("task");
        Assert.Equal(-32001, (await AskAsync(place.Bob.Client, "GetTask", $$"""{"id":"{{task.GetProperty("id").GetString()}}"}""")).GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(-32009, (await AskAsync(place.Owner, "GetTask", "{}", version: "0.3")).GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(-32009, (await AskAsync(place.Owner, "GetTask", "{}", version: null)).GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(-32601, (await AskAsync(place.Owner, "message/send", "{}")).GetProperty("error").GetProperty("code").GetInt32());
        var unknown = (await AskAsync(place.Owner, "SendMessage", Message("Hello", "\"metadata\":{\"persona\":\"nobody\"}"))).GetProperty("result").GetProperty("task");
        Assert.Equal("TASK_STATE_FAILED", unknown.GetProperty("status").GetProperty("state").GetString());
        Assert.Contains("persona_unknown", unknown.GetProperty("status").GetProperty("message").GetProperty("parts")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_that_needs_a_second_person_says_so_and_goes_on_or_is_cancelled()
    {
        await place.WantApprovalAsync("session.start", "asked");
        using var added = await place.Owner.PostAsJsonAsync("/v1/personas", new { id = "asked", name = "Asked", instructions = "Answer from what is remembered." }, Stop);
        Assert.True(added.IsSuccessStatusCode, await added.Content.ReadAsStringAsync(Stop));
        var waiting = (await AskAsync(place.Owner, "SendMessage", Message("May I?", "\"metadata\":{\"persona\":\"asked\"}"))).GetProperty("result").GetProperty("task");
        Assert.Equal("TASK_STATE_AUTH_REQUIRED", State(waiting));
        var words = waiting.GetProperty("status").GetProperty("message").GetProperty("parts")[0].GetProperty("text").GetString()!;
        var approval = words.Split("approval ")[1].Split(')')[0];
        await place.Bob.ApproveAsync(approval);
        var id = waiting.GetProperty("id").GetString();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        JsonElement now;
        while (State(now = (await AskAsync(place.Owner, "GetTask", $$"""{"id":"{{id}}"}""")).GetProperty("result")) is "TASK_STATE_AUTH_REQUIRED" or "TASK_STATE_WORKING") await timer.WaitForNextTickAsync(Stop);
        Assert.Equal("TASK_STATE_COMPLETED", State(now));

        var second = (await AskAsync(place.Owner, "SendMessage", Message("And now?", "\"metadata\":{\"persona\":\"asked\"}"))).GetProperty("result").GetProperty("task");
        Assert.Equal("TASK_STATE_AUTH_REQUIRED", State(second));
        Assert.Equal("TASK_STATE_CANCELED", State((await AskAsync(place.Owner, "CancelTask", $$"""{"id":"{{second.GetProperty("id").GetString()}}"}""")).GetProperty("result")));
        var third = (await AskAsync(place.Owner, "SendMessage", Message("Then no?", "\"metadata\":{\"persona\":\"asked\"}"))).GetProperty("result").GetProperty("task");
        using var rejected = await place.Bob.DecideAsync(third.GetProperty("status").GetProperty("message").GetProperty("parts")[0].GetProperty("text").GetString()!.Split("approval ")[1].Split(')')[0], "reject");
        while (State(now = (await AskAsync(place.Owner, "GetTask", $$"""{"id":"{{third.GetProperty("id").GetString()}}"}""")).GetProperty("result")) == "TASK_STATE_AUTH_REQUIRED") await timer.WaitForNextTickAsync(Stop);
        Assert.Equal("TASK_STATE_REJECTED", State(now));
    }

    private static IEnumerable<string> Ids(JsonElement page) => page.GetProperty("tasks").EnumerateArray().Select(static task => task.GetProperty("id").GetString()!);

    private static string State(JsonElement task) => task.GetProperty("status").GetProperty("state").GetString()!;

    private static string Message(string text, string? more = null) =>
        $$"""{"message":{"messageId":"{{Guid.CreateVersion7()}}","role":"ROLE_USER","parts":[{"text":"{{text}}"}]{{(more is null ? "" : "," + more)}}} }""";

    private static async Task<JsonElement> AskAsync(HttpClient client, string method, string parameters, string? version = "1.0")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/a2a/v1") { Content = Json(method, parameters) };
        if (version is not null) request.Headers.Add("A2A-Version", version);
        using var answer = await client.SendAsync(request, Stop);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(Stop);
    }

    private static StringContent Json(string method, string parameters) => new("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" + method + "\",\"params\":" + parameters + "}", Encoding.UTF8, "application/json");
}
