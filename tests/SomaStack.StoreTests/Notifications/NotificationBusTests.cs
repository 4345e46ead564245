using System.Text;
using Confluent.Kafka;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Operations.Notifications;
using SomaStack.Operations.Notifications.Contracts;
using SomaStack.Platform;
using SomaStack.Server;
using SomaStack.StoreTests.JournalTests;

namespace SomaStack.StoreTests.Notifications;

/// <summary>Events of rooms over both buses, and messages of other programs over real sockets.</summary>
public sealed class NotificationBusTests(Databases databases)
{
    private readonly string _run = Ids.New();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Buses => new TheoryData<string, string> { { "sqlite", "journal" }, { "postgres", "journal" }, { "sqlite", "kafka" }, { "postgres", "kafka" } }.Marked();

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Buses))]
    public async Task An_event_of_a_room_is_told_once_whichever_bus_brings_it(string name, string kind)
    {
        await using var setup = await OpenAsync(name);
        await using var house = await NotificationHouse.StartAsync(databases, name, null, setup.Url);
        var tenant = "t-" + _run;
        await house.AddPersonAsync("bob", tenant, Capability.ApprovalDecide);
        await using (var bus = await BusHarness.StartAsync(setup, kind))
        {
            // The topics keep what other tests published.
            bus.Deliver("test.rules." + _run, EventRules.Types, (line, work, _) => line.Tenant == tenant ? house.Get<RoomEvents>().TakeAsync(line, work) : Task.CompletedTask);
            for (var i = 0; i < 3; i++)
                await house.Db.WriteAsync(tenant, work => house.Get<IApprovals>().ProposeAsync(work, house.As("ada", tenant), new ApprovalRequest("tool.call", $"shell/{i}", "{}", "c", 1, $"Run {i}?")), Stop);
            await JournalSetup.UntilAsync(async () => (await house.SeenAsync("bob", 0, tenant)).Count == 3, "three notifications", () => Task.FromResult(bus.State));
        }
        Assert.Equal(["Run 0?", "Run 1?", "Run 2?"], (await house.SeenAsync("bob", 0, tenant)).Select(static item => item.Notification.Body));
        Assert.Equal(3, (await house.JournalAsync(NotificationEvents.Published, tenant)).Count);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_message_on_the_topic_is_told_and_a_wrong_one_is_a_dead_letter_that_operators_hear_of(string name)
    {
        await using var setup = await OpenAsync(name);
        await using var house = await NotificationHouse.StartAsync(databases, name, null, setup.Url);
        await using var bus = await BusHarness.StartAsync(setup, "kafka");
        bus.Deliver("test.foreign." + _run, [NotificationEvents.Published], static (_, _, _) => Task.CompletedTask, (message, cancellationToken) =>
            Encoding.UTF8.GetString(message.Value).Contains(_run, StringComparison.Ordinal) ? house.Get<ForeignNotifications>().TakeAsync(message, cancellationToken) : Task.FromResult<string?>(null));
        using (var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig { BootstrapServers = await KafkaBroker.AddressAsync("kafka") }).SetLogHandler(static (_, _) => { }).Build())
        {
            var valid = $$$"""{"tenant_id":"demo","type":"success","message":"Backup done","metadata":{"run":"{{{_run}}}"}}""";
            foreach (var (text, id) in new[]
            {
                (valid, "first"), (valid, "first"), (valid, "second"), (valid.Replace("demo", "other", StringComparison.Ordinal), "third"), (valid.Replace("{\"tenant", "{\"version\":\"v7\",\"tenant", StringComparison.Ordinal), "fourth"),
                ("no JSON " + _run, "fifth"),
            }) await producer.ProduceAsync(KafkaBroker.Prefix + "notifications.events", new Message<string, byte[]> { Key = "any", Value = Encoding.UTF8.GetBytes(text), Headers = new Headers { { "ce_id", Encoding.UTF8.GetBytes(id + _run) } } }, Stop);
        }
        await JournalSetup.UntilAsync(async () => (await setup.DeadLetters().ListAsync("", 50, Stop)).Count == 3, "three dead letters", () => Task.FromResult(bus.State));
        await JournalSetup.UntilAsync(async () => (await house.SeenAsync("ada")).Count == 2, "two notifications", () => Task.FromResult(bus.State));
        var reasons = (await setup.DeadLetters().ListAsync("", 50, Stop)).ConvertAll(static letter => letter.Reason);
        foreach (var reason in new[] { "no tenant", "version is 'v7'", "no JSON object" }) Assert.Contains(reasons, text => text.Contains(reason, StringComparison.Ordinal));
        Assert.Equal(3, (await house.JournalAsync(DeadLettered.Type, Db.AllTenants)).Count);
    }

    private async Task<JournalSetup> OpenAsync(string name)
    {
        var setup = await JournalSetup.OpenAsync(databases, name);
        await Migrator.RunAsync(setup.Db, SomaServer.Rooms, TimeProvider.System, Stop);
        return setup;
    }
}
