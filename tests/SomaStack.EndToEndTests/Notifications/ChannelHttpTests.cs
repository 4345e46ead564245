using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SomaStack.EndToEndTests.Notifications;

/// <summary>What leaves the built server: to a receiver of Standard Webhooks' own making, to a mail server of others' making, and by the command line.</summary>
public sealed partial class ChannelHttpTests(ChannelWorld world) : IClassFixture<ChannelWorld>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_official_library_verifies_what_is_posted_before_during_and_after_a_rotation()
    {
        var url = $"http://127.0.0.1:{world.NodePort}/hook";
        var made = await ChannelWorld.JsonAsync(await world.Owner.PostAsJsonAsync("/v1/webhooks", new { url, scope = "tenant", kinds = new[] { "success" } }, Stop));
        var (id, first) = (made.GetProperty("webhook").GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!);
        var rotated = await ChannelWorld.JsonAsync(await world.Owner.PostAsJsonAsync($"/v1/webhooks/{id}/rotate", new { overlap_seconds = 3600 }, Stop));
        var second = rotated.GetProperty("secret").GetString()!;
        await using var receiver = await NodeReceiver.StartAsync(world.NodePort, [first, second], Stop);

        // A stalled endpoint of the same tenant holds nobody else.
        using var silent = new TcpListener(IPAddress.Loopback, world.SilentPort);
        silent.Start();
        var stalled = await ChannelWorld.JsonAsync(await world.Owner.PostAsJsonAsync("/v1/webhooks", new { url = $"http://127.0.0.1:{world.SilentPort}/", scope = "tenant", kinds = new[] { "success" } }, Stop));

        var sent = await ChannelWorld.JsonAsync(await world.Owner.PostAsJsonAsync("/v1/notifications", new { title = "Käse über 20 €", body = "\u2028<b>", kind = "success" }, Stop));
        var said = await receiver.NextAsync(Stop);
        Assert.Equal([true, true], said.GetProperty("verified").EnumerateArray().Select(static one => one.GetBoolean()));
        Assert.False(said.GetProperty("altered").GetBoolean());
        var data = said.GetProperty("payload").GetProperty("data");
        Assert.Equal((sent.GetProperty("id").GetString(), "Käse über 20 €"), (data.GetProperty("id").GetString(), data.GetProperty("title").GetString()));
        var delivery = await world.UntilAsync($"/v1/notifications/deliveries?target={id}", static one => one.GetProperty("state").GetString() == "delivered");
        Assert.Equal(said.GetProperty("id").GetString(), delivery.GetProperty("id").GetString());
        var detail = await world.Owner.GetFromJsonAsync<JsonElement>("/v1/notifications/deliveries/" + delivery.GetProperty("id").GetString(), Stop);
        Assert.Equal(204, detail.GetProperty("attempts")[0].GetProperty("status").GetInt32());
        var held = stalled.GetProperty("webhook").GetProperty("id").GetString();
        await world.UntilAsync($"/v1/notifications/deliveries?target={held}", static one => one.GetProperty("state").GetString() is "running" or "waiting");

        var metrics = await world.Owner.GetStringAsync("/metrics", Stop);
        foreach (var metric in new[] { "attempts_running", "attempts_total", "attempt_duration_seconds", "deliveries_ended_total", "delivery_lag_seconds" })
            Assert.Contains("# TYPE somastack_notification_" + metric, metrics, StringComparison.Ordinal);

        await ChannelWorld.JsonAsync(await world.Owner.PostAsJsonAsync($"/v1/webhooks/{id}/rotate", new { overlap_seconds = 0 }, Stop));
        var tested = await ChannelWorld.JsonAsync(await world.Owner.PostAsJsonAsync($"/v1/webhooks/{id}/test", new { }, Stop));
        Assert.True(tested.GetProperty("delivered").GetBoolean());
        Assert.Equal([false, false], (await receiver.NextAsync(Stop)).GetProperty("verified").EnumerateArray().Select(static one => one.GetBoolean()));
        foreach (var endpoint in new[] { id, held })
            using (var gone = await world.Owner.DeleteAsync("/v1/webhooks/" + endpoint, Stop)) Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
    }

    [Fact]
    public async Task An_address_is_verified_by_mail_gets_notifications_and_leaves_by_one_click()
    {
        await world.PreferAsync("owner");
        var asked = await ChannelWorld.JsonAsync(await world.Owner.PutAsJsonAsync("/v1/notifications/addresses/email", new { address = "ada@example.com" }, Stop));
        Assert.Equal("unverified", asked.GetProperty("state").GetString());
        var code = Code().Match(await MailAsync(static text => text.Contains("is your code", StringComparison.Ordinal))).Groups[1].Value;
        var verified = await ChannelWorld.JsonAsync(await world.Owner.PostAsJsonAsync("/v1/notifications/addresses/email/verify", new { code }, Stop));
        Assert.Equal("verified", verified.GetProperty("state").GetString());

        await ChannelWorld.JsonAsync(await world.Owner.PostAsJsonAsync("/v1/notifications", new { title = "Backup failed", severity = "error", kind = "alert" }, Stop));
        var mail = await MailAsync(static text => text.Contains("Backup failed", StringComparison.Ordinal));
        Assert.Contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click", mail, StringComparison.Ordinal);
        var token = Token().Match(mail.Replace("\r\n ", "", StringComparison.Ordinal).Replace("\r\n\t", "", StringComparison.Ordinal)).Groups[1].Value;

        using var stranger = new HttpClient { BaseAddress = world.Soma.Url };
        using (var page = await stranger.GetAsync("/v1/notifications/unsubscribe?token=" + token, Stop))
        {
            Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
            Assert.Contains("form-action 'self'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        }
        Assert.Empty((await world.Owner.GetFromJsonAsync<JsonElement>("/v1/notifications/unsubscribes", Stop)).GetProperty("data").EnumerateArray());
        using (var forged = await stranger.PostAsync("/v1/notifications/unsubscribe?token=" + token[..^3] + "AAA", OneClick(), Stop)) Assert.Equal(HttpStatusCode.Forbidden, forged.StatusCode);
        using (var left = await stranger.PostAsync("/v1/notifications/unsubscribe?token=" + token, OneClick(), Stop)) Assert.Equal(HttpStatusCode.OK, left.StatusCode);
        var one = Assert.Single((await world.Owner.GetFromJsonAsync<JsonElement>("/v1/notifications/unsubscribes", Stop)).GetProperty("data").EnumerateArray());
        Assert.Equal(("email", "alert"), (one.GetProperty("channel").GetString(), one.GetProperty("scope").GetString()));
    }

    [Fact]
    public async Task The_command_line_makes_tests_lists_and_deletes_an_endpoint()
    {
        async Task<JsonElement> RunAsync(params string[] arguments)
        {
            var (exit, output, error) = await SomaProcess.RunAsync(null, ["webhook", .. arguments, "--json", "--url", world.Soma.Url.AbsoluteUri, "--data", world.Soma.Data]);
            Assert.True(exit == 0, error);
            return output.Length == 0 ? default : JsonDocument.Parse(output).RootElement.Clone();
        }
        var made = await RunAsync("create", "https://hooks.invalid/services/secret", "--kind", "budget", "--severity", "critical");
        var id = made.GetProperty("webhook").GetProperty("id").GetString()!;
        Assert.StartsWith("whsec_", made.GetProperty("secret").GetString(), StringComparison.Ordinal);
        var tested = await RunAsync("test", id);
        Assert.False(tested.GetProperty("delivered").GetBoolean());
        Assert.NotEqual("", tested.GetProperty("reason").GetString());
        var listed = (await RunAsync("list")).GetProperty("data").EnumerateArray().Single(one => one.GetProperty("id").GetString() == id);
        Assert.Equal("https://hooks.invalid/\u2026", listed.GetProperty("url").GetString());
        Assert.Equal(0, (await RunAsync("replay", id)).GetProperty("replayed").GetInt64());
        await RunAsync("delete", id);
        Assert.DoesNotContain((await RunAsync("list")).GetProperty("data").EnumerateArray(), one => one.GetProperty("id").GetString() == id);
    }

    private async Task<string> MailAsync(Func<string, bool> wanted)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            if (world.Mail.Taken.FirstOrDefault(mail => wanted(mail.Text)) is { Text: { } text }) return text;
            await timer.WaitForNextTickAsync(Stop);
        }
    }

    private static FormUrlEncodedContent OneClick() => new([new("List-Unsubscribe", "One-Click")]);

    [GeneratedRegex("Subject: ([0-9]{8}) is")]
    private static partial Regex Code();

    [GeneratedRegex("List-Unsubscribe: ?<[^>]*token=([^>]+)>")]
    private static partial Regex Token();
}
