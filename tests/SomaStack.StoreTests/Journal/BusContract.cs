using System.Collections.Concurrent;
using SomaStack.Platform;

namespace SomaStack.StoreTests.JournalTests;

/// <summary>What every bus must do for consumers, over every database.</summary>
public sealed class BusContract(Databases databases)
{
    /// <summary>A broker is shared between tests, and a real one with earlier runs: every test has its own type and consumers.</summary>
    private readonly string _run = Ids.New();

    private string Type => $"somastack.test.{_run}.v1";

    private string Count => "test.count." + _run;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Names
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var bus in new[] { "journal", "kafka", "kafka-server" })
                foreach (var name in new[] { "sqlite", "postgres" }) all.Add(name, bus);
            return all.Marked();
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Each_event_takes_effect_once_and_in_its_tenants_order(string name, string kind)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        await using var bus = await BusHarness.StartAsync(setup, kind);
        bus.Deliver(Count, [Type], CountAsync);
        await Task.WhenAll(Enumerable.Range(0, 100).Select(i => setup.AppendAsync($"{i}", i % 2 == 0 ? "a" : "b", Type)));
        await setup.AppendAsync("other", type: "somastack.test.other.v1");
        await UntilHandledAsync(setup, 100);
        foreach (var tenant in new[] { "a", "b" })
        {
            var appended = (await setup.Reader.ReadAsync(tenant, JournalPoint.Start, await setup.Reader.EndAsync(Stop), 200, Stop)).Select(line => line.Id);
            var handled = await setup.Db.QueryAsync(tenant, reader => reader.GetString(0), $"SELECT id FROM sample WHERE tenant = {tenant} ORDER BY number", Stop);
            Assert.Equal(appended, handled);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_consumer_goes_on_after_what_it_has_done(string name, string kind)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        for (var round = 1; round <= 3; round++)
        {
            await using var bus = await BusHarness.StartAsync(setup, kind);
            bus.Deliver(Count, [Type], CountAsync);
            await setup.AppendAsync($"round {round}", type: Type);
            await UntilHandledAsync(setup, round);
        }
        Assert.Equal(3, await setup.Db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM sample", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Two_replicas_together_handle_each_event_once(string name, string kind)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        // Both believe that they hold the lease, as after a long pause: the fence in the transaction must hold alone.
        await using var one = await BusHarness.StartAsync(setup, kind);
        await using var other = await BusHarness.StartAsync(setup, kind);
        one.Deliver(Count, [Type], CountAsync);
        other.Deliver(Count, [Type], CountAsync);
        for (var i = 0; i < 60; i++) await setup.AppendAsync($"{i}", type: Type);
        await UntilHandledAsync(setup, 60, one, other);
        // A second effect would have met the primary key, failed and become a dead letter.
        Assert.Empty(await setup.DeadLetters().ListAsync("", 10, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_failure_is_tried_again_and_leaves_no_half_effect(string name, string kind)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        await using var bus = await BusHarness.StartAsync(setup, kind);
        var tries = 0;
        bus.Deliver("test.flaky." + _run, [Type], async (line, work, cancellationToken) =>
        {
            await CountAsync(line, work, cancellationToken);
            if (Interlocked.Increment(ref tries) < 3) throw new InvalidOperationException("not yet");
        });
        await setup.AppendAsync("one", type: Type);
        await UntilHandledAsync(setup, 1);
        Assert.True(tries >= 3);
        Assert.Empty(await setup.DeadLetters().ListAsync("", 10, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_line_that_keeps_failing_becomes_a_dead_letter_and_can_be_replayed(string name, string kind)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        var broken = true;
        var subscriptions = new Subscriptions();
        subscriptions.On("test.poison." + _run, [Type], async (line, work, cancellationToken) =>
        {
            if (broken && line.Data.Contains("poison", StringComparison.Ordinal)) throw new InvalidOperationException("cannot digest");
            await CountAsync(line, work, cancellationToken);
        });
        await using var bus = await BusHarness.StartAsync(setup, kind);
        bus.Deliver("test.poison." + _run, [Type], subscriptions.All[0].Handler);
        foreach (var text in new[] { "before", "poison", "after" }) await setup.AppendAsync(text, type: Type);
        await UntilHandledAsync(setup, 2);
        var letter = Assert.Single(await setup.DeadLetters().ListAsync("", 10, Stop));
        Assert.Equal(("test.poison." + _run, "demo", Type, 3L), (letter.Consumer, letter.Tenant, letter.Type, letter.Attempts));
        Assert.Contains("cannot digest", letter.Reason, StringComparison.Ordinal);

        var refused = await Assert.ThrowsAsync<Problem>(() => ReplayDeadLetter.RunAsync(letter.Id, setup.DeadLetters(), setup.Reader, subscriptions, Stop));
        Assert.Equal("replay_failed", refused.Code.Code);
        Assert.Equal(4, (await setup.DeadLetters().FindAsync(letter.Id, Stop))!.Attempts);
        broken = false;
        for (var i = 0; i < 2; i++)
        {
            var replayed = await ReplayDeadLetter.RunAsync(letter.Id, setup.DeadLetters(), setup.Reader, subscriptions, Stop);
            Assert.NotNull(replayed.ReplayedAt);
        }
        await UntilHandledAsync(setup, 3);
        Assert.Empty(await setup.DeadLetters().ListAsync("", 10, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_failing_consumer_holds_up_no_other(string name, string kind)
    {
        await using var setup = await JournalSetup.OpenAsync(databases, name);
        await using var bus = await BusHarness.StartAsync(setup, kind, attempts: int.MaxValue);
        var failing = new ConcurrentBag<string>();
        bus.Deliver("test.stuck." + _run, [Type], (line, _, _) =>
        {
            failing.Add(line.Id);
            throw new InvalidOperationException("always");
        });
        bus.Deliver(Count, [Type], CountAsync);
        for (var i = 0; i < 10; i++) await setup.AppendAsync($"{i}", type: Type);
        await UntilHandledAsync(setup, 10);
        await JournalSetup.UntilAsync(() => Task.FromResult(failing.Count > 1), "the failing consumer to try again");
    }

    /// <summary>One row an effect, numbered in the order of handling.</summary>
    private static async Task CountAsync(JournalLine line, DbWork work, CancellationToken _)
    {
        var number = await work.NumberAsync($"SELECT COUNT(*) FROM sample WHERE tenant = {line.Tenant}");
        await work.ExecuteAsync($"INSERT INTO sample (tenant, id, body, number) VALUES ({line.Tenant}, {line.Id}, {line.Data}, {number})");
    }

    private static Task UntilHandledAsync(JournalSetup setup, int count, params BusHarness[] replicas)
    {
        async Task<long?> SeenAsync() => await setup.Db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM sample", Stop);
        async Task<string> StateAsync()
        {
            var (end, relay) = (await setup.Reader.EndAsync(Stop), await Place.FindAsync(setup.Db, KafkaRelay.Consumer, Stop));
            var letters = await setup.DeadLetters().ListAsync("", 10, Stop);
            return $"{await SeenAsync()} came, {letters.Count} dead letters {letters.FirstOrDefault()?.Reason}, journal ends at {end}, published up to {relay}, {string.Join("; ", replicas.Select(replica => replica.State))}";
        }
        return JournalSetup.UntilAsync(async () => await SeenAsync() == count, $"{count} effects", StateAsync);
    }
}
