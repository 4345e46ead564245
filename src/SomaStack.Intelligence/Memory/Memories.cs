using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>The room's contract: prepare outside the transaction, write inside it, recall what was acknowledged.</summary>
internal sealed class Memories(MemoryStore store, Shelves shelves, ITextEmbedder embedder, Journal journal, TimeProvider clock) : IMemory
{
    public Task<PreparedMemory> PrepareAsync(RequestContext context, MemoryDraft draft, CancellationToken cancellationToken)
    {
        MemoryLimits.Check(draft);
        cancellationToken.ThrowIfCancellationRequested();
        var vector = Embed(draft.Text);
        return Task.FromResult(new PreparedMemory(draft, draft.Id ?? Ids.New(clock), Hash(draft.Text), vector, vector is null ? null : embedder.Model)
        {
            Terms = Analyser.Document(draft.Text),
            Encoded = vector is null ? null : Quantised.Encode(vector),
        });
    }

    public async Task<string> WriteAsync(DbWork work, RequestContext context, PreparedMemory memory)
    {
        await WriteManyAsync(work, context, [memory]);
        return memory.Id;
    }

    /// <summary>Writes all in the caller's transaction; the index hears of them once.</summary>
    /// <returns>For each, whether it was new.</returns>
    public async Task<bool[]> WriteManyAsync(DbWork work, RequestContext context, IReadOnlyList<PreparedMemory> memories)
    {
        var now = clock.GetUtcNow();
        var created = new bool[memories.Count];
        for (var i = 0; i < memories.Count; i++) created[i] = await InsertAsync(work, context, memories[i], now);
        work.OnCommit(() => Committed(context.Tenant, memories, created, now));
        return created;
    }

    public async Task<Recollection> RecallAsync(RequestContext context, RecallQuery query, CancellationToken cancellationToken)
    {
        MemoryLimits.Check(query);
        var started = Stopwatch.GetTimestamp();
        var vector = Embed(query.Text);
        var shelf = await shelves.ReadyAsync(context.Tenant, query.Namespace, cancellationToken);
        var question = new Question(Analyser.Query(query.Text), vector, query.Limit, query.Tags, query.Kind, query.MinScore, query.Conversation, clock.NowMicros())
        {
            Universe = query.Universe, From = query.From?.ToMicros() ?? long.MinValue, To = query.To?.ToMicros() ?? long.MaxValue,
            AsOf = query.AsOf?.ToMicros(), KnownAt = query.KnownAt?.ToMicros(), Superseded = query.Superseded,
        };
        var found = shelf.Search(question, Ranking.Default);
        var rows = found.Count == 0 ? [] : (await store.FindAsync(context.Tenant, [.. found.Select(hit => hit.Id)], cancellationToken)).ToDictionary(row => row.Id, StringComparer.Ordinal);
        // A memory that was deleted between the search and the read is left out.
        var memories = found.Where(hit => rows.ContainsKey(hit.Id)).Select(hit => Recalled(hit, rows[hit.Id])).ToList();
        MemoryMetrics.Recall.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        return new Recollection(memories, Degraded(vector));
    }

    /// <summary>Clears the content of a memory, for good. False when the tenant has none of this id.</summary>
    public Task<bool> ForgetAsync(RequestContext context, string id, CancellationToken cancellationToken) => store.Db.WriteAsync(context.Tenant, async work =>
    {
        if (await MemoryStore.EraseAsync(work, id, clock.NowMicros()) is not { } erased) return false;
        await journal.AppendAsync(work, context, MemoryEvents.Subject(id), erased.Version, MemoryEvents.Forgotten, new Forgotten(id, erased.Namespace), MemoryJson.Default.Forgotten);
        work.OnCommit(() =>
        {
            shelves.Apply(context.Tenant, erased.Namespace, [new Change(id, null)]);
            MemoryMetrics.Forgotten.Add(1);
        });
        return true;
    }, cancellationToken);

    /// <summary>What an answer without an embedding lacks.</summary>
    public IReadOnlyList<string> Degraded(float[]? vector) =>
        vector is not null ? [] : embedder.Unavailability is null ? ["embedding_unreadable"] : ["embedding_unavailable"];

    private async Task<bool> InsertAsync(DbWork work, RequestContext context, PreparedMemory memory, DateTimeOffset now)
    {
        var draft = memory.Draft;
        var row = new MemoryRow(
            memory.Id, draft.Namespace, draft.Kind, draft.Text, draft.Source, draft.Line, draft.Conversation, draft.Tags ?? [], draft.Metadata,
            context.Principal.Id, draft.EventTime ?? now, now, draft.Importance, draft.Trust, memory.ContentHash, memory.Encoded, memory.EmbeddingModel, 1, null)
        {
            Key = draft.Key, Universe = draft.Universe, ValidFrom = draft.ValidFrom, ValidTo = draft.ValidTo, ExpiresAt = draft.ExpiresAt,
        };
        if (!await MemoryStore.InsertAsync(work, row)) return false;
        // The journal is never erased, so it holds no text.
        var remembered = new Remembered(memory.Id, draft.Namespace, draft.Kind, memory.ContentHash, draft.Text.Length, draft.Source, draft.Line, draft.Conversation, memory.EmbeddingModel);
        await journal.AppendAsync(work, context, MemoryEvents.Subject(memory.Id), 1, MemoryEvents.Remembered, remembered, MemoryJson.Default.Remembered);
        return true;
    }

    private void Committed(string tenant, IReadOnlyList<PreparedMemory> memories, bool[] created, DateTimeOffset now)
    {
        var written = memories.Where((_, i) => created[i]).ToList();
        foreach (var space in written.GroupBy(memory => memory.Draft.Namespace, StringComparer.Ordinal))
            shelves.Apply(tenant, space.Key, [.. space.Select(memory => new Change(
                memory.Id,
                Entries.Of(memory.Draft, memory.Id, memory.Terms ?? Analyser.Document(memory.Draft.Text), memory.Encoded, memory.Draft.EventTime ?? now, now)))]);
        MemoryMetrics.Remembered.Add(written.Count);
    }

    private float[]? Embed(string text)
    {
        var started = Stopwatch.GetTimestamp();
        var vector = embedder.Embed(text);
        if (vector is not null) MemoryMetrics.Embedding.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        return vector;
    }

    private static RecalledMemory Recalled(Found hit, MemoryRow row) => new(
        row.Id, row.Text, Math.Round(hit.Score, 4), row.Kind, row.Source, (int?)row.Line, row.Trust, row.EventTime,
        new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["lexical"] = Math.Round(hit.Lexical, 4), ["semantic"] = Math.Round(hit.Semantic, 4), ["neighbours"] = Math.Round(hit.Neighbours, 4),
            ["recency"] = Math.Round(hit.Recency, 4), ["importance"] = Math.Round(hit.Importance, 4),
        })
    {
        Key = row.Key, Conversation = row.Conversation, Tags = row.Tags, ValidFrom = row.ValidFrom, ValidTo = row.ValidTo, SupersededBy = row.SupersededBy,
    };

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
