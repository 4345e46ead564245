using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Inference.UseLite;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Memory;

/// <summary>One process of the room over a database that others may share; a second one is another replica, or the same after a restart.</summary>
internal sealed class IndexHouse : IAsyncDisposable
{
    private static readonly Room[] Rooms = [JournalModule.Room, MemoryModule.Room];

    // Its weights are loaded once for all tests.
    public static readonly ITextEmbedder Embedder = new UseLiteEmbedder(UseLiteModule.Locate(new SomaOptions()));

    private readonly bool _owns;

    private readonly string _folder;

    private IndexHouse(Db db, ITextEmbedder embedder, FakeTimeProvider clock, string folder, bool owns)
    {
        (Db, Clock, _folder, _owns) = (db, clock, folder, owns);
        Files = new Snapshots(new SomaOptions { DataDirectory = folder }, NullLogger<Snapshots>.Instance);
        Store = new MemoryStore(db);
        Index = new IndexStore(db);
        Shelves = new Shelves(Store, embedder, NullLogger<Shelves>.Instance, Files) { SmallestSaved = 10 };
        Memory = new Memories(Store, Shelves, embedder, new Journal(clock), clock);
        Later = new EmbedLater(Index, Shelves, embedder, clock, NullLogger<EmbedLater>.Instance);
        Compare = new CompareIndex(Index, Store, Shelves, embedder, clock, NullLogger<CompareIndex>.Instance);
        Keep = new KeepSnapshots(Index, Shelves, Files, clock, NullLogger<KeepSnapshots>.Instance);
    }

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public Db Db { get; }

    public FakeTimeProvider Clock { get; }

    public MemoryStore Store { get; }

    public IndexStore Index { get; }

    public Shelves Shelves { get; }

    public Memories Memory { get; }

    public EmbedLater Later { get; }

    public Snapshots Files { get; }

    public KeepSnapshots Keep { get; }

    public CompareIndex Compare { get; }

    public string Folder => _folder;

    /// <summary>All bytes of all index files.</summary>
    public byte[] Bytes() => !Directory.Exists(_folder) ? [] : [.. Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories).SelectMany(File.ReadAllBytes)];

    public static async Task<IndexHouse> OpenAsync(Databases databases, string name, ITextEmbedder? embedder = null) =>
        new(await databases.OpenAsync(name, Rooms), embedder ?? Embedder, new FakeTimeProvider(new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero)), Directory.CreateTempSubdirectory("soma-index-").FullName, owns: true);

    public IndexHouse Again(ITextEmbedder? embedder = null) => new(Db, embedder ?? Embedder, Clock, _folder, owns: false);

    /// <summary>As a batch does: beyond a few texts, without their vectors.</summary>
    public async Task RememberAsync(RequestContext context, params IReadOnlyList<MemoryDraft> drafts)
    {
        var prepared = await Memory.PrepareManyAsync(drafts, Stop);
        await Db.WriteAsync(context.Tenant, work => Memory.WriteManyAsync(work, context, prepared), Stop);
    }

    /// <summary>
    /// Returns when the index reads none of what was written here again by itself. Until then a transaction of another test, in the same
    /// PostgreSQL, may keep the horizon below it.
    /// </summary>
    public async Task PassAsync(string tenant, string @namespace)
    {
        while ((await Store.ChangedSinceAsync(tenant, @namespace, await Db.JournalHorizonAsync(Stop), Stop)).Count > 0) await Task.Yield();
        await Shelves.ReadyAsync(tenant, @namespace, Stop);
    }

    public Task<Recollection> AskAsync(RequestContext context, string question, int limit = 10) => Memory.RecallAsync(context, new RecallQuery(question, limit), Stop);

    public async ValueTask DisposeAsync()
    {
        Later.Dispose();
        Shelves.Dispose();
        Keep.Dispose();
        Compare.Dispose();
        if (!_owns) return;
        await Db.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
