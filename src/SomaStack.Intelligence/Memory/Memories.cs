using System.Diagnostics;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>The room's contract: prepare outside the transaction, write inside it, recall what was acknowledged.</summary>
internal sealed class Memories(MemoryStore store, Shelves shelves, ITextEmbedder embedder, Journal journal, TimeProvider clock) : IMemory
{
    /// <summary>Beyond so many texts, their embeddings follow the commit: each takes longer than the whole commit.</summary>
    private const int EmbeddedAtOnce = 8;

    private readonly MemoryWriter _writer = new(journal, shelves, embedder);
    private readonly MemoryErasure _erasure = new(journal, shelves);

    public Task<PreparedMemory> PrepareAsync(RequestContext context, MemoryDraft draft, CancellationToken cancellationToken) =>
        Task.FromResult(Prepare(draft, deferred: false, cancellationToken));

    public Task<List<PreparedMemory>> PrepareManyAsync(IReadOnlyList<MemoryDraft> drafts, CancellationToken cancellationToken)
    {
        var deferred = drafts.Count > EmbeddedAtOnce && embedder.Unavailability is null;
        var prepared = new List<PreparedMemory>(drafts.Count);
        foreach (var draft in drafts) prepared.Add(Prepare(draft, deferred, cancellationToken));
        return Task.FromResult(prepared);
    }

    private PreparedMemory Prepare(MemoryDraft draft, bool deferred, CancellationToken cancellationToken)
    {
        MemoryLimits.Check(draft);
        cancellationToken.ThrowIfCancellationRequested();
        return Prepared(draft, deferred ? null : Embed(draft.Text), deferred);
    }

    /// <summary>With an embedding that the caller has.</summary>
    internal PreparedMemory Prepared(MemoryDraft draft, float[]? vector, bool deferred = false)
    {
        var terms = Analyser.Document(draft.Text);
        // A model without a vector says that the model cannot read the text; neither says that the vector is still to be made.
        var model = deferred || embedder.Unavailability is not null ? null : embedder.Model;
        return new PreparedMemory(draft, draft.Id ?? Ids.New(clock), ContentHash.Of(draft.Text), vector, model)
        {
            Deferred = deferred,
            Terms = terms,
            SimHash = SimHash.Of(terms),
            Encoded = vector is null ? null : Quantised.Encode(vector),
        };
    }

    public async Task<string> WriteAsync(DbWork work, RequestContext context, PreparedMemory memory) => (await WriteManyAsync(work, context, [memory]))[0].Id;

    /// <summary>Writes all in the caller's transaction; the index hears of them once.</summary>
    /// <returns>For each, in order, what became of it.</returns>
    public Task<IReadOnlyList<Written>> WriteManyAsync(DbWork work, RequestContext context, IReadOnlyList<PreparedMemory> memories) =>
        _writer.WriteAsync(work, context, memories, clock.GetUtcNow());

    public Task<Recollection> RecallAsync(RequestContext context, RecallQuery query, CancellationToken cancellationToken) =>
        RecallAsync(context, query, Ranking.Default, cancellationToken);

    /// <summary>With other constants than the shipped ones, for measuring what each of them adds.</summary>
    public async Task<Recollection> RecallAsync(RequestContext context, RecallQuery query, Ranking ranking, CancellationToken cancellationToken)
    {
        MemoryLimits.Check(query);
        var started = Stopwatch.GetTimestamp();
        var vector = Embed(query.Text);
        var shelf = await shelves.ReadyAsync(context.Tenant, query.Namespace, cancellationToken);
        var question = Asked(query, vector, clock.GetUtcNow());
        var first = shelf.Search(question, ranking);
        var confidence = Confidence.Of(first);
        IReadOnlyList<Found> found = first.Count > query.Limit ? [.. first.Take(query.Limit)] : first;
        var rows = found.Count == 0 ? [] : (await store.FindAsync(context.Tenant, [.. found.Select(hit => hit.Id)], cancellationToken)).ToDictionary(row => row.Id, StringComparer.Ordinal);
        // A memory that was deleted between the search and the read is left out.
        var memories = found.Where(hit => rows.ContainsKey(hit.Id)).Select(hit => Recalled(hit, rows[hit.Id])).ToList();
        MemoryMetrics.Recall.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        return new Recollection(memories, Degraded(vector, shelf.Pending > 0), Math.Round(confidence, 4), confidence < Confidence.AbstainBelow);
    }

    private static Question Asked(RecallQuery query, float[]? vector, DateTimeOffset now)
    {
        var intent = TimeIntent.Of(query.Text, query.AsOf ?? now);
        return new Question(Analyser.Query(query.Text), vector, Math.Max(query.Limit, Confidence.Depth), query.Tags, query.Kind, query.MinScore, query.Conversation, now.ToMicros())
        {
            Universe = query.Universe, From = query.From?.ToMicros() ?? long.MinValue, To = query.To?.ToMicros() ?? long.MaxValue,
            AsOf = query.AsOf?.ToMicros(), KnownAt = query.KnownAt?.ToMicros(), Superseded = query.Superseded, AsksWhen = intent.AsksWhen,
            Named = intent.HasWindow ? (intent.From?.ToMicros() ?? long.MinValue, intent.To?.ToMicros() ?? long.MaxValue) : null,
        };
    }

    /// <summary>Clears the content of a memory, for good. False when the tenant has none of this id.</summary>
    /// <exception cref="Problem">409 <c>memory_held</c>.</exception>
    public Task<bool> ForgetAsync(RequestContext context, string id, CancellationToken cancellationToken, string? reason = null) =>
        store.Db.WriteAsync(context.Tenant, work => _erasure.EraseAsync(work, context, id, reason, clock.NowMicros()), cancellationToken);

    /// <summary>What an answer without an embedding lacks.</summary>
    public IReadOnlyList<string> Degraded(PreparedMemory memory) => memory.Deferred ? ["embedding_pending"] : Degraded(memory.Embedding);

    public IReadOnlyList<string> Degraded(float[]? vector, bool pending = false) =>
        vector is not null ? pending ? ["embedding_pending"] : [] : embedder.Unavailability is null ? ["embedding_unreadable"] : ["embedding_unavailable"];

    private float[]? Embed(string text)
    {
        var started = Stopwatch.GetTimestamp();
        var vector = embedder.Embed(text);
        if (vector is not null) MemoryMetrics.Embedding.Record(Stopwatch.GetElapsedTime(started).TotalSeconds);
        return vector;
    }

    private static RecalledMemory Recalled(Found hit, MemoryRow row) => new(
        row.Id, row.Text, Math.Round(hit.Score, 4), row.Kind, row.Source, (int?)row.Line, row.Trust, row.EventTime, Explained(hit.Signals))
    {
        Key = row.Key, Conversation = row.Conversation, Tags = row.Tags, ValidFrom = row.ValidFrom, ValidTo = row.ValidTo, SupersededBy = row.SupersededBy,
    };

    internal static Dictionary<string, double> Explained(Signals signals) => new(StringComparer.Ordinal)
    {
        ["lexical"] = Math.Round(signals.Lexical, 4), ["semantic"] = Math.Round(signals.Semantic, 4), ["neighbours"] = Math.Round(signals.Neighbours, 4),
        ["context"] = Math.Round(signals.Context, 4), ["speaker"] = Math.Round(signals.Speaker, 4), ["time"] = Math.Round(signals.Time, 4),
        ["form"] = Math.Round(signals.Form, 4), ["recency"] = Math.Round(signals.Recency, 4), ["importance"] = Math.Round(signals.Importance, 4),
    };
}
