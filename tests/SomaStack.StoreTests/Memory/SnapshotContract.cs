using System.Text;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.StoreTests.Memory;

/// <summary>An index that comes from its file is the one that the rows give, and an erased memory is in no file.</summary>
public sealed class SnapshotContract(Databases databases)
{
    private static readonly string[] Questions = ["who paints item-7", "the budget exceeds", "cat", "天気", "item-12", "a sleeping animal", "zebra"];

    private static readonly string[] Subjects = ["the cat", "a train", "my neighbour", "the budget", "our garden", "日本の天気", "die Straße"];

    private static readonly string[] Verbs = ["sleeps on", "passes", "paints", "exceeds", "surrounds", "mentions 12.5 of", "v1.2.3 breaks"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_restart_reads_the_file_and_what_changed_since()
    {
        await using var house = await IndexHouse.OpenAsync(databases, "sqlite");
        var context = await FilledAsync(house);
        Assert.Equal(1, await house.Shelves.SaveAsync(house.Clock.GetUtcNow(), all: true, Stop));
        Assert.Equal(0, await house.Shelves.SaveAsync(house.Clock.GetUtcNow(), all: true, Stop));
        // After the file: a new one, one erased without the file being told, one superseded by its key, vectors that came late.
        await using (var other = house.Again())
        {
            await other.RememberAsync(context, [.. Enumerable.Range(0, 12).Select(i => new MemoryDraft($"A zebra number {i} grazes.", "fact", $"z{i:D2}"))]);
            await other.RememberAsync(context, new MemoryDraft("The budget is closed now.", "fact", "new-key", Key: "budget"));
        }
        await using var restarted = house.Again();
        // The trigger does not number this change: only an index from the file can still know the old words.
        await house.Db.WriteAsync("a", work => work.ExecuteAsync($"UPDATE memories SET text = {"nothing of it"} WHERE tenant = {"a"} AND id = {"m003"}"), Stop);
        Assert.Equal("m003", (await restarted.AskAsync(context, "only3")).Memories[0].Id);
        await house.Db.WriteAsync("a", work => work.ExecuteAsync($"UPDATE memories SET text = {Text(3)} WHERE tenant = {"a"} AND id = {"m003"}"), Stop);
        await SameAsRowsAsync(house, restarted, context);
        Assert.Equal(["embedding_pending"], (await restarted.AskAsync(context, "zebra")).DegradedReasons);
        await restarted.Later.RunAsync(Stop);
        Assert.Equal(1, await restarted.Shelves.SaveAsync(house.Clock.GetUtcNow(), all: true, Stop));
        await using var again = house.Again();
        Assert.Empty((await again.AskAsync(context, "zebra")).DegradedReasons);
        await SameAsRowsAsync(house, again, context);
    }

    [Fact]
    public async Task Erasing_removes_the_terms_and_the_vector_from_the_disk()
    {
        await using var house = await IndexHouse.OpenAsync(databases, "sqlite");
        var context = await FilledAsync(house);
        await house.RememberAsync(context, new MemoryDraft("My telephone number is 555-0134.", "fact", "secret"));
        await house.Shelves.SaveAsync(house.Clock.GetUtcNow(), all: true, Stop);
        var vector = (await house.Store.FindAsync("a", "secret", Stop))!.Embedding!;
        Assert.True(Holds(house.Bytes(), Encoding.UTF8.GetBytes("555-0134")));
        Assert.True(Holds(house.Bytes(), vector));
        await house.Memory.ForgetAsync(context, "secret", Stop);
        Assert.Empty(house.Bytes());
        await house.Shelves.SaveAsync(house.Clock.GetUtcNow(), all: true, Stop);
        Assert.NotEmpty(house.Bytes());
        Assert.False(Holds(house.Bytes(), Encoding.UTF8.GetBytes("555-0134")));
        Assert.False(Holds(house.Bytes(), vector));
        await using var restarted = house.Again();
        Assert.DoesNotContain((await restarted.AskAsync(context, "telephone 555-0134", 100)).Memories, hit => hit.Id == "secret");
    }

    [Fact]
    public async Task A_crash_between_the_erasure_and_the_removal_of_the_file_is_made_good()
    {
        await using var house = await IndexHouse.OpenAsync(databases, "sqlite");
        var context = await FilledAsync(house);
        await house.Shelves.SaveAsync(house.Clock.GetUtcNow(), all: true, Stop);
        await using (var restarted = house.Again())
        {
            await restarted.Keep.SweepAsync(Stop);
            Assert.NotEmpty(house.Bytes());
        }
        // Committed by a process that dies before it removes the file.
        await house.Db.WriteAsync("a", work => EraseStore.ClearAsync(work, "m003", "ada", 1), Stop);
        await using (var reader = house.Again())
        {
            Assert.DoesNotContain((await reader.AskAsync(context, "only3", 100)).Memories, hit => hit.Id == "m003");
            Assert.Empty(house.Bytes());
            await reader.Shelves.SaveAsync(house.Clock.GetUtcNow(), all: true, Stop);
        }
        await house.Db.WriteAsync("a", work => EraseStore.ClearAsync(work, "m004", "ada", 1), Stop);
        Assert.NotEmpty(house.Bytes());
        await using var starting = house.Again();
        await starting.Keep.SweepAsync(Stop);
        Assert.Empty(house.Bytes());
    }

    [Fact]
    public async Task A_file_that_is_damaged_or_ahead_of_the_database_is_ignored()
    {
        await using var house = await IndexHouse.OpenAsync(databases, "sqlite");
        var context = await FilledAsync(house);
        var entries = (await house.Shelves.ReadyAsync("a", "default", Stop)).Capture();
        house.Files.Begin("a", "default");
        house.Files.Write(new ShelfHeader("a", "default", IndexHouse.Embedder.Model, ShelfFile.Analysis, 1_000_000), entries[..20]);
        await using (var restored = house.Again()) await SameAsRowsAsync(house, restored, context);
        var file = Assert.Single(Directory.EnumerateFiles(house.Folder, "*.shelf", SearchOption.AllDirectories));
        foreach (var at in new[] { 0, 20, 60, 200, 4000, (int)new FileInfo(file).Length - 40, (int)new FileInfo(file).Length - 1 })
        {
            var bytes = await File.ReadAllBytesAsync(file, Stop);
            bytes[at] ^= 1;
            await File.WriteAllBytesAsync(file, bytes, Stop);
            await using var damaged = house.Again();
            await SameAsRowsAsync(house, damaged, context);
        }
    }

    [Fact]
    public async Task Files_are_written_after_many_changes_or_some_time()
    {
        await using var house = await IndexHouse.OpenAsync(databases, "sqlite");
        var context = await FilledAsync(house);
        var now = house.Clock.GetUtcNow();
        Assert.Equal(0, await house.Shelves.SaveAsync(now, all: false, Stop));
        Assert.Equal(0, await house.Shelves.SaveAsync(now.AddMinutes(9), all: false, Stop));
        Assert.Equal(1, await house.Shelves.SaveAsync(now.AddMinutes(10), all: false, Stop));
        Assert.Equal(0, await house.Shelves.SaveAsync(now.AddMinutes(30), all: false, Stop));
        house.Shelves.Apply("a", "default", [.. Enumerable.Repeat(new Change("m003", (await house.Shelves.ReadyAsync("a", "default", Stop)).Capture().First(entry => entry.Id == "m003")), 10_000)]);
        Assert.Equal(1, await house.Shelves.SaveAsync(now.AddMinutes(31), all: false, Stop));
    }

    private static string Text(int i) => $"{Subjects[i % 7]} {Verbs[i / 7 % 7]} item-{i % 40} only{i}";

    private static async Task<SomaStack.Platform.RequestContext> FilledAsync(IndexHouse house)
    {
        var context = Databases.Context("a");
        var drafts = Enumerable.Range(0, 200).Select(i => new MemoryDraft(
            Text(i), i % 3 == 0 ? "fact" : "episode", $"m{i:D3}", Conversation: i % 2 == 0 ? $"c{i % 8}" : null,
            Key: i == 5 ? "budget" : null, Tags: i % 5 == 0 ? ["five"] : null, EventTime: house.Clock.GetUtcNow().AddMinutes(-(i * 37 % 400)))).ToList();
        await house.RememberAsync(context, drafts);
        await house.Later.RunAsync(Stop);
        await house.AskAsync(context, "warm");
        return context;
    }

    private static async Task SameAsRowsAsync(IndexHouse house, IndexHouse asked, SomaStack.Platform.RequestContext context)
    {
        using var rows = new Shelves(house.Store, IndexHouse.Embedder, Microsoft.Extensions.Logging.Abstractions.NullLogger<Shelves>.Instance);
        var truth = new Memories(house.Store, rows, IndexHouse.Embedder, new SomaStack.Platform.Journal(house.Clock), house.Clock);
        foreach (var text in Questions)
        {
            var expected = await truth.RecallAsync(context, new RecallQuery(text, 50), Stop);
            var found = await asked.Memory.RecallAsync(context, new RecallQuery(text, 50), Stop);
            Assert.Equal(expected.Memories.Select(hit => (hit.Id, hit.Score)), found.Memories.Select(hit => (hit.Id, hit.Score)));
        }
    }

    private static bool Holds(byte[] bytes, byte[] part) => bytes.AsSpan().IndexOf(part) >= 0;
}
