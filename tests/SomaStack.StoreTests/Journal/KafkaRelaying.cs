using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Platform;

namespace SomaStack.StoreTests.JournalTests;

public sealed class KafkaRelaying(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_line_is_a_cloud_event_in_binary_mode_and_comes_back_whole()
    {
        await using var setup = await JournalSetup.OpenAsync(databases, "sqlite");
        var position = await setup.AppendAsync("text \u00e4\U0001F98A", tenant: "acme");
        var line = (await setup.Reader.FindAsync("acme", position, Stop))!;
        var message = KafkaEvent.Of(line);
        Assert.Equal("acme", message.Key);
        Assert.Equal(line.Data, Encoding.UTF8.GetString(message.Value));
        foreach (var (name, value) in new[] { ("ce_specversion", "1.0"), ("ce_id", line.Id), ("ce_type", line.Type), ("ce_subject", line.Subject), ("ce_tenant", "acme"), ("content-type", "application/json") })
            Assert.Equal(value, Encoding.UTF8.GetString(message.Headers.GetLastBytes(name)));
        var back = KafkaEvent.Read(message)!;
        Assert.Equal(line with { Seal = [] }, back with { Seal = [] });
        Assert.Equal(line.Seal, back.Seal);
        message.Headers.Remove("ce_id");
        Assert.Null(KafkaEvent.Read(message));
    }

    [Fact]
    public void The_roadmaps_topics_carry_the_events_they_were_meant_for()
    {
        Assert.Equal("constitution.updated", KafkaTopics.Of("somastack.constitution.updated.v1"));
        Assert.Equal("settings.changed", KafkaTopics.Of("somastack.settings.changed.v1"));
        Assert.Equal("constitution.updated", KafkaTopics.Of("somastack.constitution.overlay_changed.v1"));
        Assert.Equal("settings.changed", KafkaTopics.Of("somastack.settings.notification_preferences_changed.v1"));
        Assert.Equal("mode.changed", KafkaTopics.Of("somastack.settings.mode_changed.v1"));
        Assert.Equal("slm.requests", KafkaTopics.Of("somastack.inference.call_opened.v1"));
        Assert.Equal("slm.requests", KafkaTopics.Of("somastack.inference.request_queued.v1"));
        Assert.Equal("slm.responses", KafkaTopics.Of("somastack.inference.request_completed.v1"));
        Assert.Equal("slm.metrics", KafkaTopics.Of("somastack.inference.call_settled.v1"));
        Assert.Equal("notifications.events", KafkaTopics.Of("somastack.notifications.alert.v1"));
        Assert.Equal("somastack.events", KafkaTopics.Of("somastack.sessions.started.v1"));
    }

    [Fact]
    public async Task An_unreachable_broker_stops_nothing_and_is_named()
    {
        await using var setup = await JournalSetup.OpenAsync(databases, "sqlite");
        var lease = setup.Lease();
        await lease.TakeAsync(Stop);
        using var relay = new KafkaRelay(setup.Db, setup.Journal, setup.Reader, lease, setup.Options with { Kafka = "127.0.0.1:1" }, TimeProvider.System, NullLogger<KafkaRelay>.Instance);
        using var stop = new CancellationTokenSource();
        var running = relay.RunAsync(stop.Token);
        await setup.AppendAsync("waits in the journal");
        await JournalSetup.UntilAsync(() => Task.FromResult(relay.Trouble is not null), "the trouble to be named");
        await stop.CancelAsync();
        await running;
        lease.Dispose();
        Assert.Equal(JournalPoint.Start, await Place.FindAsync(setup.Db, KafkaRelay.Consumer, Stop));
    }

    /// <summary>Two relays that both believe that it is their turn, and one that starts anew, put earlier lines behind later ones.</summary>
    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task Lines_of_publishers_that_cross_each_other_take_effect_once_and_in_order(string name)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        var type = $"somastack.test.{Ids.New()}.v1";
        for (var i = 0; i < 12; i++) await setup.AppendAsync($"{i}", type: type);
        var lines = await setup.Reader.ReadAsync(JournalPoint.Start, new JournalPoint(long.MaxValue, long.MaxValue), 20, Stop);
        using (var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig { BootstrapServers = await KafkaBroker.AddressAsync("kafka"), EnableIdempotence = true }).SetLogHandler(static (_, _) => { }).Build())
            foreach (var i in new[] { 0, 1, 0, 2, 1, 3, 4, 2, 5, 6, 3, 4, 7, 5, 0, 1, 8, 9, 6, 10, 7, 8, 11, 9 }) await producer.ProduceAsync(KafkaBroker.Prefix + KafkaTopics.Of(type), KafkaEvent.Of(lines[i]), Stop);

        var options = setup.Options with { Kafka = await KafkaBroker.AddressAsync("kafka"), KafkaPrefix = KafkaBroker.Prefix };
        var bus = new KafkaBus(setup.Db, setup.Delivery(), setup.DeadLetters(), options, TimeProvider.System, NullLogger<KafkaBus>.Instance) { SessionTimeoutMs = 6000 };
        using var stop = new CancellationTokenSource();
        var running = bus.DeliverAsync(new Subscription("test.crossing." + type, [type], async (line, work, _) =>
        {
            // A row for each effect: nothing but the bus keeps a line from a second one.
            var number = await work.NumberAsync($"SELECT COUNT(*) FROM sample WHERE tenant = {line.Tenant}");
            await work.ExecuteAsync($"INSERT INTO sample (tenant, id, body, number) VALUES ({line.Tenant}, {Ids.New()}, {line.Id}, {number})");
        }), stop.Token);
        Task<List<string>> EffectsAsync() => setup.Db.QueryAsync("demo", static reader => reader.GetString(0), $"SELECT body FROM sample WHERE tenant = {"demo"} ORDER BY number", Stop);
        await JournalSetup.UntilAsync(async () => (await EffectsAsync()).Contains(lines[^1].Id), "the last line");
        await stop.CancelAsync();
        await running;
        Assert.Equal(lines.Select(line => line.Id), await EffectsAsync());
    }

    /// <summary>What a relay sends again after a crash meets the mark and has no second effect.</summary>
    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task Lines_that_come_again_are_skipped_and_only_the_new_ones_handled(string name)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        for (var i = 0; i < 4; i++) await setup.AppendAsync($"{i}");
        var lines = await setup.Reader.ReadAsync(JournalPoint.Start, new JournalPoint(long.MaxValue, long.MaxValue), 10, Stop);
        var handled = new List<string>();
        var subscription = new Subscription("test.marks", [lines[0].Type], (line, _, _) =>
        {
            handled.Add(line.Id);
            return Task.CompletedTask;
        });
        var delivery = setup.Delivery();
        var mark = new Mark("test.marks", "somastack.events/0", JournalPoint.Start);
        await delivery.HandleAsync(subscription, lines[..2], mark.ClaimAsync, Stop);
        await delivery.HandleAsync(subscription, lines[..2], mark.ClaimAsync, Stop);
        await delivery.HandleAsync(subscription, lines, mark.ClaimAsync, Stop);
        Assert.Equal(lines.Select(line => line.Id), handled);
        // Another partition has a mark of its own, and what the journal itself delivered before counts too.
        await delivery.HandleAsync(subscription, lines, new Mark("test.marks", "somastack.events/1", new JournalPoint(lines[^1].Transaction, lines[^1].Position)).ClaimAsync, Stop);
        Assert.Equal(4, handled.Count);
    }
}
