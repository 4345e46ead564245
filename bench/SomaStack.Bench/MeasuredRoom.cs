using Microsoft.Extensions.DependencyInjection;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.Bench;

/// <summary>The whole server in this process on a database of its own, asked through the memory room's contract.</summary>
internal sealed class MeasuredRoom : IAsyncDisposable
{
    private const int Batch = 64;

    private readonly string _folder;
    private readonly Microsoft.AspNetCore.Builder.WebApplication _app;
    private readonly Memories _memories;
    private readonly Db _db;

    private MeasuredRoom(string folder, Microsoft.AspNetCore.Builder.WebApplication app) =>
        (_folder, _app, _memories, _db) = (folder, app, app.Services.GetRequiredService<Memories>(), app.Services.GetRequiredService<Db>());

    public static async Task<MeasuredRoom> OpenAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("soma-bench-").FullName;
        return new MeasuredRoom(folder, await SomaServer.BuildAsync(new SomaOptions { DataDirectory = folder, Url = "http://127.0.0.1:0" }, cancellationToken));
    }

    /// <summary>Each conversation is a tenant of its own; its turns carry their LoCoMo ids.</summary>
    public async Task RememberAsync(Locomo.Conversation conversation, CancellationToken cancellationToken)
    {
        var context = Context(conversation);
        foreach (var turns in conversation.Turns.Chunk(Batch))
        {
            var prepared = new List<PreparedMemory>(Batch);
            foreach (var turn in turns)
                prepared.Add(await _memories.PrepareAsync(context, new MemoryDraft(turn.Text, "episode", turn.Id, Conversation: turn.Session, EventTime: turn.At), cancellationToken));
            await _db.WriteAsync(context.Tenant, work => _memories.WriteManyAsync(work, context, prepared), cancellationToken);
        }
    }

    /// <summary>Remembers in batches, each in one transaction, embeddings included.</summary>
    public async Task RememberAsync(string tenant, IEnumerable<MemoryDraft> drafts, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(tenant, DeploymentMode.Test);
        foreach (var some in drafts.Chunk(Batch))
        {
            var prepared = new List<PreparedMemory>(Batch);
            foreach (var draft in some) prepared.Add(await _memories.PrepareAsync(context, draft, cancellationToken));
            await RememberAsync(tenant, prepared, cancellationToken);
        }
    }

    /// <summary>One transaction.</summary>
    public Task RememberAsync(string tenant, IReadOnlyList<PreparedMemory> prepared, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(tenant, DeploymentMode.Test);
        return _db.WriteAsync(tenant, work => _memories.WriteManyAsync(work, context, prepared), cancellationToken);
    }

    /// <summary>With the embedding that is computed, or with <paramref name="vector"/> in its place.</summary>
    public async Task<PreparedMemory> PrepareAsync(string tenant, MemoryDraft draft, float[]? vector, CancellationToken cancellationToken) =>
        vector is null ? await _memories.PrepareAsync(RequestContext.ForSystem(tenant, DeploymentMode.Test), draft, cancellationToken) : _memories.Prepared(draft, vector);

    public Task<Recollection> RecallAsync(string tenant, RecallQuery query, Ranking ranking, CancellationToken cancellationToken) =>
        _memories.RecallAsync(RequestContext.ForSystem(tenant, DeploymentMode.Test), query, ranking, cancellationToken);

    /// <summary>Links all vectors of the shelves in memory, as the server does between its requests.</summary>
    public void LinkVectors(CancellationToken cancellationToken)
    {
        foreach (var shelf in _app.Services.GetRequiredService<Shelves>().InMemory)
            while (shelf.LinkSome(Batch)) cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Asked as of the end of the conversation: the ids, best first.</summary>
    public async Task<List<string>> AskAsync(Locomo.Conversation conversation, string question, int limit, Ranking ranking, CancellationToken cancellationToken) =>
        [.. (await RecallAsync(conversation, question, limit, ranking, cancellationToken)).Memories.Select(memory => memory.Id)];

    public Task<Recollection> RecallAsync(Locomo.Conversation conversation, string question, int limit, Ranking ranking, CancellationToken cancellationToken) =>
        _memories.RecallAsync(Context(conversation), new RecallQuery(question, limit, AsOf: conversation.End), ranking, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private static RequestContext Context(Locomo.Conversation conversation) => RequestContext.ForSystem("locomo-" + conversation.Id, DeploymentMode.Test);
}
