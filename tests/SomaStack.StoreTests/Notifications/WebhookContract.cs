using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Notifications;

/// <summary>Endpoints from their creation to their end, over real HTTP, on both databases.</summary>
public sealed class WebhookContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task An_endpoint_gets_what_is_signed_with_the_secret_that_was_shown_once(string name)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var house = await StartAsync(name, receiver);
        var made = await CreateAsync(house, receiver.Url + "/hook?key=1");
        Assert.Equal((receiver.Url + "/\u2026", "tenant"), (made.Webhook.Url, made.Webhook.Scope));
        Assert.DoesNotContain(made.Secret, JsonSerializer.Serialize(await house.Get<WebhookStore>().FindAsync("demo", made.Webhook.Id, Stop)), StringComparison.Ordinal);
        var row = await SendAsync(house, made.Webhook.Id);
        Assert.Equal(DeliveryStates.Delivered, row.State);
        var got = Assert.Single(receiver.Got);
        Assert.Equal(("/hook", row.Id, "application/json"), (got.Path, got.Headers["webhook-id"], got.Headers["content-type"]));
        Assert.True(Verify(made.Secret, got));
        Assert.Equal(house.Now.ToUnixTimeSeconds(), long.Parse(got.Headers["webhook-timestamp"], CultureInfo.InvariantCulture));
        using var body = JsonDocument.Parse(got.Body);
        Assert.Equal(("notification.published", "Disk full"), (body.RootElement.GetProperty("type").GetString(), body.RootElement.GetProperty("data").GetProperty("title").GetString()));

        var next = (await house.Get<ManageWebhooks>().RotateAsync(made.Webhook.Id, new RotateWebhookRequest(60), house.As("ada"), Stop)).Value!;
        await SendAsync(house, made.Webhook.Id);
        Assert.True(Verify(made.Secret, receiver.Got.Last()) && Verify(next.Secret, receiver.Got.Last()));
        house.Clock.Advance(TimeSpan.FromSeconds(61));
        await SendAsync(house, made.Webhook.Id);
        Assert.True(!Verify(made.Secret, receiver.Got.Last()) && Verify(next.Secret, receiver.Got.Last()));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Gone_for_good_switches_it_off_and_administrators_hear_of_it(string name)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var house = await StartAsync(name, receiver);
        await house.AddPersonAsync("boss", "demo", Capability.TenantAdmin);
        await house.AddPersonAsync("ada");
        var made = await CreateAsync(house, receiver.Url);
        receiver.Always(410);
        Assert.Equal(DeliveryStates.Refused, (await SendAsync(house, made.Webhook.Id)).State);
        Assert.Empty(await house.Get<TargetStore>().OfAsync("demo", "", Stop));
        Assert.Contains(await house.ListAsync("boss"), static title => title.Contains("switched off", StringComparison.Ordinal));
        Assert.DoesNotContain(await house.ListAsync("ada"), static title => title.Contains("switched off", StringComparison.Ordinal));
        // What waits for it is not sent any more, until somebody switches it on again.
        receiver.Always(200);
        Assert.Equal(DeliveryStates.Refused, (await SendAsync(house, made.Webhook.Id)).State);
        Assert.Single(receiver.Got);
        var response = new DefaultHttpContext().Response;
        await house.Get<ManageWebhooks>().ChangeAsync(made.Webhook.Id, new ChangeWebhookRequest(Enabled: true), house.As("boss"), 2, response, Stop);
        Assert.Equal(DeliveryStates.Delivered, (await SendAsync(house, made.Webhook.Id)).State);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Whoever_asks_to_wait_is_waited_for(string name)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var house = await StartAsync(name, receiver);
        var made = await CreateAsync(house, receiver.Url);
        receiver.Always(503, "3600");
        var row = await SendAsync(house, made.Webhook.Id);
        Assert.Equal((DeliveryStates.Waiting, house.Now.AddHours(1)), (row.State, row.DueAt));
        house.Clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Empty(await ClaimAsync(house));
        house.Clock.Advance(TimeSpan.FromMinutes(1));
        receiver.Always(204);
        Assert.Equal(DeliveryStates.Delivered, (await RunAsync(house, Assert.Single(await ClaimAsync(house)))).State);
        Assert.Equal(receiver.Got.First().Headers["webhook-id"], receiver.Got.Last().Headers["webhook-id"]);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Five_days_of_failures_switch_it_off_and_one_success_begins_anew(string name)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var house = await StartAsync(name, receiver);
        var made = await CreateAsync(house, receiver.Url);
        async Task<string> OnDayAsync(int status, int day)
        {
            house.Clock.SetUtcNow(new DateTimeOffset(2026, 12, 1, 0, 0, 0, TimeSpan.Zero).AddDays(day));
            receiver.Always(status);
            return (await SendAsync(house, made.Webhook.Id)).State;
        }
        Assert.Equal("waiting", await OnDayAsync(500, 0));
        Assert.Equal("waiting", await OnDayAsync(500, 4));
        Assert.Equal("delivered", await OnDayAsync(200, 4));
        Assert.Null((await house.Get<WebhookStore>().FindAsync("demo", made.Webhook.Id, Stop))!.FailingSince);
        Assert.Equal("waiting", await OnDayAsync(500, 6));
        Assert.Equal("waiting", await OnDayAsync(500, 10));
        Assert.Equal("refused", await OnDayAsync(500, 11));
        Assert.Contains("nothing but failures", (await house.Get<WebhookStore>().FindAsync("demo", made.Webhook.Id, Stop))!.DisabledReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_turns_inward_is_not_called()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var inside = await Receiver.StartAsync();
        await using var house = await StartAsync("sqlite", receiver);
        var made = await CreateAsync(house, receiver.Url);
        receiver.Answer = http =>
        {
            http.Response.Redirect(inside.Url + "/admin");
            return Task.CompletedTask;
        };
        Assert.Equal(DeliveryStates.Waiting, (await SendAsync(house, made.Webhook.Id)).State);
        // As if its name had changed to an inner address after it was saved.
        await house.Db.WriteAsync("demo", work => work.ExecuteAsync($"UPDATE notification_webhooks SET url = {inside.Url} WHERE tenant = 'demo'"), Stop);
        var row = await SendAsync(house, made.Webhook.Id);
        Assert.Equal(DeliveryStates.Refused, row.State);
        Assert.Contains("not on the public internet", row.LastError, StringComparison.Ordinal);
        Assert.Empty(inside.Got);
        var tested = (await house.Get<TestWebhook>().RunAsync(made.Webhook.Id, house.As("ada"), Stop)).Value!;
        Assert.False(tested.Delivered);
        Assert.Empty(inside.Got);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Everybody_has_his_own_and_only_administrators_the_tenants(string name)
    {
        await using var receiver = await Receiver.StartAsync();
        await using var house = await StartAsync(name, receiver);
        var manage = house.Get<ManageWebhooks>();
        var (ada, bob) = (house.As("ada", held: CapabilitySet.None), house.As("bob", held: CapabilitySet.None));
        Assert.Equal("capability_missing", (await Assert.ThrowsAsync<Problem>(() => manage.CreateAsync(new CreateWebhookRequest(receiver.Url, "tenant"), ada, Stop))).Code.Code);
        var mine = (await manage.CreateAsync(new CreateWebhookRequest(receiver.Url, Kinds: ["alert"]), ada, Stop)).Value!.Webhook;
        var tenants = (await CreateAsync(house, receiver.Url)).Webhook;
        foreach (var (id, who) in new[] { (mine.Id, bob), (tenants.Id, ada), (mine.Id, house.As("ada", "other")) })
        {
            Assert.Equal("webhook_unknown", (await Assert.ThrowsAsync<Problem>(() => manage.FindAsync(who, id, Stop))).Code.Code);
            Assert.Equal("webhook_unknown", (await Assert.ThrowsAsync<Problem>(() => manage.RotateAsync(id, new RotateWebhookRequest(), who, Stop))).Code.Code);
            Assert.Equal("webhook_unknown", (await Assert.ThrowsAsync<Problem>(() => manage.DeleteAsync(id, who, Stop))).Code.Code);
        }
        Assert.Equal([mine.Id], (await manage.ListAsync(ada, null, null, Stop)).Value!.Data.Select(static one => one.Id));
        var target = Assert.Single(await house.Get<TargetStore>().OfAsync("demo", "ada", Stop));
        Assert.Equal((mine.Id, "alert"), (target.Address, target.Kinds.Single()));
        for (var i = 1; i < ManageWebhooks.EndpointsMax; i++) await manage.CreateAsync(new CreateWebhookRequest(receiver.Url), ada, Stop);
        Assert.Equal("webhook_limit", (await Assert.ThrowsAsync<Problem>(() => manage.CreateAsync(new CreateWebhookRequest(receiver.Url), ada, Stop))).Code.Code);
        await manage.DeleteAsync(mine.Id, ada, Stop);
        Assert.DoesNotContain("/hook", string.Concat(await house.JournalAsync(ChannelEvents.WebhookChanged)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_message_goes_as_a_form_of_twilios_shape()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var house = await StartAsync("sqlite", receiver);
        await house.AddPersonAsync("ada");
        await house.AddAddressAsync("ada", NotificationChannels.Sms, "+41791234567");
        var response = new DefaultHttpContext().Response;
        var saved = await house.Get<ManageConnectors>().PutAsync("sms", new ConnectorRequest(receiver.Url, "+15005550006", "AC1", "token"), house.As("ada"), 0, response, Stop);
        Assert.DoesNotContain("token", JsonSerializer.Serialize(saved.Value), StringComparison.Ordinal);
        receiver.Always(201);
        await DeliveryContract.QueueAsync(house, "+41791234567", channel: NotificationChannels.Sms);
        Assert.Equal(DeliveryStates.Delivered, (await RunAsync(house, Assert.Single(await ClaimAsync(house, NotificationChannels.Sms)))).State);
        var got = Assert.Single(receiver.Got);
        Assert.Equal(("/2010-04-01/Accounts/AC1/Messages.json", "Basic " + Convert.ToBase64String("AC1:token"u8)), (got.Path, got.Headers["authorization"]));
        Assert.Equal("To=%2B41791234567&From=%2B15005550006&Body=Disk+full%0AOf+host+7.", got.Body);

        // The number said STOP: it is not sent to any more.
        receiver.Answer = async http =>
        {
            http.Response.StatusCode = 400;
            await http.Response.WriteAsync("""{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}""", Stop);
        };
        await DeliveryContract.QueueAsync(house, "+41791234567", channel: NotificationChannels.Sms);
        Assert.Equal(DeliveryStates.Refused, (await RunAsync(house, Assert.Single(await ClaimAsync(house, NotificationChannels.Sms)))).State);
        Assert.Empty(await house.Get<TargetStore>().OfAsync("demo", "ada", Stop));
        // Another address without the secret: the old one does not go there.
        await house.Get<ManageConnectors>().PutAsync("sms", new ConnectorRequest("https://api.example.com", "+15005550006", "AC1"), house.As("ada"), 1, response, Stop);
        Assert.Null((await house.Get<ConnectorStore>().FindAsync("demo", "sms", Stop))!.Secret);
    }

    private Task<NotificationHouse> StartAsync(string name, Receiver receiver) => NotificationHouse.StartAsync(databases, name, set: options => options with { OutgoingAllow = [receiver.Url] });

    private static async Task<WebhookWithSecret> CreateAsync(NotificationHouse house, string url) =>
        (await house.Get<ManageWebhooks>().CreateAsync(new CreateWebhookRequest(url, "tenant"), house.As("ada"), Stop)).Value!;

    /// <summary>Queues one more and makes its first attempt.</summary>
    private static async Task<LedgerRow> SendAsync(NotificationHouse house, string endpoint)
    {
        var id = await DeliveryContract.QueueAsync(house, endpoint, principal: "", channel: NotificationChannels.Webhook);
        // Older ones may have become due as well.
        for (var found = false; !found;)
            foreach (var row in await ClaimAsync(house))
            {
                await RunAsync(house, row);
                found |= row.Id == id;
            }
        return await DeliveryContract.FindAsync(house, id);
    }

    private static Task<List<LedgerRow>> ClaimAsync(NotificationHouse house, string channel = NotificationChannels.Webhook) => DeliveryContract.ClaimAsync(house, "one", channel: channel);

    private static async Task<LedgerRow> RunAsync(NotificationHouse house, LedgerRow row)
    {
        await house.Get<SendDelivery>().RunAsync(row.Channel == NotificationChannels.Sms ? house.Get<SmsChannel>() : house.Get<WebhookChannel>(), row, Stop);
        return await DeliveryContract.FindAsync(house, row.Id);
    }

    /// <summary>As a receiver does it, by the specification and not by our code.</summary>
    private static bool Verify(string secret, Received got)
    {
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var mac = Convert.ToBase64String(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"{got.Headers["webhook-id"]}.{got.Headers["webhook-timestamp"]}.{got.Body}")));
        return got.Headers["webhook-signature"].Split(' ').Contains("v1," + mac);
    }
}
