using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SomaStack.EndToEndTests.Approvals;
using SomaStack.EndToEndTests.Identity;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Notifications;

/// <summary>The room over the built server's own HTTP; one server for all of it.</summary>
public sealed class NotificationHttpTests(NotificationWorld world) : IClassFixture<NotificationWorld>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_ancestor_s_body_is_taken_and_its_backlog_is_given()
    {
        var sent = await SendAsync(world.Owner, new { tenant_id = "demo", channel = "ops", message = "Disk full\nNode 7", severity = "error", metadata = new { node = "7" } });
        Assert.Equal(HttpStatusCode.Accepted, sent.Status);
        var record = sent.Json.GetProperty("record");
        Assert.Equal(("queued", "demo", "ops", "Disk full\nNode 7", "error", "7"), (
            Text(sent.Json, "status"), Text(record, "tenant_id"), Text(record, "channel"), Text(record, "message"), Text(record, "severity"), Text(record.GetProperty("metadata"), "node")));
        var backlog = await world.Owner.GetFromJsonAsync<JsonElement>("/v1/notifications/backlog?limit=500&tenant_id=demo", Stop);
        Assert.Contains(backlog.GetProperty("results").EnumerateArray(), one => Text(one, "message") == "Disk full\nNode 7");
        Assert.Equal("demo", Text(backlog, "tenant_id"));
        using (var foreign = await world.Owner.GetAsync("/v1/notifications/backlog?tenant_id=other", Stop)) Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        Assert.Equal((HttpStatusCode.Forbidden, "notification_foreign_tenant"), Fault(await SendAsync(world.Owner, new { tenant_id = "other", message = "x" })));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "invalid_request"), Fault(await SendAsync(world.Owner, new { title = "a\r\nBcc: b@example.org" })));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "invalid_request"), Fault(await SendAsync(world.Owner, new { message = "x", severity = "loud" })));
        Assert.Equal((HttpStatusCode.Forbidden, "capability_missing"), Fault(await SendAsync(world.Bob.Client, new { message = "x" })));
    }

    [Fact]
    public async Task A_key_of_idempotence_tells_once_and_marks_change_the_counts()
    {
        var first = await SendAsync(world.Owner, new { title = "Once", audience = new { principals = new[] { "bob" } }, requires_ack = true }, "k1");
        var again = await SendAsync(world.Owner, new { title = "Once", audience = new { principals = new[] { "bob" } }, requires_ack = true }, "k1");
        var id = Text(first.Json, "id");
        Assert.Equal(id, Text(again.Json, "id"));
        var listed = (await world.Bob.Client.GetFromJsonAsync<JsonElement>("/v1/notifications?state=attention&kind=alert", Stop)).GetProperty("data").EnumerateArray().Single(one => Text(one, "title") == "Once");
        Assert.Equal((id, true, false), (Text(listed, "id"), listed.GetProperty("attention").GetBoolean(), listed.GetProperty("read").GetBoolean()));
        using (var hidden = await world.Owner.GetAsync($"/v1/notifications/{id}", Stop)) Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        using (var done = await world.Bob.Client.PostAsJsonAsync($"/v1/notifications/{id}/acknowledge", new { }, Stop)) Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        var after = await world.Bob.Client.GetFromJsonAsync<JsonElement>($"/v1/notifications/{id}", Stop);
        Assert.Equal((true, true, false), (after.GetProperty("acknowledged").GetBoolean(), after.GetProperty("read").GetBoolean(), after.GetProperty("attention").GetBoolean()));
        using var all = await world.Bob.Client.PostAsJsonAsync("/v1/notifications/read-all", new { }, Stop);
        Assert.Equal(0, (await JsonAsync(all)).GetProperty("counts").GetProperty("unread").GetInt64());
    }

    [Fact]
    public async Task An_approval_reaches_its_decider_and_a_link_decides_it_once_for_whoever_is_signed_in()
    {
        using (var engaged = await SecondPerson.PostAsync(world.Owner, "/v1/killswitch", """{"engaged":true,"scope":"capsule","target":"link-test","reason":"drill"}""", null)) Assert.Equal(HttpStatusCode.OK, engaged.StatusCode);
        using var asked = await SecondPerson.PostAsync(world.Owner, "/v1/killswitch", """{"engaged":false,"scope":"capsule","target":"link-test","reason":"<b>over</b>"}""", null);
        var approval = Text((await JsonAsync(asked)).GetProperty("approval"), "id");
        var told = await world.UntilAsync(world.Bob.Client, "/v1/notifications?state=attention&kind=review", one => Text(one, "subject") == "approval/" + approval);
        Assert.True(told.GetProperty("untrusted").GetBoolean());
        var token = await world.LinkAsync("bob", approval, told);

        using var browser = new Browser(world.Soma.Url);
        var (status, _) = await browser.GetAsync("/v1/notifications/decide?token=" + token);
        Assert.Equal(302, status);
        await world.SignInAsync(browser, "bob");
        var (shown, page) = await browser.GetAsync("/v1/notifications/decide?token=" + token);
        Assert.Equal(200, shown);
        Assert.DoesNotContain("<b>over</b>", page, StringComparison.Ordinal);
        Assert.Equal("pending", await StateAsync(approval));

        using var stranger = new Browser(world.Soma.Url);
        await world.SignInAsync(stranger, "owner");
        Assert.Equal(403, (await stranger.GetAsync("/v1/notifications/decide?token=" + token)).Status);
        Assert.Equal(403, (await world.DecideAsync(browser, token, page, "cross-site")).Status);
        Assert.Equal(403, (await world.DecideAsync(browser, token, page, "same-origin", "reject")).Status);
        Assert.Equal("pending", await StateAsync(approval));
        Assert.Equal(200, (await world.DecideAsync(browser, token, page, "same-origin")).Status);
        Assert.Equal("approved", await StateAsync(approval));
        Assert.Equal(403, (await world.DecideAsync(browser, token, page, "same-origin")).Status);
        await world.UntilAsync(world.Bob.Client, "/v1/notifications?kind=review", one => Text(one, "subject") == "approval/" + approval && Text(one, "resolution") == "approved");
        await world.UntilAsync(world.Owner, "/v1/notifications?kind=success", one => one.GetProperty("metadata").TryGetProperty("approval", out var of) && of.GetString() == approval);
    }

    [Fact]
    public async Task Soma_notify_sends_and_lists()
    {
        var (code, output, error) = await SomaProcess.RunAsync(null, "notify", "send", "From the command line", "--severity", "warning", "--dedupe", "cli", "--url", world.Soma.Url.ToString(), "--data", world.Soma.Data);
        Assert.True(code == 0, output + error);
        (code, output, error) = await SomaProcess.RunAsync(null, "notify", "list", "--severity", "warning", "--url", world.Soma.Url.ToString(), "--data", world.Soma.Data);
        Assert.True(code == 0, output + error);
        Assert.Contains("From the command line", output, StringComparison.Ordinal);
    }

    private async Task<string> StateAsync(string approval) => Text((await world.Bob.ReadAsync(approval)).GetProperty("approval"), "state");

    private static async Task<(HttpStatusCode Status, JsonElement Json)> SendAsync(HttpClient client, object body, string? key = null)
    {
        using var answer = await SecondPerson.PostAsync(client, "/v1/notifications", JsonSerializer.Serialize(body), null, key);
        return (answer.StatusCode, await JsonAsync(answer));
    }

    private static (HttpStatusCode Status, string Code) Fault((HttpStatusCode Status, JsonElement Json) answer) => (answer.Status, Text(answer.Json, "code"));

    private static Task<JsonElement> JsonAsync(HttpResponseMessage answer) => answer.Content.ReadFromJsonAsync<JsonElement>(Stop);

    private static string Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}

