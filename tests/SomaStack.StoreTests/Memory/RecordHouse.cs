using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Inference.UseLite;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.StoreTests.Memory;

/// <summary>The memory room inside the whole server, with a clock that the test moves. <see cref="Again"/> is a second replica.</summary>
internal sealed class RecordHouse : IAsyncDisposable
{
    private static readonly UseLiteEmbedder Embedder = new(UseLiteModule.Locate(new SomaOptions()));

    private readonly Microsoft.AspNetCore.Builder.WebApplication _app;
    private readonly string _folder;

    private RecordHouse(Microsoft.AspNetCore.Builder.WebApplication app, string folder)
    {
        (_app, _folder) = (app, folder);
        Own = Again();
    }

    public Db Db => _app.Services.GetRequiredService<Db>();

    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.UnixEpoch.AddYears(56));

    public Replica Own { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<RecordHouse> OpenAsync(Databases databases, string name)
    {
        var folder = Directory.CreateTempSubdirectory("soma-record-").FullName;
        var app = await SomaServer.BuildAsync(new SomaOptions { DataDirectory = folder, Database = await databases.CreateAsync(name), Url = "http://127.0.0.1:0" }, Stop);
        return new RecordHouse(app, folder);
    }

    public Replica Again()
    {
        var store = new MemoryStore(Db);
        var journal = new Journal(Clock);
        var shelves = new Shelves(store, Embedder, NullLogger<Shelves>.Instance);
        var memories = new Memories(store, shelves, Embedder, journal, Clock);
        var gate = new WriteGate(_app.Services.GetRequiredService<IGate>());
        var erasure = new MemoryErasure(journal, shelves);
        return new Replica(store, memories, shelves, new ChangeMemory(store, memories, gate, journal, shelves, Embedder, Clock), erasure, new LinkWriter(journal),
            new Expire(store, erasure, _app.Services.GetRequiredService<ISettings>(), Clock, NullLogger<Expire>.Instance), new HoldMemory(store, journal, Clock),
            new Forget(store, erasure, Clock), new ErasureProof(store, shelves), new Graph(store, Clock),
            new ImportMemories(store, memories, new MemoryWriter(journal, shelves, Embedder), new LinkWriter(journal), gate, Clock));
    }

    public async Task<Written> RememberAsync(RequestContext context, MemoryDraft draft, Replica? replica = null)
    {
        var memories = (replica ?? Own).Memories;
        var prepared = await memories.PrepareAsync(context, draft, Stop);
        return (await Db.WriteAsync(context.Tenant, work => memories.WriteManyAsync(work, context, [prepared]), Stop))[0];
    }

    public Task<LinkWritten> LinkAsync(RequestContext context, string from, string to, string type = "related", double weight = 1) =>
        Db.WriteAsync(context.Tenant, work => Own.Links.WriteAsync(work, context, new LinkDraft(from, to, type, weight, MemoryDraft.Real, null, null), Clock.NowMicros()), Stop);

    public async Task<MemoryRow> RowAsync(string tenant, string id) => (await Own.Store.FindAsync(tenant, id, Stop))!;

    public async Task<IReadOnlyList<RecalledMemory>> AskAsync(RequestContext context, RecallQuery query, Replica? replica = null) =>
        (await (replica ?? Own).Memories.RecallAsync(context, query, Stop)).Memories;

    public async ValueTask DisposeAsync()
    {
        Own.Dispose();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    internal sealed record Replica(
        MemoryStore Store, Memories Memories, Shelves Shelves, ChangeMemory Change, MemoryErasure Erasure, LinkWriter Links, Expire Expire, HoldMemory Hold, Forget Forget,
        ErasureProof Proof, Graph Graph, ImportMemories Import) : IDisposable
    {
        public void Dispose()
        {
            Shelves.Dispose();
            Expire.Dispose();
        }
    }
}
