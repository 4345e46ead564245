using SomaStack.Governance.Settings.Contracts;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Notifications;

/// <summary>The ledger: each delivery is taken by one worker, each attempt is written down, and nothing is lost; on both databases.</summary>
public sealed class DeliveryContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Of_two_replicas_each_takes_what_the_other_has_not(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await using var other = await NotificationHouse.StartAsync(databases, name, house);
        for (var i = 0; i < 40; i++) await QueueAsync(house, target: "t" + i);
        var taken = new List<LedgerRow>();
        for (var round = 0; round < 20 && taken.Count < 40; round++)
        {
            var both = await Task.WhenAll(Task.Run(() => ClaimAsync(house, "one", limit: 5), Stop), Task.Run(() => ClaimAsync(other, "two", limit: 5), Stop));
            taken.AddRange(both.SelectMany(static rows => rows));
        }
        Assert.Equal((40, 40), (taken.Count, taken.Select(static row => row.Id).Distinct().Count()));
        Assert.Empty(await ClaimAsync(house, "one"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_backlog_of_one_target_or_tenant_leaves_room_for_the_others(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        for (var i = 0; i < 50; i++) await QueueAsync(house, target: "slow");
        await QueueAsync(house, target: "quick");
        await QueueAsync(house, target: "elsewhere", tenant: "other");
        var first = await ClaimAsync(house, "one", limit: 10);
        Assert.Equal(["elsewhere", "quick", "slow", "slow"], first.Select(static row => row.Target).Order());
        await QueueAsync(house, target: "late");
        var lanes = new Lanes();
        foreach (var row in first) lanes.Enter(row.Tenant, row.Target);
        var now = house.Now;
        var next = await house.Get<DeliveryStore>().ClaimAsync(lanes.Ask("email", "one"), now, now.AddMinutes(2), Stop);
        Assert.Equal(["late"], next.Select(static row => row.Target));
        // Whoever has nothing running is served before whoever waits longer.
        await QueueAsync(house, target: "older");
        house.Clock.Advance(TimeSpan.FromMinutes(1));
        await QueueAsync(house, target: "newer", tenant: "third");
        var fair = await house.Get<DeliveryStore>().ClaimAsync(lanes.Ask("email", "one") with { Limit = 1 }, house.Now, house.Now.AddMinutes(2), Stop);
        Assert.Equal(["newer"], fair.Select(static row => row.Target));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_a_dead_worker_held_is_taken_again_and_its_attempt_is_called_lost(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        var id = await QueueAsync(house);
        var lost = Assert.Single(await ClaimAsync(house, "one"));
        Assert.Empty(await ClaimAsync(house, "two"));
        house.Clock.Advance(TimeSpan.FromMinutes(3));
        var again = Assert.Single(await ClaimAsync(house, "two"));
        Assert.Equal((id, 2L), (again.Id, again.Attempt));
        // The first comes back late: it has lost the right to speak.
        await house.Get<EndAttempt>().RunAsync(lost, DeliveryOutcome.Refused("late"), TimeSpan.Zero, Stop);
        Assert.Equal(DeliveryStates.Running, (await FindAsync(house, id)).State);
        await house.Get<EndAttempt>().RunAsync(again, DeliveryOutcome.Delivered(250), TimeSpan.FromMilliseconds(12), Stop);
        Assert.Equal(DeliveryStates.Delivered, (await FindAsync(house, id)).State);
        var attempts = await house.Get<DeliveryStore>().AttemptsAsync("demo", id, Stop);
        Assert.Equal([(1L, "lost", null), (2L, "delivered", 250L)], attempts.Select(static one => (one.Attempt, one.Outcome, one.Status)));
        Assert.Equal(TimeSpan.FromMilliseconds(12), attempts[1].Took);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_worker_that_starts_again_has_its_own_back_at_once(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await QueueAsync(house);
        Assert.Single(await ClaimAsync(house, "one"));
        Assert.Equal(0, await house.Get<DeliveryStore>().AbandonAsync("two", Stop));
        Assert.Equal(1, await house.Get<DeliveryStore>().AbandonAsync("one", Stop));
        Assert.Single(await ClaimAsync(house, "one"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task After_three_days_it_is_given_up_and_can_be_replayed(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        var id = await QueueAsync(house);
        var attempts = 0;
        for (; (await FindAsync(house, id)).State == DeliveryStates.Waiting; attempts++)
        {
            var due = (await FindAsync(house, id)).DueAt;
            if (due > house.Now) house.Clock.SetUtcNow(due);
            var row = Assert.Single(await ClaimAsync(house, "one"));
            await house.Get<EndAttempt>().RunAsync(row, DeliveryOutcome.Retry("It is busy.", null, 451), TimeSpan.Zero, Stop);
        }
        Assert.InRange(attempts, 8, 11);
        var dead = await FindAsync(house, id);
        Assert.Equal((DeliveryStates.Dead, "It is busy."), (dead.State, dead.LastError));
        Assert.True(dead.EndedAt - dead.CreatedAt <= DeliveryStore.GiveUpAfter);
        Assert.Contains(id, Assert.Single(await house.JournalAsync(ChannelEvents.Dead)), StringComparison.Ordinal);
        Assert.Equal([id], await house.Get<DeliveryStore>().DeadOfAsync("demo", "ada@example.com", 10, Stop));
        Assert.Equal(1, await house.Get<ReplayDelivery>().RunAsync(house.As("ada"), [id], Stop));
        Assert.Equal(0, await house.Get<ReplayDelivery>().RunAsync(house.As("ada"), [id], Stop));
        Assert.Equal(0, await house.Get<ReplayDelivery>().RunAsync(house.As("ada", "other"), [id], Stop));
        Assert.Equal(attempts + 1, Assert.Single(await ClaimAsync(house, "one")).Attempt);
        Assert.Single(await house.JournalAsync(ChannelEvents.Replayed));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_address_that_is_gone_is_switched_off_and_its_person_is_told(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        await house.AddPersonAsync("ada");
        await house.AddAddressAsync("ada", NotificationChannels.Email, "ada@example.com");
        await QueueAsync(house);
        var row = Assert.Single(await ClaimAsync(house, "one"));
        await house.Get<EndAttempt>().RunAsync(row, DeliveryOutcome.Disabled("The mail server answered 550.", 550), TimeSpan.Zero, Stop);
        Assert.Equal(DeliveryStates.Refused, (await FindAsync(house, row.Id)).State);
        Assert.Empty(await house.Get<TargetStore>().OfAsync("demo", "ada", Stop));
        Assert.Single(await house.SeenAsync("ada"), static item => item.Notification.Title.Contains("switched off", StringComparison.Ordinal));
        // The journal names no address.
        Assert.DoesNotContain("@", Assert.Single(await house.JournalAsync(ChannelEvents.TargetDisabled)), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Everybody_reads_his_own_and_an_administrator_the_tenants(string name)
    {
        await using var house = await NotificationHouse.StartAsync(databases, name);
        var mine = await QueueAsync(house);
        var theirs = await QueueAsync(house, target: "bob@example.com", principal: "bob");
        await QueueAsync(house, tenant: "other");
        var plain = house.As("ada", held: CapabilitySet.None);
        var read = house.Get<ReadDeliveries>();
        Assert.Equal([mine], (await read.ListAsync(plain, new DeliveryFilter(), null, null, Stop)).Value!.Data.Select(static one => one.Id));
        Assert.Equal("delivery_unknown", (await Assert.ThrowsAsync<Problem>(() => read.GetAsync(plain, theirs, Stop))).Code.Code);
        var all = (await read.ListAsync(house.As("ada"), new DeliveryFilter(), null, null, Stop)).Value!.Data;
        Assert.Equal(new[] { theirs, mine }.OrderDescending(StringComparer.Ordinal), all.Select(static one => one.Id));
        Assert.Equal("b\u2026@example.com", all.Single(one => one.Id == theirs).Target);
        Assert.Equal("ada@example.com", all.Single(one => one.Id == mine).Target);
        Assert.Equal([theirs], (await read.ListAsync(house.As("ada"), new DeliveryFilter(Target: "bob@example.com"), null, null, Stop)).Value!.Data.Select(static one => one.Id));
        var page = (await read.ListAsync(house.As("ada"), new DeliveryFilter(), null, 1, Stop)).Value!;
        Assert.Equal([all[1].Id], (await read.ListAsync(house.As("ada"), new DeliveryFilter(), page.NextCursor, 1, Stop)).Value!.Data.Select(static one => one.Id));
    }

    internal static async Task<string> QueueAsync(NotificationHouse house, string target = "ada@example.com", string tenant = "demo", string principal = "ada", string channel = "email")
    {
        var notification = (await house.PublishAsync(new NotificationDraft(NotificationKinds.Alert, "warning", "Disk full", "Of host 7.", Audience.Tenant), tenant)).Id;
        await house.Db.WriteAsync(tenant, work => DeliveryStore.QueueAsync(work, new NewDelivery(tenant, notification, "", principal, channel, target, house.Now, "now"), house.Now), Stop);
        return (await house.Get<DeliveryStore>().ListAsync(tenant, null, new DeliveryFilter(Notification: notification), null, 1, Stop)).Single().Id;
    }

    internal static Task<List<LedgerRow>> ClaimAsync(NotificationHouse house, string owner, int limit = 100, string channel = "email") =>
        house.Get<DeliveryStore>().ClaimAsync(new ClaimAsk(channel, owner, limit, Lanes.TargetMax, 50, [""], [""], [""]), house.Now, house.Now.AddMinutes(2), Stop);

    internal static async Task<LedgerRow> FindAsync(NotificationHouse house, string id) => (await house.Get<DeliveryStore>().FindAsync("demo", id, Stop))!;
}
