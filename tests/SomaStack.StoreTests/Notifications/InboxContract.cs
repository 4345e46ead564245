using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Notifications;

/// <summary>Who sees what, in which order, and what he did with it; on both databases.</summary>
public sealed class InboxContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_reader_that_follows_misses_nothing_whoever_commits_first(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        const int writers = 8, each = 15;
        var seen = new List<long>();
        var writing = Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < each; i++) await house.PublishAsync(Some($"{writer}/{i}"));
        }, Stop)));
        for (var done = false; ;)
        {
            done = writing.IsCompleted;
            var items = await house.SeenAsync("ada", seen.Count == 0 ? 0 : seen[^1]);
            seen.AddRange(items.Select(static item => item.Notification.Sequence));
            if (done && items.Count == 0) break;
        }
        await writing;
        Assert.Equal(writers * each, seen.Count);
        Assert.Equal(seen.Distinct().Order(), seen);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_same_within_its_window_is_one_with_a_count(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        var draft = Some("Disk full") with { DedupeKey = "disk/7" };
        var published = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => house.PublishAsync(draft), Stop)));
        Assert.Single(published, static one => !one.Repeated);
        Assert.Equal(Enumerable.Range(1, 10).Select(static count => (long)count), published.Select(static one => one.Count).Order());
        Assert.Equal(10, (await house.SeenAsync("ada")).Single().Notification.Count);
        Assert.Equal(9, (await house.JournalAsync(NotificationEvents.Repeated)).Count);
        house.Clock.Advance(TimeSpan.FromHours(1));
        Assert.False((await house.PublishAsync(draft)).Repeated);
        // Other keys and other tenants are something else.
        Assert.False((await house.PublishAsync(draft with { DedupeKey = "disk/8" })).Repeated);
        Assert.False((await house.PublishAsync(draft, "other")).Repeated);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_known_id_is_published_once(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        var first = await house.PublishAsync(Some("One") with { Id = "fixed" });
        var again = await house.PublishAsync(Some("Two") with { Id = "fixed" });
        Assert.Equal((first.Id, first.Sequence, true), (again.Id, again.Sequence, again.Repeated));
        Assert.Equal("One", (await house.SeenAsync("ada")).Single().Notification.Title);
        Assert.Single(await house.JournalAsync(NotificationEvents.Published));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Each_sees_what_is_meant_for_him_and_no_tenant_sees_another_s(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await house.AddPersonAsync("ada", "demo", "approval:decide", "tenant:admin");
        await house.AddPersonAsync("bob", "demo", "approval:decide");
        await house.AddPersonAsync("eve", "demo");
        await house.AddPersonAsync("ada", "other", "approval:decide");
        await house.PublishAsync(Some("all"));
        await house.PublishAsync(Some("bob") with { Audience = Audience.Of("bob", "nobody") });
        await house.PublishAsync(Some("deciders but ada") with { Audience = Audience.Holders(Capability.ApprovalDecide, "ada") });
        await house.PublishAsync(Some("admins") with { Audience = Audience.Holders(Capability.TenantAdmin) });
        await house.PublishAsync(Some("elsewhere"), "other");
        async Task<string> Titles(string principal, string tenant = "demo") => string.Join(", ", (await house.SeenAsync(principal, 0, tenant)).Select(static item => item.Notification.Title));
        Assert.Equal("all, admins", await Titles("ada"));
        Assert.Equal("all, bob, deciders but ada", await Titles("bob"));
        Assert.Equal("all", await Titles("eve"));
        // Whoever comes later has what went to everybody.
        Assert.Equal("all", await Titles("newcomer"));
        Assert.Equal("elsewhere", await Titles("ada", "other"));
        var hidden = (await house.SeenAsync("bob"))[1].Notification.Id;
        Assert.Null(await house.Get<NotificationStore>().FindAsync("demo", "eve", hidden, Stop));
        Assert.Null(await house.Get<NotificationStore>().FindAsync("other", "bob", hidden, Stop));
        var refusal = await Assert.ThrowsAsync<Problem>(() => house.Get<MarkNotification>().ReadAsync(house.As("eve"), hidden, true, Stop));
        Assert.Equal("notification_unknown", refusal.Code.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Read_unread_read_all_and_its_undo(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        var (mark, all) = (house.Get<MarkNotification>(), house.Get<ReadAllNotifications>());
        for (var i = 1; i <= 4; i++) await house.PublishAsync(Some($"n{i}"));
        var ids = (await house.SeenAsync("ada")).ConvertAll(static item => item.Notification.Id);
        await mark.ReadAsync(house.As("ada"), ids[0], true, Stop);
        Assert.Equal((3L, 0L), await house.CountsAsync("ada"));
        Assert.Equal(["n4", "n3", "n2"], await house.ListAsync("ada", "unread"));
        Assert.Equal(["n1"], await house.ListAsync("ada", "read"));
        house.Clock.Advance(TimeSpan.FromSeconds(1));
        var third = (await house.SeenAsync("ada"))[2].Notification.Sequence;
        var done = await all.RunAsync(house.As("ada"), new ReadAllNotifications.Request(third), Stop);
        Assert.Equal(["n4"], await house.ListAsync("ada", "unread"));
        house.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False((await mark.ReadAsync(house.As("ada"), ids[1], false, Stop)).Read);
        Assert.Equal(["n4", "n2"], await house.ListAsync("ada", "unread"));
        Assert.Equal(3, (await all.UndoAsync(house.As("ada"), new ReadAllNotifications.UndoRequest(done.Undo), Stop)).Unread);
        Assert.Equal(["n4", "n3", "n2"], await house.ListAsync("ada", "unread"));
        await Assert.ThrowsAsync<Problem>(() => all.UndoAsync(house.As("ada"), new ReadAllNotifications.UndoRequest(done.Undo), Stop));
        // Nobody else's list has changed, and a mark never goes back by itself.
        Assert.Equal(4, (await house.CountsAsync("bob")).Unread);
        house.Clock.Advance(TimeSpan.FromSeconds(1));
        await all.RunAsync(house.As("ada"), new ReadAllNotifications.Request(), Stop);
        house.Clock.Advance(TimeSpan.FromSeconds(1));
        await all.RunAsync(house.As("ada"), new ReadAllNotifications.Request(1), Stop);
        Assert.Equal((0L, 0L), await house.CountsAsync("ada"));
        await Assert.ThrowsAsync<Problem>(() => all.RunAsync(house.As("ada"), new ReadAllNotifications.Request(99), Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Attention_ends_with_the_acknowledgement_the_end_of_its_cause_or_its_time(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        var mark = house.Get<MarkNotification>();
        var first = await house.PublishAsync(Some("first") with { RequiresAck = true, Severity = "error" });
        await house.PublishAsync(Some("second") with { RequiresAck = true, Subject = "approval/1" });
        await house.PublishAsync(Some("third") with { RequiresAck = true, ExpiresAt = house.Now.AddMinutes(10) });
        Assert.Equal((3L, 3L), await house.CountsAsync("ada"));
        Assert.True((await mark.AcknowledgeAsync(house.As("ada"), first.Id, Stop)).Acknowledged);
        await mark.AcknowledgeAsync(house.As("ada"), first.Id, Stop);
        Assert.Equal(["third", "second"], await house.ListAsync("ada", "attention"));
        Assert.Equal((2L, 2L), await house.CountsAsync("ada"));
        // To others it still waits, but the first who took charge stands in the journal once, and nobody is pressed any more.
        Assert.Equal("ada", (await house.SeenAsync("bob"))[0].Notification.AcknowledgedBy);
        await mark.AcknowledgeAsync(house.As("bob"), first.Id, Stop);
        Assert.Single(await house.JournalAsync(NotificationEvents.Acknowledged));
        house.Clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal(["second"], await house.ListAsync("ada", "attention"));
        await house.Db.WriteAsync("demo", work => NotificationStore.ResolveAsync(work, "demo", "approval/1", "approved", house.Now.ToMicros()), Stop);
        Assert.Empty(await house.ListAsync("ada", "attention"));
        Assert.Equal(0, (await house.CountsAsync("ada")).Attention);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_snooze_hides_it_until_its_time_and_then_says_so(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        var mark = house.Get<MarkNotification>();
        var one = await house.PublishAsync(Some("later") with { RequiresAck = true });
        await house.RunTimersAsync();
        await mark.SnoozeAsync(house.As("ada"), one.Id, new MarkNotification.SnoozeRequest(house.Now.AddHours(1)), Stop);
        await mark.SnoozeAsync(house.As("ada"), one.Id, new MarkNotification.SnoozeRequest(house.Now.AddHours(2)), Stop);
        Assert.Equal((0L, 0L), await house.CountsAsync("ada"));
        Assert.Equal(["later"], await house.ListAsync("ada", "snoozed"));
        Assert.Equal((1L, 1L), await house.CountsAsync("bob"));
        house.Clock.Advance(TimeSpan.FromMinutes(61));
        await house.RunTimersAsync();
        Assert.Empty(await house.JournalAsync(NotificationEvents.Woken));
        house.Clock.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal((1L, 1L), await house.CountsAsync("ada"));
        await house.RunTimersAsync();
        Assert.Contains("\"ada\"", (await house.JournalAsync(NotificationEvents.Woken)).Single(), StringComparison.Ordinal);
        await Assert.ThrowsAsync<Problem>(() => mark.SnoozeAsync(house.As("ada"), one.Id, new MarkNotification.SnoozeRequest(house.Now.AddDays(32)), Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_mute_silences_a_group_but_not_what_waits_for_the_person(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        var mutes = house.Get<MuteNotifications>();
        await house.PublishAsync(Some("chatter") with { GroupKey = "costs" });
        await house.PublishAsync(Some("decide") with { GroupKey = "costs", RequiresAck = true });
        await house.PublishAsync(Some("other"));
        await mutes.RunAsync(house.As("ada"), new MuteNotifications.Request("group", "costs", house.Now.AddHours(1)), Stop);
        Assert.Equal((1L, 1L), await house.CountsAsync("ada"));
        Assert.Equal(["other"], await house.ListAsync("ada", "unread"));
        Assert.Equal(["decide", "chatter"], await house.ListAsync("ada", "muted"));
        Assert.Equal(3, (await house.CountsAsync("bob")).Unread);
        var groups = await house.Get<InboxReader>().GroupsAsync("demo", "ada", long.MaxValue, 10, house.Now.ToMicros(), Stop);
        Assert.Equal([(null, 1L, "other"), ("costs", 2L, "decide")], groups.Select(static group => (group.Group, group.Count, group.LatestTitle)));
        house.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(3, (await house.CountsAsync("ada")).Unread);
        await mutes.EndAsync(house.As("ada"), "group", "costs", Stop);
        await Assert.ThrowsAsync<Problem>(() => mutes.EndAsync(house.As("ada"), "group", "costs", Stop));
        await Assert.ThrowsAsync<Problem>(() => mutes.RunAsync(house.As("ada"), new MuteNotifications.Request("kind", "jokes"), Stop));
        for (var i = 0; i < MuteNotifications.MutesMax; i++) await mutes.RunAsync(house.As("ada"), new MuteNotifications.Request("group", $"g{i}"), Stop);
        Assert.Equal("notification_mutes_full", (await Assert.ThrowsAsync<Problem>(() => mutes.RunAsync(house.As("ada"), new MuteNotifications.Request("group", "more"), Stop))).Code.Code);
        await mutes.RunAsync(house.As("ada"), new MuteNotifications.Request("group", "g1", house.Now.AddDays(1)), Stop);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_is_old_goes_with_all_that_hangs_on_it_and_what_waits_stays(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await house.PublishAsync(Some("old") with { Audience = Audience.Tenant });
        await house.PublishAsync(Some("waits") with { RequiresAck = true });
        await house.PublishAsync(Some("elsewhere"), "other");
        await house.RunTimersAsync();
        await house.Db.WriteAsync("demo", async work =>
        {
            await DigestStore.BeginAsync(work, "demo", "d1", "ada", new DateOnly(2026, 11, 28), house.Now);
            await DeliveryStore.QueueAsync(work, new NewDelivery("demo", "", "d1", "ada", "email", "ada@example.org", house.Now, "digest"), house.Now);
        }, Stop);
        house.Clock.Advance(TimeSpan.FromDays(91));
        await house.PublishAsync(Some("new"));
        Assert.Equal(2, await house.Get<PurgeNotifications>().PurgeAsync(Stop));
        Assert.Equal(["new", "waits"], await house.ListAsync("ada"));
        Assert.Empty(await house.ListAsync("ada", "all", "other"));
        Assert.Equal(0, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM notification_digests WHERE tenant = {"demo"}", Stop));
        Assert.Equal(0, await house.Db.NumberAsync("demo", $"SELECT COUNT(*) FROM notification_deliveries WHERE tenant = {"demo"} AND digest = {"d1"}", Stop));
        Assert.Equal(0, await house.Get<PurgeNotifications>().PurgeAsync(Stop));
    }

    internal static NotificationDraft Some(string title) => new("alert", "warning", title, "", Audience.Tenant);
}
