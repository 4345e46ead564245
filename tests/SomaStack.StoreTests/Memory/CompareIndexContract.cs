using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.StoreTests.Memory;

/// <summary>An index that differs from its rows is found out and set right; one that is only being written to is left alone.</summary>
public sealed class CompareIndexContract(Databases databases)
{
    public static TheoryData<string> Names => Databases.Names;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory, MemberData(nameof(Names))]
    public async Task Damage_is_counted_and_repaired(string name)
    {
        await using var house = await IndexHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        Assert.Null(await house.Compare.RunAsync("a", "default", Stop));
        await house.RememberAsync(context, [.. Enumerable.Range(0, 40).Select(i => new MemoryDraft($"entry only{i} of the ledger", "fact", $"m{i:D2}"))]);
        await house.Later.RunAsync(Stop);
        await house.Memory.ForgetAsync(context, "m07", Stop);
        var shelf = await house.Shelves.ReadyAsync("a", "default", Stop);
        Assert.Equal(0, (await house.Compare.RunAsync("a", "default", Stop))!.Differing);
        await house.PassAsync("a", "default");
        var held = shelf.Capture();
        var ghost = held[0] with { Id = "ghost" };
        var awaited = held.Single(entry => entry.Id == "m11") with { Vector = null, Pending = true };
        var newer = held.Single(entry => entry.Id == "m12") with { Version = 9 };
        // Lost, invented, without its vector, of a version that never was, and one that was erased.
        shelf.Repair([new Change("m10", null), new Change("ghost", ghost), new Change("m11", awaited), new Change("m12", newer), new Change("m07", held[1] with { Id = "m07" })]);
        var found = (await house.Compare.RunAsync("a", "default", Stop))!;
        Assert.Equal((39, 5), (found.Memories, found.Differing));
        Assert.Equal(held.OrderBy(entry => entry.Id).Select(entry => (entry.Id, entry.Version, entry.Pending)), shelf.Capture().OrderBy(entry => entry.Id).Select(entry => (entry.Id, entry.Version, entry.Pending)));
        Assert.Equal("m10", (await house.AskAsync(context, "only10", 1)).Memories[0].Id);
        Assert.Equal(0, (await house.Compare.RunAsync("a", "default", Stop))!.Differing);
        Assert.Equal(0, house.Compare.Last("a", "default")!.Differing);
    }

    [Fact]
    public async Task A_row_that_was_changed_behind_the_index_is_read_again()
    {
        await using var house = await IndexHouse.OpenAsync(databases, "sqlite");
        var context = Databases.Context("a");
        await house.RememberAsync(context, new MemoryDraft("The archive opens at nine.", "fact", "m1"), new MemoryDraft("The archive closes at noon.", "fact", "m2"));
        await house.AskAsync(context, "archive");
        await house.Db.WriteAsync("a", work => work.ExecuteAsync($"UPDATE memories SET text = {"The library opens at ten."}, version = version + 1 WHERE tenant = {"a"} AND id = {"m1"}"), Stop);
        await house.Db.WriteAsync("a", work => EraseStore.ClearAsync(work, "m2", "nobody", 1), Stop);
        Assert.DoesNotContain((await house.AskAsync(context, "library")).Memories, hit => hit.Signals["lexical"] > 0);
        Assert.Equal(2, (await house.Compare.RunAsync("a", "default", Stop))!.Differing);
        Assert.Equal("m1", Assert.Single((await house.AskAsync(context, "library")).Memories).Id);
        Assert.DoesNotContain((await house.AskAsync(context, "closes noon")).Memories, hit => hit.Id == "m2");
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Writes_of_the_same_moment_are_no_difference(string name)
    {
        await using var house = await IndexHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await house.AskAsync(context, "warm");
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(async w =>
        {
            for (var i = 0; i < 15; i++)
            {
                await house.RememberAsync(context, [.. Enumerable.Range(0, 10).Select(k => new MemoryDraft($"writer{w} round{i} line{k}", "episode", $"w{w}i{i}k{k}"))]);
                if (i % 3 == 0) await house.Memory.ForgetAsync(context, $"w{w}i{i}k3", Stop);
            }
        }));
        var embedding = house.Later.RunAsync(Stop);
        do Assert.Equal(0, (await house.Compare.RunAsync("a", "default", Stop))!.Differing);
        while (!writing.IsCompleted);
        await writing;
        await embedding;
        Assert.Equal((580, 0), (await house.Compare.RunAsync("a", "default", Stop)) is { } last ? (last.Memories, last.Differing) : default);
    }
}
