using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Memory;

/// <summary>Holds, expiry, forgetting, the proof of it, and links, on both databases.</summary>
public sealed class LifecycleContract(Databases databases)
{
    private static readonly RequestContext Ada = Databases.Context("a");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task An_expired_memory_is_unseen_at_once_and_erased_by_the_sweep_unless_it_is_held(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        var over = house.Clock.GetUtcNow().AddMinutes(5);
        var gone = (await house.RememberAsync(Ada, new MemoryDraft("The guest code is 4711.", "fact", ExpiresAt: over))).Id;
        var held = (await house.RememberAsync(Ada, new MemoryDraft("The court wants code 4712.", "fact", ExpiresAt: over))).Id;
        var stays = (await house.RememberAsync(Ada, new MemoryDraft("The gate code is 4713.", "fact"))).Id;
        await house.Own.Hold.RunAsync(Ada, held, true, "case 12", Stop);
        Assert.Equal(0, await house.Own.Expire.SweepAsync(Stop));
        house.Clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(stays, Assert.Single(await house.AskAsync(Ada, new RecallQuery("code"))).Id);
        var unseen = await Assert.ThrowsAsync<Problem>(() => ReadMemory.OwnAsync(gone, Ada, house.Own.Store, house.Clock, Stop));
        Assert.Equal("memory_unknown", unseen.Code.Code);
        Assert.Equal(1, await house.Own.Expire.SweepAsync(Stop));
        Assert.True((await house.Own.Proof.RunAsync(gone, Ada, Stop)).Clear);
        Assert.False((await house.Own.Proof.RunAsync(held, Ada, Stop)).Clear);
        var refused = await Assert.ThrowsAsync<Problem>(() => house.Own.Memories.ForgetAsync(Ada, held, Stop));
        Assert.Equal("memory_held", refused.Code.Code);
        await house.Own.Hold.RunAsync(Ada, held, false, "case closed", Stop);
        Assert.Equal(1, await house.Own.Expire.SweepAsync(Stop));
        Assert.True((await house.Own.Proof.RunAsync(held, Ada, Stop)).Clear);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_erasure_reaches_every_place_and_the_proof_counts_what_is_there(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        await house.AskAsync(Ada, new RecallQuery("warm"));
        var id = (await house.RememberAsync(Ada, new MemoryDraft("My passport number is X123.", "fact", Key: "passport", Tags: ["private"], Source: "form"))).Id;
        var other = (await house.RememberAsync(Ada, new MemoryDraft("I travel in June.", "fact"))).Id;
        var row = await house.RowAsync("a", id);
        await house.Own.Change.RunAsync(Ada, row, row with { Text = "My passport number is X124." }, "changed", 1, Stop);
        await house.LinkAsync(Ada, id, other);
        await house.LinkAsync(Ada, other, id, "causes");
        var alive = await house.Own.Proof.RunAsync(id, Ada, Stop);
        Assert.False(alive.Clear);
        Assert.Equal([("links", 2L), ("row", 1L), ("terms", 1L), ("vector", 2L), ("versions", 1L)], alive.Checks.Select(check => (check.Key, check.Value)).Order().Where(check => check.Value > 0));
        Assert.True(await house.Own.Memories.ForgetAsync(Ada, id, Stop));
        var proof = await house.Own.Proof.RunAsync(id, Ada, Stop);
        Assert.True(proof.Clear, string.Join(", ", proof.Checks));
        Assert.Equal(house.Clock.GetUtcNow(), proof.ErasedAt);
        Assert.All(proof.Checks, check => Assert.Equal(0, check.Value));
        Assert.Equal(0, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM memory_keys WHERE tenant = {"a"}", Stop));
        Assert.Equal(0, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM journal WHERE tenant = {"a"} AND (data LIKE {"%X123%"} OR data LIKE {"%X124%"} OR data LIKE {"%passport%"})", Stop));
        // The key is free again, and its first memory supersedes nothing.
        Assert.True(await house.RememberAsync(Ada, new MemoryDraft("My passport is lost.", "fact", Key: "passport")) is { Created: true, Superseded.Count: 0 });
        await Assert.ThrowsAsync<Problem>(() => house.Own.Proof.RunAsync("never", Ada, Stop));
        await Assert.ThrowsAsync<Problem>(() => house.Own.Proof.RunAsync(id, Databases.Context("b"), Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Forgetting_by_a_filter_counts_first_and_then_takes_exactly_those(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        for (var i = 0; i < 450; i++)
            await house.RememberAsync(Ada, new MemoryDraft($"note {i} of the project", "document", $"m{i:D3}", Source: i % 3 == 0 ? "old.md" : "new.md", Tags: i % 2 == 0 ? ["even", "x"] : ["odd", "x"]));
        await house.Own.Hold.RunAsync(Ada, "m006", true, "case", Stop);
        var filter = new Forget.Filter(Tags: ["even", "x"], Source: "old.md");
        var counted = await house.Own.Forget.RunAsync(new Forget.Request(filter, "cleaning"), Ada, Stop);
        Assert.Equal((true, 75L, 0L, 1L), (counted.DryRun, counted.Matched, counted.Forgotten, counted.Held));
        Assert.Equal("m000", counted.Ids[0]);
        var done = await house.Own.Forget.RunAsync(new Forget.Request(filter, "cleaning", false), Ada, Stop);
        Assert.Equal((75L, 74L, 1L), (done.Matched, done.Forgotten, done.Held));
        Assert.Equal((1L, 0L), await house.Own.Forget.RunAsync(new Forget.Request(filter, "cleaning", false), Ada, Stop) is { } again ? (again.Matched, again.Forgotten) : default);
        Assert.Equal(450 - 74, await house.Db.NumberAsync("a", $"SELECT COUNT(*) FROM memories WHERE tenant = {"a"} AND deleted_at IS NULL", Stop));
        Assert.Equal(2, (await house.Own.Forget.RunAsync(new Forget.Request(new Forget.Filter(Ids: ["m001", "m003", "elsewhere"]), "r", false), Ada, Stop)).Forgotten);
        await Assert.ThrowsAsync<Problem>(() => house.Own.Forget.RunAsync(new Forget.Request(new Forget.Filter(), "r"), Ada, Stop));
        await Assert.ThrowsAsync<Problem>(() => house.Own.Forget.RunAsync(new Forget.Request(new Forget.Filter(Namespace: "conversation/bob"), "r"), Ada, Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Links_are_written_once_and_never_close_a_circle_of_parts(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        foreach (var id in (string[])["p", "q", "r", "s"]) await house.RememberAsync(Ada, new MemoryDraft("memory " + id, "fact", id));
        await house.RememberAsync(Databases.Context("b"), new MemoryDraft("foreign", "fact", "foreign"));
        await house.RememberAsync(Ada, new MemoryDraft("secret", "fact", "hers", Namespace: "conversation/bob"));
        var first = await house.LinkAsync(Ada, "p", "q", "part_of");
        Assert.Equal(new LinkWritten(first.Id, false), await house.LinkAsync(Ada, "p", "q", "part_of", 0.4));
        Assert.Equal(0.4, (await LinkStore.FindAsync(house.Db, "a", first.Id, Stop))!.Weight);
        await house.LinkAsync(Ada, "q", "r", "part_of");
        async Task RefusedAsync(string code, string from, string to, string type = "part_of", double weight = 1) =>
            Assert.Equal(code, (await Assert.ThrowsAsync<Problem>(() => house.LinkAsync(Ada, from, to, type, weight))).Code.Code);
        await RefusedAsync("link_cycle", "r", "p");
        await RefusedAsync("link_self", "p", "p");
        await RefusedAsync("memory_unknown", "p", "foreign");
        await RefusedAsync("memory_unknown", "p", "hers");
        await RefusedAsync("memory_unknown", "nowhere", "p");
        await RefusedAsync("invalid_request", "p", "q", "Not A Type");
        await RefusedAsync("invalid_request", "p", "q", "related", 0);
        await house.LinkAsync(Ada, "r", "p");
        await house.LinkAsync(Ada, "r", "s", "causes", 0.5);
        var (walk, nodes, truncated) = await house.Own.Graph.WalkAsync(Ada, "p", house.Own.Graph.Query(null, null, null), (true, false), 3, null, Stop);
        Assert.False(truncated);
        Assert.Equal([("p", 0, 1.0), ("q", 1, 0.4), ("r", 2, 0.4), ("s", 3, 0.2)], walk.All.Values.Select(reached => (reached.Id, reached.Hops, reached.Weight)).OrderBy(reached => reached.Hops));
        Assert.Equal("memory s", nodes["s"].Text);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Links_at_the_same_moment_cannot_close_a_circle_together(string name)
    {
        await using var house = await RecordHouse.OpenAsync(databases, name);
        for (var i = 0; i < 20; i++) await house.RememberAsync(Ada, new MemoryDraft($"node number {i}", "fact", "n" + i));
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            try
            {
                await house.LinkAsync(Ada, "n" + i, "n" + (i + 1) % 20, "depends_on");
                return true;
            }
            catch (Problem problem) when (problem.Code.Code == "link_cycle")
            {
                return false;
            }
        }));
        Assert.Equal(19, results.Count(linked => linked));
    }
}
