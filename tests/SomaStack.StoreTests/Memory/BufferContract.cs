using CsCheck;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Memory;

/// <summary>What every offline buffer promises: the table on both databases, and Redis.</summary>
public sealed class BufferContract(Databases databases, RedisServer redis)
{
    private static readonly Room[] Rooms = [JournalModule.Room, MemoryModule.Room];
    private static readonly TimeSpan Claim = TimeSpan.FromSeconds(20);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static readonly TheoryData<string> Names = new TheoryData<string>("sqlite", "postgres", "redis").Marked();

    [Theory, MemberData(nameof(Names))]
    public async Task Items_of_a_key_come_out_one_by_one_in_the_order_of_acceptance(string name)
    {
        await using var house = await OpenAsync(name);
        await house.Buffer.AddAsync("a", [Item("1", "k"), Item("2", "k"), Item("3", "other")], Stop);
        await house.Buffer.AddAsync("a", [Item("4", "k")], Stop);
        Assert.Equal([new("a", "k"), new("a", "other")], (await house.Buffer.DueAsync("me", 10, Stop)).OrderBy(key => key.OrderKey, StringComparer.Ordinal));
        Assert.Equal(["1", "2", "4"], await house.DrainAsync("a", "k"));
        Assert.Equal(["3"], await house.DrainAsync("a", "other"));
        Assert.Empty(await house.Buffer.DueAsync("me", 10, Stop));
        Assert.False(await house.Buffer.IsWaitingAsync("a", "k", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_was_put_in_comes_out_unchanged(string name)
    {
        await using var house = await OpenAsync(name);
        var item = Item("1", "schlüssel 鍵\u001f") with { Body = """{"text":"日本 \"x\" 😀"}""", Capabilities = ["memory:write", "memory:read"], ClientCreatedAt = house.Clock.GetUtcNow().AddHours(-1) };
        await house.Buffer.AddAsync("a", [item], Stop);
        var taken = (await house.Buffer.TakeAsync(new BufferKey("a", item.OrderKey), "me", Claim, Stop))!;
        Assert.Equal(item.Capabilities, taken.Item.Capabilities);
        Assert.Equal(item, taken.Item with { Capabilities = item.Capabilities });
        Assert.Equal(("a", 0L, BufferState.Queued, "me"), (taken.Tenant, taken.Attempts, taken.State, taken.Owner));
        Assert.Equal(house.Clock.GetUtcNow(), taken.CreatedAt);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_known_id_changes_nothing_and_other_content_under_it_refuses_the_whole_request(string name)
    {
        await using var house = await OpenAsync(name);
        Assert.Equal([new("1", BufferState.Queued, false), new("1", BufferState.Queued, true)], await house.Buffer.AddAsync("a", [Item("1", "k"), Item("1", "k")], Stop));
        Assert.Equal([new BufferReceipt("1", BufferState.Queued, true)], await house.Buffer.AddAsync("a", [Item("1", "k")], Stop));
        var refused = await Assert.ThrowsAsync<Problem>(() => house.Buffer.AddAsync("a", [Item("2", "k"), Item("1", "k", "other")], Stop));
        Assert.Equal("outbox_id_reused", refused.Code.Code);
        Assert.Equal(["1"], await house.DrainAsync("a", "k"));
        Assert.Equal([new BufferReceipt("1", BufferState.Done, true)], await house.Buffer.AddAsync("a", [Item("1", "k")], Stop));
        Assert.Equal(0, (await house.Buffer.TotalsAsync("a", Stop)).Queued);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_full_buffer_takes_all_of_a_request_or_nothing(string name)
    {
        await using var house = await OpenAsync(name, new BufferLimits(TenantItems: 3, TenantBytes: 10_000, AllItems: 5, AllBytes: 100_000));
        await house.Buffer.AddAsync("a", [Item("1", "k"), Item("2", "k")], Stop);
        await RefusedAsync("memory_buffer_full", ProblemKind.Busy, () => house.Buffer.AddAsync("a", [Item("3", "k"), Item("4", "k")], Stop));
        Assert.Equal(2, (await house.Buffer.TotalsAsync("a", Stop)).Queued);
        // A repeat needs no room.
        await house.Buffer.AddAsync("a", [Item("3", "k")], Stop);
        Assert.True((await house.Buffer.AddAsync("a", [Item("1", "k")], Stop))[0].IsDuplicate);
        await RefusedAsync("memory_buffer_full", ProblemKind.Busy, () => house.Buffer.AddAsync("b", [Item("1", "k") with { Body = new string('x', 10_001) }], Stop));
        await house.Buffer.AddAsync("b", [Item("1", "k"), Item("2", "k")], Stop);
        await RefusedAsync("memory_buffer_exhausted", ProblemKind.Unavailable, () => house.Buffer.AddAsync("c", [Item("1", "k")], Stop));
        Assert.Equal(["1", "2", "3"], await house.DrainAsync("a", "k"));
        await house.Buffer.AddAsync("c", [Item("1", "k")], Stop);
        Assert.Equal(0, (await house.Buffer.TotalsAsync("a", Stop)).Bytes);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Two_owners_never_hold_a_key_together_and_a_lost_claim_settles_nothing(string name)
    {
        await using var house = await OpenAsync(name);
        var key = new BufferKey("a", "k");
        await house.Buffer.AddAsync("a", [Item("1", "k"), Item("2", "k")], Stop);
        var first = (await house.Buffer.TakeAsync(key, "one", Claim, Stop))!;
        Assert.Null(await house.Buffer.TakeAsync(key, "two", Claim, Stop));
        // A restarted owner has its own claim back.
        Assert.Equal("1", (await house.Buffer.TakeAsync(key, "one", Claim, Stop))!.Item.Id);
        house.Clock.Advance(Claim + TimeSpan.FromSeconds(1));
        var second = (await house.Buffer.TakeAsync(key, "two", Claim, Stop))!;
        Assert.Equal("1", second.Item.Id);
        Assert.False(await house.Buffer.DoneAsync(first, Stop));
        Assert.False(await house.Buffer.DeferAsync(first, TimeSpan.Zero, "late", true, Stop));
        Assert.False(await house.Buffer.BuryAsync(first, "late", Stop));
        Assert.True(await house.Buffer.DoneAsync(second, Stop));
        Assert.False(await house.Buffer.DoneAsync(second, Stop));
        Assert.Equal(new BufferTotals(1, 0, BufferStore.BytesOf(Item("2", "k")), second.CreatedAt), await house.Buffer.TotalsAsync("a", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_deferred_item_rests_and_holds_back_its_key_alone(string name)
    {
        await using var house = await OpenAsync(name);
        await house.Buffer.AddAsync("a", [Item("1", "k"), Item("2", "k"), Item("3", "free")], Stop);
        var head = (await house.Buffer.TakeAsync(new BufferKey("a", "k"), "me", Claim, Stop))!;
        Assert.True(await house.Buffer.DeferAsync(head, TimeSpan.FromSeconds(30), "away", counts: false, Stop));
        Assert.Null(await house.Buffer.TakeAsync(new BufferKey("a", "k"), "me", Claim, Stop));
        Assert.Equal([new BufferKey("a", "free")], await house.Buffer.DueAsync("me", 10, Stop));
        Assert.True(await house.Buffer.IsWaitingAsync("a", "k", Stop));
        house.Clock.Advance(TimeSpan.FromSeconds(31));
        head = (await house.Buffer.TakeAsync(new BufferKey("a", "k"), "me", Claim, Stop))!;
        Assert.Equal(("1", 0L, "away"), (head.Item.Id, head.Attempts, head.LastError));
        Assert.True(await house.Buffer.DeferAsync(head, TimeSpan.Zero, "broken", counts: true, Stop));
        Assert.Equal(1, (await house.Buffer.FindAsync("a", "1", Stop))!.Attempts);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_dead_letter_steps_aside_and_a_replay_puts_it_back_in_its_old_place(string name)
    {
        await using var house = await OpenAsync(name);
        await house.Buffer.AddAsync("a", [Item("1", "k"), Item("2", "k"), Item("3", "k")], Stop);
        var head = (await house.Buffer.TakeAsync(new BufferKey("a", "k"), "me", Claim, Stop))!;
        Assert.True(await house.Buffer.BuryAsync(head, "invalid_request: 'text' is required", Stop));
        Assert.Equal("2", (await house.Buffer.TakeAsync(new BufferKey("a", "k"), "me", Claim, Stop))!.Item.Id);
        var dead = Assert.Single(await house.Buffer.ListAsync("a", null, BufferState.Dead, 0, 10, Stop));
        Assert.Equal(("1", "invalid_request: 'text' is required", "{}"), (dead.Item.Id, dead.LastError, dead.Item.Body));
        Assert.Equal((2, 1), ((await house.Buffer.TotalsAsync("a", Stop)).Queued, (await house.Buffer.TotalsAsync(null, Stop)).Dead));
        Assert.False(await house.Buffer.ReplayAsync("b", "1", Stop));
        Assert.False(await house.Buffer.ReplayAsync("a", "2", Stop));
        Assert.True(await house.Buffer.ReplayAsync("a", "1", Stop));
        Assert.False(await house.Buffer.ReplayAsync("a", "1", Stop));
        Assert.Equal(["1", "2", "3"], await house.DrainAsync("a", "k"));
        Assert.Equal(0, (await house.Buffer.TotalsAsync("a", Stop)).Dead);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_was_applied_keeps_its_id_for_a_week_and_nothing_else(string name)
    {
        await using var house = await OpenAsync(name);
        await house.Buffer.AddAsync("a", [Item("1", "k") with { Body = """{"text":"secret"}""" }], Stop);
        Assert.Equal(house.Clock.GetUtcNow(), (await house.Buffer.TotalsAsync("a", Stop)).Oldest);
        await house.DrainAsync("a", "k");
        Assert.Equal("", (await house.Buffer.FindAsync("a", "1", Stop))!.Item.Body);
        Assert.Equal(new BufferTotals(0, 0, 0, null), await house.Buffer.TotalsAsync("a", Stop));
        Assert.Equal(0, await house.Buffer.PurgeAsync(Stop));
        house.Clock.Advance(BufferLimits.DoneKept + TimeSpan.FromSeconds(1));
        Assert.Equal(1, await house.Buffer.PurgeAsync(Stop));
        Assert.Null(await house.Buffer.FindAsync("a", "1", Stop));
        Assert.Empty(await house.Buffer.ListAsync("a", null, null, 0, 10, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_tenant_sees_only_its_own_and_a_list_pages_in_order(string name)
    {
        await using var house = await OpenAsync(name);
        await house.Buffer.AddAsync("a", [.. Enumerable.Range(0, 25).Select(i => Item($"i{i}", "k" + i % 3) with { Principal = i % 2 == 0 ? "ada" : "bob" })], Stop);
        await house.Buffer.AddAsync("b", [Item("i0", "k0", "theirs")], Stop);
        Assert.Null(await house.Buffer.FindAsync("b", "i1", Stop));
        Assert.Equal("theirs", (await house.Buffer.FindAsync("b", "i0", Stop))!.Item.Digest);
        Assert.Equal((25, 1, 26), ((await house.Buffer.TotalsAsync("a", Stop)).Queued, (await house.Buffer.TotalsAsync("b", Stop)).Queued, (await house.Buffer.TotalsAsync(null, Stop)).Queued));
        var seen = new List<string>();
        for (long after = 0; ;)
        {
            var page = await house.Buffer.ListAsync("a", "ada", BufferState.Queued, after, 5, Stop);
            if (page.Count == 0) break;
            seen.AddRange(page.Select(item => item.Item.Id));
            after = page[^1].Seq;
        }
        Assert.Equal(Enumerable.Range(0, 25).Where(i => i % 2 == 0).Select(i => $"i{i}"), seen);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Concurrent_writers_and_drainers_lose_double_and_reorder_nothing(string name)
    {
        await using var house = await OpenAsync(name);
        const int writers = 6, each = 20;
        await Task.WhenAll(Enumerable.Range(0, writers).Select(async w =>
        {
            for (var i = 0; i < each; i++) await house.Buffer.AddAsync("a", [Item($"w{w}i{i}", "k" + w % 3)], Stop);
        }));
        var applied = new System.Collections.Concurrent.ConcurrentQueue<string>();
        await Task.WhenAll(Enumerable.Range(0, 3).Select(async d =>
        {
            while ((await house.Buffer.TotalsAsync("a", Stop)).Queued > 0)
                foreach (var key in await house.Buffer.DueAsync("d" + d, 10, Stop))
                {
                    if (await house.Buffer.TakeAsync(key, "d" + d, Claim, Stop) is not { } item) continue;
                    applied.Enqueue(item.Item.Id);
                    Assert.True(await house.Buffer.DoneAsync(item, Stop));
                }
        }));
        Assert.Equal(writers * each, applied.Distinct().Count());
        Assert.Equal(writers * each, applied.Count);
        for (var w = 0; w < writers; w++)
            Assert.Equal(Enumerable.Range(0, each).Select(i => $"w{w}i{i}"), applied.Where(id => id.StartsWith($"w{w}i", StringComparison.Ordinal)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Whatever_happens_the_totals_and_the_order_agree_with_a_plain_list(string name)
    {
        await using var house = await OpenAsync(name);
        var tenant = 0;
        // What to do (add, done, defer, bury, replay) and with which of three keys.
        await Gen.Select(Gen.Int[0, 4], Gen.Int[0, 2]).List[1, 30].SampleAsync(async steps => await ModelAsync(house, "t" + Interlocked.Increment(ref tenant), steps), iter: 15, threads: 1,
            print: steps => string.Join(' ', steps));
    }

    private static async Task ModelAsync(House house, string tenant, List<(int Action, int Key)> steps)
    {
        var waiting = new List<(int Number, int Key)>();
        var dead = new List<(int Number, int Key)>();
        var number = 0;
        foreach (var (action, key) in steps)
        {
            var expected = waiting.Where(item => item.Key == key).OrderBy(item => item.Number).Cast<(int Number, int Key)?>().FirstOrDefault();
            if (action == 0)
            {
                await house.Buffer.AddAsync(tenant, [Item($"{number}", $"k{key}")], Stop);
                waiting.Add((number++, key));
                continue;
            }
            if (action == 4)
            {
                if (dead.Count == 0) continue;
                Assert.True(await house.Buffer.ReplayAsync(tenant, $"{dead[0].Number}", Stop));
                waiting.Add(dead[0]);
                dead.RemoveAt(0);
                continue;
            }
            var taken = await house.Buffer.TakeAsync(new BufferKey(tenant, $"k{key}"), "me", Claim, Stop);
            Assert.Equal(expected is { } head ? $"{head.Number}" : null, taken?.Item.Id);
            if (taken is null) continue;
            if (action == 1) Assert.True(await house.Buffer.DoneAsync(taken, Stop));
            else if (action == 2) Assert.True(await house.Buffer.DeferAsync(taken, TimeSpan.Zero, "later", true, Stop));
            else Assert.True(await house.Buffer.BuryAsync(taken, "no", Stop));
            if (action != 2) waiting.Remove(expected!.Value);
            if (action == 3) dead.Add(expected!.Value);
        }
        var totals = await house.Buffer.TotalsAsync(tenant, Stop);
        Assert.Equal((waiting.Count, dead.Count), (totals.Queued, totals.Dead));
        Assert.Equal(waiting.Concat(dead).Sum(_ => BufferStore.BytesOf(Item("x", "k0"))), totals.Bytes);
        for (var key = 0; key < 3; key++)
            Assert.Equal(waiting.Where(item => item.Key == key).OrderBy(item => item.Number).Select(item => $"{item.Number}"), await house.DrainAsync(tenant, $"k{key}"));
    }

    [Theory, MemberData(nameof(Databases.Names), MemberType = typeof(Databases))]
    public async Task In_another_writes_transaction_the_row_stands_and_falls_with_it_and_is_never_refused(string name)
    {
        await using var house = await OpenAsync(name, new BufferLimits(TenantItems: 1));
        var store = (BufferStore)house.Buffer;
        await Assert.ThrowsAsync<InvalidOperationException>(() => house.Db!.WriteAsync("a", async work =>
        {
            await store.AddAsync(work, [Item("1", "k")], bounded: false);
            throw new InvalidOperationException("no");
        }, Stop));
        Assert.Equal(0, (await store.TotalsAsync("a", Stop)).Queued);
        for (var i = 0; i < 3; i++) await house.Db!.WriteAsync("a", work => store.AddAsync(work, [Item($"{i}", "k")], bounded: false), Stop);
        Assert.Equal(["0", "1", "2"], await house.DrainAsync("a", "k"));
    }

    private static BufferItem Item(string id, string key, string digest = "d") =>
        new(id, key, "remember", "/v1/remember", "idem-" + id, "{}", digest, "ada", ["memory:write"], "cli", "trace", "c-" + id);

    private static async Task RefusedAsync(string code, ProblemKind kind, Func<Task> call)
    {
        var problem = await Assert.ThrowsAsync<Problem>(call);
        Assert.Equal((code, kind), (problem.Code.Code, problem.Code.Kind));
        Assert.True(problem.RetryAfter > TimeSpan.Zero);
    }

    private async Task<House> OpenAsync(string name, BufferLimits? limits = null)
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero));
        if (name == "redis")
        {
            var (database, prefix) = await redis.OpenAsync();
            return new House(new RedisBuffer(database, limits ?? new BufferLimits(), clock, prefix), clock, null);
        }
        var db = await databases.OpenAsync(name, Rooms);
        return new House(new BufferStore(db, limits ?? new BufferLimits(), clock), clock, db);
    }

    private sealed record House(IOfflineBuffer Buffer, FakeTimeProvider Clock, Db? Db) : IAsyncDisposable
    {
        public async Task<List<string>> DrainAsync(string tenant, string key)
        {
            var ids = new List<string>();
            while (await Buffer.TakeAsync(new BufferKey(tenant, key), "me", Claim, Stop) is { } item)
            {
                ids.Add(item.Item.Id);
                Assert.True(await Buffer.DoneAsync(item, Stop));
            }
            return ids;
        }

        public ValueTask DisposeAsync() => Db?.DisposeAsync() ?? ValueTask.CompletedTask;
    }
}
