using MimeKit;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Notifications;

/// <summary>Mail over a real socket: what arrives, and what becomes of a delivery when the server refuses, hangs up or falls silent.</summary>
public sealed class EmailContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_notification_arrives_as_a_mail_that_can_be_left_with_one_click()
    {
        await using var server = new SmtpFaults();
        await using var house = await StartAsync(server);
        var id = await DeliveryContract.QueueAsync(house);
        Assert.Equal(DeliveryStates.Delivered, (await SendAsync(house)).State);
        var (from, to, text) = Assert.Single(server.Taken);
        Assert.Equal(("soma@example.com", "ada@example.com"), (from, to));
        using var wire = new MemoryStream(System.Text.Encoding.Latin1.GetBytes(text));
        var message = await MimeMessage.LoadAsync(wire, Stop);
        Assert.Equal(("Disk full", id + "@example.com", "auto-generated"), (message.Subject, message.MessageId, message.Headers["Auto-Submitted"]));
        Assert.Equal("List-Unsubscribe=One-Click", message.Headers["List-Unsubscribe-Post"]);
        Assert.Contains("Of host 7.", message.TextBody, StringComparison.Ordinal);
        Assert.Contains("Of host 7.", message.HtmlBody, StringComparison.Ordinal);

        var token = message.Headers["List-Unsubscribe"]!.Trim('<', '>').Split("token=")[1];
        await house.Get<Unsubscribe>().ByLinkAsync(token, new Microsoft.AspNetCore.Http.DefaultHttpContext().Response, Stop);
        Assert.Contains("\"by\":\"link\"", Assert.Single(await house.JournalAsync(ChannelEvents.Unsubscribed)), StringComparison.Ordinal);
        await DeliveryContract.QueueAsync(house);
        Assert.Equal(DeliveryStates.Refused, (await SendAsync(house)).State);
        Assert.Single(server.Taken);
        await Assert.ThrowsAsync<Problem>(() => house.Get<Unsubscribe>().ByLinkAsync(token + "x", new Microsoft.AspNetCore.Http.DefaultHttpContext().Response, Stop));
    }

    [Fact]
    public async Task Messages_of_a_batch_share_a_connection()
    {
        await using var server = new SmtpFaults();
        await using var house = await StartAsync(server);
        for (var i = 0; i < 5; i++)
        {
            await DeliveryContract.QueueAsync(house);
            Assert.Equal(DeliveryStates.Delivered, (await SendAsync(house)).State);
        }
        Assert.Equal((5, 1), (server.Taken.Count, server.Connections));
        // One that the server closed meanwhile is noticed and replaced.
        server.Answers["noop"] = "hang up";
        await DeliveryContract.QueueAsync(house);
        Assert.Equal(DeliveryStates.Delivered, (await SendAsync(house)).State);
        Assert.Equal((6, 2), (server.Taken.Count, server.Connections));
    }

    [Theory]
    [InlineData("connect", "554 go away", "waiting")]
    [InlineData("connect", "hang up", "waiting")]
    [InlineData("ehlo", "hang up", "waiting")]
    [InlineData("auth", "535 no", "waiting")]
    [InlineData("mail", "451 later", "waiting")]
    [InlineData("mail", "553 no such sender", "refused")]
    [InlineData("rcpt", "450 busy", "waiting")]
    [InlineData("rcpt", "550 no such user", "refused")]
    [InlineData("rcpt", "hang up", "waiting")]
    [InlineData("data", "451 later", "waiting")]
    [InlineData("data", "554 no", "refused")]
    [InlineData("body", "452 full", "waiting")]
    [InlineData("body", "554 spam", "refused")]
    [InlineData("body", "hang up", "waiting")]
    public async Task A_refusal_at_any_stage_has_its_end(string stage, string answer, string state)
    {
        await using var server = new SmtpFaults();
        await using var house = await StartAsync(server, stage == "auth" ? "soma:secret@" : "");
        server.Answers[stage] = answer;
        await DeliveryContract.QueueAsync(house);
        var row = await SendAsync(house);
        Assert.True(state == row.State, $"{row.State}: {row.LastError}");
        Assert.DoesNotContain("secret", row.LastError, StringComparison.Ordinal);
        Assert.Empty(server.Taken);
        Assert.Equal(stage == "rcpt" && state == "refused", (await house.Get<TargetStore>().OfAsync("demo", "ada", Stop)).Count == 0);
        server.Answers.Clear();
        if (state == "refused") return;
        house.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(DeliveryStates.Delivered, (await SendAsync(house)).State);
    }

    [Theory]
    [InlineData("connect")]
    [InlineData("ehlo")]
    [InlineData("mail")]
    [InlineData("rcpt")]
    [InlineData("data")]
    [InlineData("body")]
    public async Task A_server_that_falls_silent_at_any_stage_is_left(string stage)
    {
        await using var server = new SmtpFaults();
        await using var house = await StartAsync(server);
        server.Answers[stage] = "silence";
        await DeliveryContract.QueueAsync(house);
        // The stage would end by itself after its limit; a program that stops does not wait for it.
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var row = Assert.Single(await DeliveryContract.ClaimAsync(house, "one"));
        var sending = house.Get<SendDelivery>().RunAsync(house.Get<EmailChannel>(), row, stopping.Token);
        await UntilAsync(() => server.Connections == 1);
        Assert.False(sending.IsCompleted);
        await stopping.CancelAsync();
        await sending.WaitAsync(TimeSpan.FromSeconds(5), Stop);
        Assert.Equal((DeliveryStates.Waiting, "interrupted"), ((await DeliveryContract.FindAsync(house, row.Id)).State, (await house.Get<DeliveryStore>().AttemptsAsync("demo", row.Id, Stop)).Single().Outcome));
    }

    [Fact]
    public async Task A_stage_has_its_limit_and_its_name()
    {
        var silent = await Assert.ThrowsAsync<TimeoutException>(() => SmtpConnections.StageAsync("greeting", TimeSpan.FromMilliseconds(50), async token =>
        {
            await Task.Delay(Timeout.Infinite, token);
            return true;
        }, Stop));
        Assert.Contains("greeting", silent.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenants_own_relay_may_not_be_inside_unless_the_operator_says_so()
    {
        await using var server = new SmtpFaults();
        await using var house = await StartAsync(server);
        var manage = house.Get<ManageConnectors>();
        var response = new Microsoft.AspNetCore.Http.DefaultHttpContext().Response;
        var refused = await Assert.ThrowsAsync<Problem>(() => manage.PutAsync("email", new ConnectorRequest(server.Url, "own@example.com"), house.As("ada"), 0, response, Stop));
        Assert.Equal("address_refused", refused.Code.Code);

        await using var open = await NotificationHouse.StartAsync(databases, "sqlite", set: options => options with { OutgoingAllow = [server.Url] });
        await open.AddAddressAsync("ada", NotificationChannels.Email, "ada@example.com");
        await open.Get<ManageConnectors>().PutAsync("email", new ConnectorRequest(server.Url, "own@example.com"), open.As("ada"), 0, response, Stop);
        await DeliveryContract.QueueAsync(open);
        Assert.Equal(DeliveryStates.Delivered, (await SendAsync(open)).State);
        Assert.Equal("own@example.com", Assert.Single(server.Taken).From);
    }

    [Fact]
    public async Task An_address_is_sent_to_only_once_its_code_was_typed_back()
    {
        await using var server = new SmtpFaults();
        await using var house = await NotificationHouse.StartAsync(databases, "sqlite", set: options => options with { SmtpUrl = server.Url, SmtpFrom = "soma@example.com" });
        var (manage, ada) = (house.Get<ManageAddresses>(), house.As("ada", held: CapabilitySet.None));
        await manage.AskAsync("email", new AddressRequest("ada@example.com"), ada, Stop);
        Assert.Empty(await house.Get<TargetStore>().OfAsync("demo", "ada", Stop));
        var code = System.Text.RegularExpressions.Regex.Match(Assert.Single(server.Taken).Text, "Subject: ([0-9]{8})").Groups[1].Value;
        var wrong = code == "00000000" ? "11111111" : "00000000";
        for (var i = 1; i < ManageAddresses.TriesMax; i++) Assert.Equal("address_code_wrong", (await Assert.ThrowsAsync<Problem>(() => manage.VerifyAsync("email", new AddressCodeRequest(wrong), ada, Stop))).Code.Code);
        // Nobody else's, and not a number too late.
        await Assert.ThrowsAsync<Problem>(() => manage.VerifyAsync("email", new AddressCodeRequest(code), house.As("bob"), Stop));
        Assert.Equal("verified", (await manage.VerifyAsync("email", new AddressCodeRequest(code), ada, Stop)).Value!.State);
        Assert.Equal("ada@example.com", Assert.Single(await house.Get<TargetStore>().OfAsync("demo", "ada", Stop)).Address);
        await Assert.ThrowsAsync<Problem>(() => manage.VerifyAsync("email", new AddressCodeRequest(code), ada, Stop));

        await manage.AskAsync("email", new AddressRequest("new@example.com"), ada, Stop);
        Assert.Empty(await house.Get<TargetStore>().OfAsync("demo", "ada", Stop));
        var next = System.Text.RegularExpressions.Regex.Match(server.Taken.Last().Text, "Subject: ([0-9]{8})").Groups[1].Value;
        house.Clock.Advance(TimeSpan.FromMinutes(11));
        await Assert.ThrowsAsync<Problem>(() => manage.VerifyAsync("email", new AddressCodeRequest(next), ada, Stop));
        server.Answers["rcpt"] = "450 busy";
        Assert.Equal("address_code_not_sent", (await Assert.ThrowsAsync<Problem>(() => manage.AskAsync("email", new AddressRequest("new@example.com"), ada, Stop))).Code.Code);
        for (var i = 0; i < 2; i++) await Record.ExceptionAsync(() => manage.AskAsync("email", new AddressRequest("new@example.com"), ada, Stop));
        Assert.Equal("rate_limited", (await Assert.ThrowsAsync<Problem>(() => manage.AskAsync("email", new AddressRequest("new@example.com"), ada, Stop))).Code.Code);
    }

    [Fact]
    public async Task A_tenants_template_is_checked_when_it_is_saved_and_falls_back_when_it_fails()
    {
        await using var server = new SmtpFaults();
        await using var house = await StartAsync(server);
        var manage = house.Get<ManageTemplates>();
        var response = new Microsoft.AspNetCore.Http.DefaultHttpContext().Response;
        foreach (var bad in new[] { "{{ nobody }}", "{{ notification.title | nothing }}", "{% if %}", "{{ 'x' " })
            Assert.Equal("template_refused", (await Assert.ThrowsAsync<Problem>(() => manage.PutAsync("notification", new TemplateRequest("s", bad, "h"), house.As("ada"), 0, response, Stop))).Code.Code);
        // Of two at once one wins.
        await manage.PutAsync("notification", new TemplateRequest("Own: {{ notification.title }}", "{% if notification.count > 100 %}{{ nobody }}{% endif %}t", "h"), house.As("ada"), 0, response, Stop);
        Assert.Equal("version_mismatch", (await Assert.ThrowsAsync<Problem>(() => manage.PutAsync("notification", new TemplateRequest("s", "t", "h"), house.As("ada"), 0, response, Stop))).Code.Code);
        await DeliveryContract.QueueAsync(house);
        await SendAsync(house);
        Assert.Contains("Subject: Own: Disk full", Assert.Single(server.Taken).Text, StringComparison.Ordinal);
        // What was never true while it was tried fails now, and the message goes out all the same.
        await DeliveryContract.QueueAsync(house);
        await house.Db.WriteAsync("demo", work => work.ExecuteAsync($"UPDATE notifications SET count = 101 WHERE tenant = 'demo'"), Stop);
        Assert.Equal(DeliveryStates.Delivered, (await SendAsync(house)).State);
        Assert.Contains("Subject: Disk full", server.Taken.Last().Text, StringComparison.Ordinal);
    }

    private async Task<NotificationHouse> StartAsync(SmtpFaults server, string user = "")
    {
        var house = await NotificationHouse.StartAsync(databases, "sqlite", set: options => options with { SmtpUrl = $"smtp://{user}127.0.0.1:{server.Port}", SmtpFrom = "soma@example.com" });
        await house.AddPersonAsync("ada");
        await house.AddAddressAsync("ada", NotificationChannels.Email, "ada@example.com");
        return house;
    }

    /// <summary>One attempt of what is due.</summary>
    private static async Task<LedgerRow> SendAsync(NotificationHouse house)
    {
        var row = Assert.Single(await DeliveryContract.ClaimAsync(house, "one"));
        await house.Get<SendDelivery>().RunAsync(house.Get<EmailChannel>(), row, Stop);
        return await DeliveryContract.FindAsync(house, row.Id);
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (!holds()) await timer.WaitForNextTickAsync(Stop);
    }
}