/// <summary>A server with two people of the demo tenant.</summary>
public sealed class NotificationWorld : IAsyncLifetime
{
    public SomaProcess Soma { get; private set; } = null!;

    public HttpClient Owner { get; private set; } = null!;

    internal SecondPerson Bob { get; private set; } = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Soma = await SomaProcess.StartAsync();
        Owner = await Soma.ClientAsync();
        Bob = await SecondPerson.AddAsync(Soma, Owner);
    }

    /// <summary>Waits until a list has one like that.</summary>
    public async Task<JsonElement> UntilAsync(HttpClient client, string path, Func<JsonElement, bool> wanted)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            var page = await client.GetFromJsonAsync<JsonElement>(path, Stop);
            foreach (var one in page.GetProperty("data").EnumerateArray())
                if (wanted(one)) return one;
            await timer.WaitForNextTickAsync(Stop);
        }
    }

    /// <summary>A link as a message would carry it; no channel is up here, so its row is written as the room writes it.</summary>
    public async Task<string> LinkAsync(string principal, string approval, JsonElement told)
    {
        var token = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        var digest = (await Bob.ReadAsync(approval)).GetProperty("approval").GetProperty("digest").GetString();
        var expires = TimeProvider.System.GetUtcNow().AddHours(1).ToMicros();
        await using var db = Db.Open("sqlite:" + Path.Combine(Soma.Data, "soma.db"));
        await db.WriteAsync("demo", work => work.ExecuteAsync($"""
            INSERT INTO notification_links (tenant, hash, principal, notification, approval, digest, decision, created_at, expires_at)
            VALUES ({"demo"}, {SHA256.HashData(Encoding.UTF8.GetBytes(token))}, {principal}, {told.GetProperty("id").GetString()}, {approval}, {digest}, {"approve"}, {0L}, {expires})
            """), Stop);
        return token;
    }

    internal async Task SignInAsync(Browser browser, string principal)
    {
        var (exitCode, output, error) = await SomaProcess.RunAsync(null, "token", "--data", Soma.Data, "--principal", principal);
        Assert.True(exitCode == 0, error);
        // What the sign-in page would set: the browser's session is a token of the person.
        browser.SetCookie("soma_session", output.Trim());
    }

    /// <summary>Presses the button of the page, or what another site would make of it.</summary>
    internal Task<(int Status, string Html)> DecideAsync(Browser browser, string token, string page, string site, string decision = "approve")
    {
        const string mark = "name=\"digest\" value=\"";
        var at = page.IndexOf(mark, StringComparison.Ordinal) + mark.Length;
        return browser.PostFormAsync("/v1/notifications/decide", site, ("token", token), ("digest", page[at..(at + 64)]), ("decision", decision));
    }

    public async ValueTask DisposeAsync()
    {
        Owner.Dispose();
        Bob.Dispose();
        await Soma.DisposeAsync();
    }
}
