using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Memory;

/// <summary>Keys, duplicates and versions, on both databases.</summary>
public sealed class RecordContract(Databases databases)
{
    private static readonly RequestContext Ada = Databases.Context("a");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_later_memory_of_a_key_takes_the_place_of_the_open_one_and_both_stay(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        await house.AskAsync(Ada, new RecallQuery("warm"));
        var first = await house.RememberAsync(Ada, new MemoryDraft("Caroline lives in Oslo.", "fact", Key: "home"));
        house.Clock.Advance(TimeSpan.FromDays(1));
        var between = house.Clock.GetUtcNow();
        house.Clock.Advance(TimeSpan.FromDays(1));
        var second = await house.RememberAsync(Ada, new MemoryDraft("Caroline lives in Bergen.", "fact", Key: "home"));
        Assert.Equal([first.Id], second.Superseded);
        var old = await house.RowAsync("a", first.Id);
        Assert.Equal((second.Id, house.Clock.GetUtcNow(), house.Clock.GetUtcNow(), 2L), (old.SupersededBy!, old.SupersededFrom!.Value, old.SupersededAt!.Value, old.Version));
        Assert.Equal(second.Id, Assert.Single(await house.AskAsync(Ada, new RecallQuery("where does Caroline live"))).Id);
        Assert.Equal(first.Id, Assert.Single(await house.AskAsync(Ada, new RecallQuery("where does Caroline live", AsOf: between))).Id);
        Assert.Equal(first.Id, Assert.Single(await house.AskAsync(Ada, new RecallQuery("where does Caroline live", KnownAt: between))).Id);
        Assert.Equal(2, (await house.AskAsync(Ada, new RecallQuery("where does Caroline live", Superseded: true))).Count);
        Assert.Equal(1, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM journal WHERE tenant = {"a"} AND type = {MemoryEvents.Superseded} AND subject = {MemoryEvents.Subject(first.Id)}", Stop));
        using var fresh = house.Again();
        Assert.Equal(second.Id, Assert.Single(await house.AskAsync(Ada, new RecallQuery("where does Caroline live"), fresh)).Id);
        var history = await VersionStore.HistoryAsync(house.Db, "a", first.Id, long.MaxValue, 10, Stop);
        Assert.Equal([(2L, "superseded"), (1L, "remembered")], history.Select(version => (version.Version, version.Change)));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_same_under_the_same_key_is_met_and_what_came_before_becomes_history(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var now = house.Clock.GetUtcNow();
        var open = await house.RememberAsync(Ada, new MemoryDraft("The team has nine people.", "fact", Key: "size", ValidFrom: now.AddDays(-10)));
        var same = await house.RememberAsync(Ada, new MemoryDraft("The  team has nine\npeople.", "fact", Key: "size"));
        Assert.Equal(new Written(open.Id, false, true, open.Id, []), same with { Superseded = [] });
        var before = await house.RememberAsync(Ada, new MemoryDraft("The team has six people.", "fact", Key: "size", ValidFrom: now.AddDays(-30)));
        Assert.True(before.Created && before.Superseded.Count == 0);
        var closed = await house.RowAsync("a", before.Id);
        Assert.Equal((open.Id, now.AddDays(-10)), (closed.SupersededBy!, closed.SupersededFrom!.Value));
        Assert.Null((await house.RowAsync("a", open.Id)).SupersededBy);
        // Between the two: it ends the older one earlier.
        var middle = await house.RememberAsync(Ada, new MemoryDraft("The team has seven people.", "fact", Key: "size", ValidFrom: now.AddDays(-20)));
        Assert.Equal((middle.Id, now.AddDays(-20)), (await house.RowAsync("a", before.Id)) is { } row ? (row.SupersededBy!, row.SupersededFrom!.Value) : default);
        foreach (var (at, expected) in new[] { (-25, before.Id), (-15, middle.Id), (0, open.Id) })
            Assert.Equal(expected, Assert.Single(await house.AskAsync(Ada, new RecallQuery("how many people has the team", AsOf: now.AddDays(at)))).Id);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Of_concurrent_writers_of_one_key_exactly_one_stays_open(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        const int writers = 8, each = 12;
        using var other = house.Again();
        var written = await Task.WhenAll(Enumerable.Range(0, writers).Select(async w =>
        {
            var ids = new List<string>();
            for (var i = 0; i < each; i++)
                ids.Add((await house.RememberAsync(Ada, new MemoryDraft($"writer {w} says {i}", "fact", Key: "k" + i % 2), w % 2 == 0 ? house.Own : other)).Id);
            return ids;
        }));
        Assert.Equal(2, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM memories WHERE tenant = {"a"} AND superseded_by IS NULL", Stop));
        var all = await house.Own.Store.FindAsync("a", [.. written.SelectMany(ids => ids)], Stop);
        Assert.Equal(writers * each, all.Count);
        // Every closed one names one that is there and began no earlier.
        var byId = all.ToDictionary(row => row.Id);
        Assert.All(all.Where(row => row.SupersededBy is not null), row => Assert.Equal(byId[row.SupersededBy!].Start, row.SupersededFrom));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Facts_that_are_known_are_met_and_episodes_are_always_kept(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var first = await house.RememberAsync(Ada, new MemoryDraft("Water boils at 100 degrees.", "fact"));
        Assert.Equal((first.Id, false, true), await house.RememberAsync(Ada, new MemoryDraft(" Water boils at 100 degrees. ", "fact")) is { } again ? (again.Id, again.Created, again.Deduplicated) : default);
        Assert.True((await house.RememberAsync(Ada, new MemoryDraft("Water boils at 100 degrees.", "fact", Namespace: "other"))).Created);
        Assert.True((await house.RememberAsync(Ada, new MemoryDraft("Water boils at 100 degrees.", "fact", Universe: "what-if"))).Created);
        var cited = await house.RememberAsync(Ada, new MemoryDraft("Water boils at 100 degrees.", "fact", Source: "physics.md", Line: 3));
        Assert.True(cited.Created && cited.DuplicateOf == first.Id);
        var said = await house.RememberAsync(Ada, new MemoryDraft("Good morning.", "episode"));
        for (var i = 0; i < 3; i++)
            Assert.True(await house.RememberAsync(Ada, new MemoryDraft("Good morning.", "episode")) is { Created: true } repeated && repeated.DuplicateOf == said.Id);
        const string text = "The quarterly report about solar panels, heat pumps and wind farms in northern Norway was sent to every member of the board before lunch";
        var report = await house.RememberAsync(Ada, new MemoryDraft(text + " on Monday", "document", Source: "a.md"));
        var near = await house.RememberAsync(Ada, new MemoryDraft(text + " on monday.", "document", Source: "b.md", Line: 9));
        Assert.True(near.Created && near.DuplicateOf == report.Id);
        Assert.Null((await house.RememberAsync(Ada, new MemoryDraft(text + " on Monday 12", "document", Source: "c.md"))).DuplicateOf);
        await house.Own.Memories.ForgetAsync(Ada, first.Id, Stop);
        Assert.True((await house.RememberAsync(Ada, new MemoryDraft("Water boils at 100 degrees.", "fact", Universe: "third"))).Created);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_retry_of_a_write_that_superseded_changes_nothing(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        await house.RememberAsync(Ada, new MemoryDraft("one", "fact", "i1", Key: "k"));
        await house.RememberAsync(Ada, new MemoryDraft("two", "fact", "i2", Key: "k"));
        await house.RememberAsync(Ada, new MemoryDraft("three", "fact", "i3", Key: "k"));
        Assert.Equal(new Written("i2", false, false, null, []), await house.RememberAsync(Ada, new MemoryDraft("two", "fact", "i2", Key: "k")) with { Superseded = [] });
        Assert.Null((await house.RowAsync("a", "i3")).SupersededBy);
        Assert.Equal("i3", (await house.RowAsync("a", "i2")).SupersededBy);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_change_keeps_the_version_before_and_a_stale_one_is_refused(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        await house.AskAsync(Ada, new RecallQuery("warm"));
        var id = (await house.RememberAsync(Ada, new MemoryDraft("The door code is violet.", "fact", Tags: ["door"], Importance: 0.2))).Id;
        var row = await house.RowAsync("a", id);
        var changed = await house.Own.Change.RunAsync(Ada, row, row with { Text = "The door code is turquoise.", Tags = ["door", "new"], Importance = 0.9 }, "changed", 1, Stop);
        Assert.Equal((2L, "changed"), (changed.Version, changed.Change));
        Assert.NotEqual(row.ContentHash, changed.ContentHash);
        Assert.NotEqual(row.Embedding, changed.Embedding);
        Assert.Equal("The door code is turquoise.", Assert.Single(await house.AskAsync(Ada, new RecallQuery("turquoise"))).Text);
        Assert.Empty(await house.AskAsync(Ada, new RecallQuery("violet", Tags: ["violet"])));
        var stale = await Assert.ThrowsAsync<Problem>(() => house.Own.Change.RunAsync(Ada, row, row with { Text = "x" }, "changed", 1, Stop));
        Assert.Equal("version_mismatch", stale.Code.Code);
        var versions = await VersionStore.HistoryAsync(house.Db, "a", id, long.MaxValue, 10, Stop);
        Assert.Equal([(2L, "changed", "The door code is turquoise."), (1L, "remembered", "The door code is violet.")], versions.Select(version => (version.Version, version.Change, version.Text)));
        Assert.Equal(["door"], versions[1].Tags);
        // Nothing differs: no version.
        Assert.Equal(2, (await house.Own.Change.RunAsync(Ada, changed, changed, "changed", 2, Stop)).Version);
        Assert.Equal(0, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM journal WHERE tenant = {"a"} AND (data LIKE {"%turquoise%"} OR data LIKE {"%violet%"})", Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Concurrent_changes_of_one_memory_leave_one_line_of_versions(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var id = (await house.RememberAsync(Ada, new MemoryDraft("start", "fact"))).Id;
        var done = 0;
        await Task.WhenAll(Enumerable.Range(0, 6).Select(async w =>
        {
            for (var i = 0; i < 10; i++)
                try
                {
                    var row = await house.RowAsync("a", id);
                    await house.Own.Change.RunAsync(Ada, row, row with { Text = $"writer {w} step {i}" }, "changed", row.Version, Stop);
                    Interlocked.Increment(ref done);
                }
                catch (Problem problem) when (problem.Code.Code == "version_mismatch")
                {
                    // Somebody was first.
                }
        }));
        var versions = await VersionStore.HistoryAsync(house.Db, "a", id, long.MaxValue, 100, Stop);
        Assert.Equal(Enumerable.Range(1, done + 1).Select(version => (long)version).Reverse(), versions.Select(version => version.Version));
    }
}
