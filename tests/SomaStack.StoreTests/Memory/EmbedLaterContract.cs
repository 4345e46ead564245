using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.StoreTests.Memory;

/// <summary>Memories of a batch are found by their words at once and by their meaning soon after, whatever happens in between.</summary>
public sealed class EmbedLaterContract(Databases databases)
{
    private const string ByMeaning = "an animal that sleeps";

    public static TheoryData<string> Names => Databases.Names;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static MemoryDraft[] Drafts => [new("The cat naps on the sofa.", "fact", "cat"), .. Enumerable.Range(0, 40).Select(i => new MemoryDraft($"Invoice {i} was paid by bank transfer.", "fact", $"m{i:D2}"))];

    [Theory, MemberData(nameof(Names))]
    public async Task Words_are_found_before_the_vectors_are_there_and_the_answer_says_so(string name)
    {
        await using var house = await IndexHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await house.AskAsync(context, "warm");
        var rung = house.Shelves.Waiting.Next;
        await house.RememberAsync(context, Drafts);
        Assert.True(rung.IsCompleted);
        var before = await house.AskAsync(context, "cat sofa");
        Assert.Equal("cat", before.Memories[0].Id);
        Assert.Equal(0, before.Memories[0].Signals["semantic"]);
        Assert.Equal(["embedding_pending"], before.DegradedReasons);
        Assert.Empty((await house.AskAsync(context, ByMeaning)).Memories);
        Assert.Equal(41, await house.Later.RunAsync(Stop));
        var after = await house.AskAsync(context, ByMeaning);
        Assert.Equal("cat", after.Memories[0].Id);
        Assert.True(after.Memories[0].Signals["semantic"] > 0);
        Assert.Empty(after.DegradedReasons);
        Assert.Equal(0, await house.Later.RunAsync(Stop));
        Assert.Equal(1, (await house.Store.FindAsync("a", "cat", Stop))!.Version);
        Assert.Equal((0, null), await house.Index.BacklogAsync(Stop));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_few_texts_have_their_vectors_with_the_commit(string name)
    {
        await using var house = await IndexHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await house.RememberAsync(context, Drafts[..8]);
        var found = await house.AskAsync(context, ByMeaning);
        Assert.Equal("cat", found.Memories[0].Id);
        Assert.Empty(found.DegradedReasons);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task After_a_crash_the_rows_say_what_is_left_to_do(string name)
    {
        await using var house = await IndexHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await house.RememberAsync(context, Drafts);
        await using var restarted = house.Again();
        Assert.Equal(["embedding_pending"], (await restarted.AskAsync(context, "cat")).DegradedReasons);
        Assert.Equal(41, (await restarted.Index.BacklogAsync(Stop)).Count);
        Assert.Equal(41, await restarted.Later.RunAsync(Stop));
        Assert.Equal("cat", (await restarted.AskAsync(context, ByMeaning)).Memories[0].Id);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_newest_are_embedded_first(string name)
    {
        await using var house = await IndexHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await house.RememberAsync(context, Drafts);
        house.Clock.Advance(TimeSpan.FromMinutes(1));
        await house.RememberAsync(Databases.Context("b"), [.. Drafts.Select(draft => draft with { Id = "new-" + draft.Id })]);
        Assert.All(await house.Index.WaitingAsync(41, Stop), waiting => Assert.Equal("b", waiting.Tenant));
        Assert.Equal(house.Clock.GetUtcNow().AddMinutes(-1).ToUnixTimeMilliseconds() * 1000, (await house.Index.BacklogAsync(Stop)).Oldest);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_text_that_the_model_cannot_read_is_tried_once(string name)
    {
        await using var house = await IndexHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await house.RememberAsync(context, [.. Enumerable.Range(0, 9).Select(i => new MemoryDraft($"日本の天気は晴れです {i}", "fact", $"m{i}"))]);
        Assert.Equal(9, await house.Later.RunAsync(Stop));
        Assert.Equal(0, await house.Later.RunAsync(Stop));
        Assert.Empty((await house.AskAsync(context, "the weather")).DegradedReasons);
        var row = (await house.Store.FindAsync("a", "m1", Stop))!;
        Assert.Null(row.Embedding);
        Assert.Equal(IndexHouse.Embedder.Model, row.EmbeddingModel);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Another_model_makes_every_vector_anew(string name)
    {
        await using var house = await IndexHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await house.RememberAsync(context, Drafts[..3]);
        await using var newer = house.Again(new Renamed(IndexHouse.Embedder, "another-1"));
        Assert.Equal(["embedding_pending"], (await newer.AskAsync(context, ByMeaning)).DegradedReasons);
        Assert.Equal(3, await newer.Later.RunAsync(Stop));
        Assert.Equal(0, await newer.Later.RunAsync(Stop));
        var found = await newer.AskAsync(context, ByMeaning);
        Assert.Equal("cat", found.Memories[0].Id);
        Assert.Empty(found.DegradedReasons);
        Assert.Equal("another-1", (await newer.Store.FindAsync("a", "cat", Stop))!.EmbeddingModel);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task An_erased_memory_gets_no_vector(string name)
    {
        await using var house = await IndexHouse.OpenAsync(databases, name);
        var context = Databases.Context("a");
        await house.RememberAsync(context, Drafts);
        var read = await house.Index.WaitingAsync(100, Stop);
        await house.Memory.ForgetAsync(context, "cat", Stop);
        var late = read.Single(waiting => waiting.Row.Id == "cat");
        Assert.False(await house.Db.WriteAsync("a", work => Intelligence.Memory.IndexStore.EmbedAsync(work, late, [1, 2, 3], "model"), Stop));
        Assert.Equal(40, await house.Later.RunAsync(Stop));
        Assert.Empty((await house.AskAsync(context, "cat sofa naps")).Memories);
    }

    /// <summary>The same vectors under the name of another model.</summary>
    private sealed class Renamed(ITextEmbedder inner, string name) : ITextEmbedder
    {
        public string Model => name;

        public int Dimensions => inner.Dimensions;

        public string? Unavailability => inner.Unavailability;

        public float[]? Embed(string text) => inner.Embed(text);
    }
}
