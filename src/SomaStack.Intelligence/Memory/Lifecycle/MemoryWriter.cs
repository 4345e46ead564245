using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What became of one write.</summary>
/// <param name="Id">Of the memory that says it now: the new one, or the one that said it before.</param>
/// <param name="Superseded">Which memories it took the place of.</param>
internal sealed record Written(string Id, bool Created, bool Deduplicated, string? DuplicateOf, IReadOnlyList<string> Superseded);

/// <summary>
/// Writes memories in the caller's transaction: who says the same is met, who has the same key is superseded, and the index hears of
/// all of it with the commit. Only reads the database and writes to it, so that it may run again.
/// </summary>
internal sealed class MemoryWriter(Journal journal, Shelves shelves, ITextEmbedder embedder)
{
    /// <summary>Texts that share a fingerprint are compared word for word, so many at most.</summary>
    private const int ComparedMax = 8;

    /// <param name="shapes">For an import: what each row is besides its draft. Its ids stay, so that nothing is merged.</param>
    public async Task<IReadOnlyList<Written>> WriteAsync(
        DbWork work, RequestContext context, IReadOnlyList<PreparedMemory> memories, DateTimeOffset now, IReadOnlyList<Func<MemoryRow, MemoryRow>>? shapes = null)
    {
        // In one order everywhere, so that two batches never wait for each other.
        foreach (var slot in memories.Where(static memory => memory.Draft.Key is not null)
            .Select(static memory => KeyStore.Slot(memory.Draft.Namespace, memory.Draft.Universe, memory.Draft.Key!)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            await KeyStore.LockAsync(work, slot);
        var written = new List<Written>(memories.Count);
        var index = new List<(string Namespace, Func<Change> Change)>();
        for (var i = 0; i < memories.Count; i++) written.Add(await WriteOneAsync(work, context, memories[i], now, shapes?[i], index));
        work.OnCommit(() => Committed(context.Tenant, written, index));
        return written;
    }

    private async Task<Written> WriteOneAsync(DbWork work, RequestContext context, PreparedMemory memory, DateTimeOffset now, Func<MemoryRow, MemoryRow>? shape, List<(string, Func<Change>)> index)
    {
        var draft = memory.Draft;
        var row = shape is null ? Row(context, memory, now) : shape(Row(context, memory, now));
        // A retry meets its own row, and must not supersede anything a second time.
        if (draft.Id is not null && await KeyStore.IsTakenAsync(work, memory.Id)) return new Written(memory.Id, false, false, null, []);
        var start = Start(draft, now).ToMicros();
        KeyTimeline.Decision? decision = null;
        var duplicateOf = row.DuplicateOf;
        if (draft.Key is { } key && row.SupersededBy is null)
        {
            decision = KeyTimeline.Decide(await KeyStore.PlacesAsync(work, draft.Namespace, draft.Universe, key, start), start, memory.ContentHash);
            if (decision.Same is { } same) return new Written(same, false, true, same, []);
        }
        if (shape is null)
        {
            var (twin, original) = await TwinAsync(work, memory, now.ToMicros());
            if (twin is not null) return new Written(twin, false, true, twin, []);
            duplicateOf = original;
        }
        var superseded = new List<string>();
        foreach (var id in decision?.Closes ?? [])
            if (await SupersedeAsync(work, context, id, memory.Id, start, now, index)) superseded.Add(id);
        row = row with { DuplicateOf = duplicateOf, SimHash = duplicateOf is null ? memory.SimHash : null };
        if (decision?.ClosedBy is { } by) row = row with { SupersededBy = by, SupersededFrom = decision.ClosedFrom!.Value.ToInstant(), SupersededAt = now };
        if (!await MemoryStore.InsertAsync(work, row))
        {
            // Another writer took the id since it was looked at: what was superseded for it must not stay so.
            if (superseded.Count > 0) throw PlatformProblems.Conflict.Because("The id was taken at the same moment.");
            return new Written(memory.Id, false, false, null, []);
        }
        // The journal is never erased, so it holds no text.
        var remembered = new Remembered(memory.Id, draft.Namespace, draft.Kind, memory.ContentHash, draft.Text.Length, draft.Source, draft.Line, draft.Conversation, memory.EmbeddingModel);
        await journal.AppendAsync(work, context, MemoryEvents.Subject(memory.Id), row.Version, MemoryEvents.Remembered, remembered, MemoryJson.Default.Remembered);
        await Facts.WriteAsync(work, context, journal, row);
        index.Add((draft.Namespace, () => new Change(memory.Id, EntryOf(memory, row))));
        return new Written(memory.Id, true, false, duplicateOf, superseded);
    }

    private async Task<bool> SupersedeAsync(DbWork work, RequestContext context, string id, string by, long from, DateTimeOffset now, List<(string, Func<Change>)> index)
    {
        if (await KeyStore.CloseAsync(work, context, id, by, from, now.ToMicros()) is not { } closed) return false;
        await journal.AppendAsync(work, context, MemoryEvents.Subject(id), closed.Version, MemoryEvents.Superseded,
            new Superseded(id, closed.Namespace, by, from.ToInstant()), MemoryJson.Default.Superseded);
        index.Add((closed.Namespace, () => Entries.Of(closed, embedder.Model)));
        return true;
    }

    /// <returns>The memory that makes this write needless, or the first one that said nearly the same.</returns>
    private static async Task<(string? Twin, string? Original)> TwinAsync(DbWork work, PreparedMemory memory, long now)
    {
        var draft = memory.Draft;
        // What happened again happened twice: an episode is always kept.
        if (draft.Kind == "episode")
        {
            if (await KeyStore.FirstAsync(work, draft.Namespace, memory.ContentHash) is { } first) return (null, first);
        }
        else
        {
            var twins = await KeyStore.TwinsAsync(work, draft.Namespace, draft.Universe, draft.Kind, memory.ContentHash, now);
            if (draft.Key is null && twins.Find(twin => AddsNothing(draft, twin)) is { } same) return (same.Id, null);
            if (twins.Count > 0) return (null, twins[0].DuplicateOf ?? twins[0].Id);
        }
        if (memory.SimHash is not { } simHash || memory.Terms is not { } terms) return (null, null);
        var near = await KeyStore.NearAsync(work, draft.Namespace, simHash);
        foreach (var id in near.Take(ComparedMax))
            if (await MemoryStore.FindAsync(work, id) is { } row && SimHash.AreNear(terms, Analyser.Document(row.Text))) return (null, row.DuplicateOf ?? id);
        return (null, null);
    }

    /// <summary>The same statement from another source, or for another time, is kept: what cites it must stay true.</summary>
    private static bool AddsNothing(MemoryDraft draft, MemoryRow twin) =>
        (draft.Source is null || draft.Source == twin.Source && draft.Line == twin.Line) && draft.Conversation == twin.Conversation
        && (draft.ValidFrom is null || draft.ValidFrom == twin.ValidFrom) && draft.ValidTo == twin.ValidTo && draft.ExpiresAt == twin.ExpiresAt;

    private static MemoryRow Row(RequestContext context, PreparedMemory memory, DateTimeOffset now)
    {
        var draft = memory.Draft;
        return new MemoryRow(
            memory.Id, draft.Namespace, draft.Kind, draft.Text, draft.Source, draft.Line, draft.Conversation, draft.Tags ?? [], draft.Metadata,
            context.Principal.Id, draft.EventTime ?? now, now, draft.Importance, draft.Trust, memory.ContentHash, memory.Encoded, memory.EmbeddingModel, 1, null)
        {
            Key = draft.Key, Universe = draft.Universe, ValidFrom = draft.Key is null ? draft.ValidFrom : Start(draft, now), ValidTo = draft.ValidTo, ExpiresAt = draft.ExpiresAt,
        };
    }

    /// <summary>
    /// Since when a memory of a key holds: those of a key follow each other, so each begins somewhere. Without a valid_from that is its event
    /// time; what is said now of a later event holds from now.
    /// </summary>
    private static DateTimeOffset Start(MemoryDraft draft, DateTimeOffset now) => draft.ValidFrom ?? (draft.EventTime < now ? draft.EventTime.Value : now);

    private static Entry EntryOf(PreparedMemory memory, MemoryRow row) =>
        Entries.Of(memory.Draft, memory.Id, memory.Terms ?? Analyser.Document(memory.Draft.Text), memory.Encoded, row.EventTime, row.RecordedAt, row.DuplicateOf) with
        {
            Version = row.Version, Pending = memory.EmbeddingModel is null, ValidFrom = row.ValidFrom?.ToMicros() ?? long.MinValue,
            SupersededFrom = row.SupersededFrom?.ToMicros() ?? long.MaxValue, SupersededAt = row.SupersededAt?.ToMicros() ?? long.MaxValue,
        };

    private void Committed(string tenant, List<Written> written, List<(string Namespace, Func<Change> Change)> index)
    {
        foreach (var space in index.GroupBy(static item => item.Namespace, StringComparer.Ordinal)) shelves.Apply(tenant, space.Key, [.. space.Select(static item => item.Change())]);
        MemoryMetrics.Remembered.Add(written.Count(static one => one.Created));
        LifecycleMetrics.Deduplicated.Add(written.Count(static one => one.Deduplicated));
        LifecycleMetrics.Superseded.Add(written.Sum(static one => one.Superseded.Count));
    }
}
