using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Intelligence.Inference.UseLite;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Memory;

/// <summary>What waits is applied once and in order, whatever fails on the way. The memories are real ones; the failures are put in its way.</summary>
public sealed class ReconcilerContract(Databases databases, RedisServer redis)
{
    private static readonly Room[] Rooms = [JournalModule.Room, MemoryModule.Room];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static readonly TheoryData<string> Names = new TheoryData<string>("sqlite", "postgres", "redis").Marked();

    [Theory, MemberData(nameof(Names))]
    public async Task Through_outages_crashes_and_lost_answers_everything_is_applied_once_and_in_order(string name)
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var random = new Random(seed);
        await using var house = await OpenAsync(name);
        const int keys = 5, each = 20;
        for (var i = 0; i < each; i++)
            await house.Buffers.AddAsync("demo", [.. Enumerable.Range(0, keys).Select(k => Item($"k{k}i{i}", $"k{k}"))], Stop);
        var brain = new UnluckyBrain(house, item => Plan(random, item));
        for (var round = 0; (await house.Buffers.TotalsAsync("demo", Stop)).Queued > 0; round++)
        {
            Assert.True(round < 3000, $"The backlog does not drain (seed {seed}).");
            // Every few rounds the replica dies somewhere in its pass; its successor has the same folder or another one.
            using var crash = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            brain.CrashAfter(random.Next(4) == 0 ? random.Next(6) : int.MaxValue, crash);
            using var reconciler = await house.ReconcilerAsync(brain, random.Next(3) == 0 ? "b" : "a");
            await reconciler.PassAsync(crash.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            house.Clock.Advance(TimeSpan.FromSeconds(random.Next(40)));
        }
        var applied = await house.AppliedAsync();
        Assert.True(applied.Count == keys * each && applied.Distinct().Count() == keys * each, $"{applied.Count} memories, {applied.Distinct().Count()} different (seed {seed})");
        for (var k = 0; k < keys; k++)
            Assert.Equal(Enumerable.Range(0, each).Select(i => $"k{k}i{i}"), applied.Where(text => text.StartsWith($"k{k}i", StringComparison.Ordinal)));
        Assert.Equal(0, (await house.Buffers.TotalsAsync("demo", Stop)).Dead);
        Assert.True(brain.Repeated > 0, $"No answer was lost after the fact, so nothing was proved (seed {seed}).");
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Two_replicas_at_once_double_and_reorder_nothing(string name)
    {
        await using var house = await OpenAsync(name);
        await house.Buffers.AddAsync("demo", [.. Enumerable.Range(0, 60).Select(i => Item($"k{i % 3}i{i}", $"k{i % 3}"))], Stop);
        var brain = new UnluckyBrain(house, static _ => null);
        using var one = await house.ReconcilerAsync(brain, "a");
        using var two = await house.ReconcilerAsync(brain, "b");
        await Task.WhenAll(one.PassAsync(Stop), two.PassAsync(Stop));
        for (var i = 0; i < 10 && (await house.Buffers.TotalsAsync("demo", Stop)).Queued > 0; i++) await one.PassAsync(Stop);
        var applied = await house.AppliedAsync();
        Assert.Equal(60, applied.Count);
        for (var k = 0; k < 3; k++) Assert.Equal(Enumerable.Range(0, 60).Where(i => i % 3 == k).Select(i => $"k{k}i{i}"), applied.Where(text => text.StartsWith($"k{k}", StringComparison.Ordinal)));
        Assert.Equal(0, brain.Repeated);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_refusal_is_a_dead_letter_and_what_is_busy_waits(string name)
    {
        await using var house = await OpenAsync(name);
        await house.Buffers.AddAsync("demo", [Item("bad", "k"), Item("good", "k"), Item("busy", "other")], Stop);
        var busy = true;
        var refuse = true;
        var brain = new UnluckyBrain(house, item => item.Item.ClientId switch
        {
            "bad" when refuse => new BrainAnswer(422, "invalid_request", "'text' is required."),
            "busy" when busy => new BrainAnswer(429, "rate_limited", "Slowly.", TimeSpan.FromSeconds(7)),
            _ => null,
        });
        using var reconciler = await house.ReconcilerAsync(brain, "a");
        await reconciler.PassAsync(Stop);
        Assert.Equal(["good"], await house.AppliedAsync());
        var letter = Assert.Single(await house.Buffers.Front.ListAsync("demo", null, BufferState.Dead, 0, 10, Stop));
        Assert.Equal("invalid_request: 'text' is required.", letter.LastError);
        busy = false;
        Assert.Equal(0, await reconciler.PassAsync(Stop));
        house.Clock.Advance(TimeSpan.FromSeconds(8));
        Assert.Equal(1, await reconciler.PassAsync(Stop));
        refuse = false;
        Assert.True(await house.Buffers.Front.ReplayAsync("demo", letter.Item.Id, Stop));
        Assert.Equal(1, await reconciler.PassAsync(Stop));
        Assert.Equal(["good", "busy", "bad"], await house.AppliedAsync());
    }

    [Fact]
    public async Task What_keeps_failing_is_given_up_and_what_is_away_never_is()
    {
        await using var house = await OpenAsync("sqlite");
        await house.Buffers.AddAsync("demo", [Item("broken", "k"), Item("away", "other")], Stop);
        var brain = new UnluckyBrain(house, static item => item.Item.ClientId == "broken" ? new BrainAnswer(500, "internal_error", "Oh.") : throw new BrainUnreachableException("away", sent: true));
        using var reconciler = await house.ReconcilerAsync(brain, "a");
        for (var i = 0; i < 30; i++)
        {
            await reconciler.PassAsync(Stop);
            house.Clock.Advance(TimeSpan.FromMinutes(2));
        }
        Assert.Equal((1, 1), ((await house.Buffers.TotalsAsync("demo", Stop)).Queued, (await house.Buffers.TotalsAsync("demo", Stop)).Dead));
        Assert.Equal(10, (await house.Buffers.Front.ListAsync("demo", null, BufferState.Dead, 0, 10, Stop))[0].Attempts);
        Assert.Equal(0, (await house.Buffers.Front.ListAsync("demo", null, BufferState.Queued, 0, 10, Stop))[0].Attempts);
    }

    [Fact]
    public async Task A_missing_target_is_waited_for_while_something_older_waits()
    {
        await using var house = await OpenAsync("sqlite");
        await house.Buffers.AddAsync("demo", [Item("target", "k"), Item("link", "other")], Stop);
        var away = true;
        var brain = new UnluckyBrain(house, item => item.Item.ClientId switch
        {
            "target" when away => throw new BrainUnreachableException("away", sent: false),
            "link" => new BrainAnswer(404, "memory_unknown", "Not there."),
            _ => null,
        });
        using var reconciler = await house.ReconcilerAsync(brain, "a");
        await reconciler.PassAsync(Stop);
        Assert.Equal(2, (await house.Buffers.TotalsAsync("demo", Stop)).Queued);
        away = false;
        house.Clock.Advance(TimeSpan.FromSeconds(2));
        for (var i = 0; i < 3; i++, house.Clock.Advance(TimeSpan.FromSeconds(2))) await reconciler.PassAsync(Stop);
        Assert.Equal((0, 1), ((await house.Buffers.TotalsAsync("demo", Stop)).Queued, (await house.Buffers.TotalsAsync("demo", Stop)).Dead));
    }

    private static BrainAnswer? Plan(Random random, BufferedItem item)
    {
        lock (random)
        {
            return random.Next(12) switch
            {
                0 => throw new BrainUnreachableException("cut off before", sent: false),
                1 => new BrainAnswer(503, "unavailable", "Not now."),
                2 => new BrainAnswer(409, "idempotency_running", "Still running.", TimeSpan.FromSeconds(1)),
                3 when item.Attempts < 5 => new BrainAnswer(500, "internal_error", "Oh."),
                4 or 5 => UnluckyBrain.Lost,
                _ => null,
            };
        }
    }

    private static BufferItem Item(string name, string key) => new(
        Ids.Derive(name), key, "remember", "/v1/remember", "idem-" + name, $$"""{"text":"{{name}}"}""", "d", "ada",
        ["memory:write"], "cli", Ids.NewTraceId(), name);

    private async Task<House> OpenAsync(string name)
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        var db = await databases.OpenAsync(name == "redis" ? "sqlite" : name, Rooms);
        RedisBuffer? front = null;
        if (name == "redis")
        {
            var (database, prefix) = await redis.OpenAsync();
            front = new RedisBuffer(database, new BufferLimits(), clock, prefix);
        }
        return new House(db, clock, new Buffers(new BufferStore(db, new BufferLimits(), clock), front));
    }

    /// <summary>Applies to real memories, after the plan had its say: an answer instead, an exception, or a lost answer.</summary>
    private sealed class UnluckyBrain(House house, Func<BufferedItem, BrainAnswer?> plan) : IBrain
    {
        public static readonly BrainAnswer Lost = new(0);

        private int _callsLeft = int.MaxValue;
        private int _repeated;
        private CancellationTokenSource? _crash;

        public string State => "in_process";

        public int Room => int.MaxValue;

        /// <summary>Writes that met a memory which an earlier try had made.</summary>
        public int Repeated => _repeated;

        public void CrashAfter(int calls, CancellationTokenSource crash) => (_callsLeft, _crash) = (calls, crash);

        public async Task<BrainAnswer> ApplyAsync(BufferedItem item, CancellationToken cancellationToken)
        {
            if (Interlocked.Decrement(ref _callsLeft) < 0) await _crash!.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            var answer = plan(item);
            if (answer is not null && answer != Lost) return answer;
            if (!await house.RememberAsync(item)) Interlocked.Increment(ref _repeated);
            return answer == Lost ? throw new BrainUnreachableException("cut off after", sent: true) : new BrainAnswer(201);
        }
    }

    private sealed class House(Db db, FakeTimeProvider clock, Buffers buffers) : IAsyncDisposable
    {
        private readonly UseLiteEmbedder _embedder = new(null);
        private Memories? _memories;
        private Shelves? _shelves;

        public FakeTimeProvider Clock => clock;

        public Buffers Buffers => buffers;

        /// <summary>True when the memory is new.</summary>
        public async Task<bool> RememberAsync(BufferedItem item)
        {
            var store = new MemoryStore(db);
            _shelves ??= new Shelves(store, _embedder, NullLogger<Shelves>.Instance);
            _memories ??= new Memories(store, _shelves, _embedder, new Platform.Journal(clock), clock);
            var context = Databases.Context(item.Tenant, item.Item.Principal);
            var text = JsonDocument.Parse(item.Item.Body).RootElement.GetProperty("text").GetString()!;
            var prepared = await _memories.PrepareAsync(context, new MemoryDraft(text, "episode", BufferedOps.MadeId(item.Tenant, item.Item.Principal, "memory", item.Item.Path, item.Item.IdempotencyKey)), Stop);
            var before = await db.NumberAsync(item.Tenant, $"SELECT COUNT(*) FROM memories WHERE tenant = {item.Tenant} AND id = {prepared.Id}", Stop);
            await db.WriteAsync(item.Tenant, work => _memories.WriteAsync(work, context, prepared), Stop);
            return before == 0;
        }

        /// <summary>The texts in the order in which they were first written.</summary>
        public Task<List<string>> AppliedAsync() => db.QueryAsync("demo", static reader => reader.GetString(0), $"""
            SELECT m.text FROM journal j JOIN memories m ON m.tenant = j.tenant AND j.subject = 'memory/' || m.id WHERE j.tenant = {"demo"} AND j.type = {MemoryEvents.Remembered} ORDER BY j.position
            """, Stop);

        public async Task<Reconciler> ReconcilerAsync(IBrain brain, string folder)
        {
            var lease = new Lease(db, new SomaOptions { DataDirectory = "/tmp/" + folder }, clock, NullLogger<Lease>.Instance);
            await lease.TakeAsync(Stop);
            return new Reconciler(buffers, brain, lease, new BufferMonitor(buffers, brain, clock, NullLogger<BufferMonitor>.Instance), clock, NullLogger<Reconciler>.Instance);
        }

        public async ValueTask DisposeAsync()
        {
            _shelves?.Dispose();
            await db.DisposeAsync();
        }
    }
}
