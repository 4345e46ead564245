using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Notifications;

/// <summary>Timers that plan, escalate and gather, done once by whichever replica; on both databases.</summary>
public sealed class PlanningContract(Databases databases)
{
    private static readonly NotificationPreferences Loud = new([.. NotificationChannels.All.Select(static channel => new ChannelPreference(channel))]);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Each_person_is_reached_where_and_when_he_wants(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        foreach (var person in new[] { "ada", "bob", "eve", "zoe" }) await house.AddPersonAsync(person);
        await house.AddAddressAsync("ada", "email", "ada@example.org");
        await house.AddAddressAsync("bob", "sms", "+41790000000");
        await house.AddAddressAsync("zoe", "email", "zoe@example.org");
        await house.PreferAsync("ada", Loud);
        // At noon in Zürich it is night for whoever sleeps by day.
        await house.PreferAsync("bob", Loud with { QuietHours = new QuietHours("12:00", "15:00", "Europe/Zurich") });
        await house.PublishAsync(InboxContract.Some("Hello"));
        await house.RunTimersAsync();
        // Zoe has an address and the product's preferences: in the console only.
        Assert.Equal(["ada email ada@example.org now 0", "bob sms +41790000000 quiet_hours 120"], await house.LedgerAsync());
        await house.RunTimersAsync();
        Assert.Equal(2, (await house.LedgerAsync()).Count);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Many_people_are_planned_in_batches_and_two_replicas_plan_each_once(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await using var beside = await NotificationHouse.StartAsync(databases, name, house);
        const int people = PlanDeliveries.Batch + 30;
        for (var i = 0; i < people; i++) await house.AddPersonAsync($"p{i:000}");
        for (var i = 0; i < people; i += 10) await house.AddAddressAsync($"p{i:000}", "email", $"p{i:000}@example.org");
        await house.PreferAsync("", Loud);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(i => house.PublishAsync(InboxContract.Some($"n{i}"))));
        await Task.WhenAll(Task.Run(house.RunTimersAsync, Stop), Task.Run(beside.RunTimersAsync, Stop));
        await house.RunTimersAsync();
        var ledger = await house.LedgerAsync();
        Assert.Equal(5 * (people / 10), ledger.Count);
        Assert.All(ledger.GroupBy(static line => line), static group => Assert.Equal(5, group.Count()));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_replica_that_dies_with_a_timer_leaves_it_to_the_next(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await house.AddPersonAsync("ada");
        await house.AddAddressAsync("ada", "email", "ada@example.org");
        await house.PreferAsync("ada", Loud);
        await house.PublishAsync(InboxContract.Some("Hello"));
        var timers = house.Get<TimerStore>();
        var taken = await timers.ClaimAsync("dead", house.Now.ToMicros(), house.Now.AddSeconds(60).ToMicros(), 10, Stop);
        Assert.Equal(TimerKinds.Plan, taken.Single().Kind);
        await house.RunTimersAsync();
        Assert.Empty(await house.LedgerAsync());
        house.Clock.Advance(TimeSpan.FromSeconds(60));
        await house.RunTimersAsync();
        Assert.Single(await house.LedgerAsync());
        // The dead one comes back and commits nothing: the timer is no longer its own.
        await house.Get<PlanDeliveries>().RunAsync(taken.Single(), "dead", Stop);
        Assert.Single(await house.LedgerAsync());
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Nobody_takes_charge_so_more_people_hear_of_it(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await house.AddPersonAsync("ada");
        await house.AddPersonAsync("boss", "demo", Capability.TenantAdmin);
        await house.AddPersonAsync("root", "demo", Capability.PlatformAdmin);
        await house.AddAddressAsync("boss", "email", "boss@example.org");
        await house.PreferAsync("", Loud);
        var one = await house.PublishAsync(InboxContract.Some("Down") with { Severity = "error", RequiresAck = true, Audience = Audience.Of("ada") });
        var two = await house.PublishAsync(InboxContract.Some("Up") with { Severity = "error", RequiresAck = true, Audience = Audience.Of("ada") });
        house.Clock.Advance(TimeSpan.FromMinutes(29));
        await house.RunTimersAsync();
        Assert.Empty(await house.SeenAsync("boss"));
        await house.Get<MarkNotification>().AcknowledgeAsync(house.As("ada"), two.Id, Stop);
        house.Clock.Advance(TimeSpan.FromMinutes(1));
        await house.RunTimersAsync();
        Assert.Equal(["boss email boss@example.org escalation 0"], await house.LedgerAsync());
        var seen = (await house.SeenAsync("boss")).Single();
        Assert.Equal((one.Id, true), (seen.Notification.Id, seen.Notification.Sequence > two.Sequence));
        // A feed that was past it gets it again.
        Assert.Equal(one.Id, (await house.SeenAsync("ada", two.Sequence)).Single().Notification.Id);
        Assert.Empty(await house.SeenAsync("root"));
        house.Clock.Advance(TimeSpan.FromMinutes(60));
        await house.RunTimersAsync();
        Assert.Single(await house.SeenAsync("root"));
        house.Clock.Advance(TimeSpan.FromDays(1));
        await house.RunTimersAsync();
        Assert.Equal(2, (await house.JournalAsync(NotificationEvents.Escalated)).Count);
        Assert.Equal(0, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM notification_timers WHERE tenant = {"demo"}", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_gathers_is_one_digest_a_day_at_its_hour(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await house.AddPersonAsync("ada");
        await house.AddAddressAsync("ada", "email", "ada@example.org");
        await house.PreferAsync("ada", Loud with { Digest = new DigestPreference("18:00", "Europe/Zurich", "error") });
        for (var i = 0; i < 3; i++) await house.PublishAsync(InboxContract.Some($"n{i}"));
        await house.RunTimersAsync();
        Assert.Empty(await house.LedgerAsync());
        house.Clock.Advance(TimeSpan.FromHours(5) - TimeSpan.FromSeconds(1));
        await house.RunTimersAsync();
        Assert.Empty(await house.LedgerAsync());
        house.Clock.Advance(TimeSpan.FromSeconds(1));
        await house.RunTimersAsync();
        Assert.Equal(["ada email ada@example.org digest 0"], await house.LedgerAsync());
        var id = (await house.Db.QueryAsync("demo", static reader => reader.GetString(0), $"SELECT digest FROM notification_deliveries WHERE tenant = {"demo"}", Stop)).Single();
        var digest = await house.Get<DigestStore>().FindAsync("demo", id, Stop);
        Assert.Equal(("ada", new DateOnly(2026, 11, 28), "n0, n1, n2", 0L), (digest!.Principal, digest.Day, string.Join(", ", digest.Items.Select(static item => item.Title)), digest.Left));
        await house.PublishAsync(InboxContract.Some("tomorrow"));
        house.Clock.Advance(TimeSpan.FromHours(1));
        await house.RunTimersAsync();
        Assert.Single(await house.LedgerAsync());
        house.Clock.Advance(TimeSpan.FromHours(23));
        await house.RunTimersAsync();
        Assert.Equal(2, (await house.LedgerAsync()).Count);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_over_is_not_sent(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await house.AddPersonAsync("ada");
        await house.AddAddressAsync("ada", "email", "ada@example.org");
        await house.PreferAsync("ada", Loud);
        await house.PublishAsync(InboxContract.Some("decided") with { Subject = "approval/1" });
        await house.PublishAsync(InboxContract.Some("expired") with { ExpiresAt = house.Now });
        await house.Db.WriteAsync("demo", work => NotificationStore.ResolveAsync(work, "demo", "approval/1", "approved", house.Now.ToMicros()), Stop);
        await house.RunTimersAsync();
        Assert.Empty(await house.LedgerAsync());
    }
}
