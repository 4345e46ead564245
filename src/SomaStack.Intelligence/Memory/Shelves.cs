using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The shelves in memory. One is filled when it is first asked, so that a start does not wait: from its file and what changed since, or
/// from the rows. Commits of this process reach it at once; on PostgreSQL it also reads what other replicas committed, before every answer.
/// </summary>
internal sealed partial class Shelves(MemoryStore store, ITextEmbedder embedder, ILogger<Shelves> log, Snapshots? snapshots = null) : IDisposable
{
    private const int PageSize = 2000;

    /// <summary>Pages that are analysed while the next is read.</summary>
    private const int PagesAhead = 2;

    /// <summary>About a gigabyte of vectors and terms; beyond it the shelves that were not asked for longest are let go.</summary>
    private const int MemoriesHeld = 500_000;

    private readonly ConcurrentDictionary<(string Tenant, string Namespace), Slot> _slots = new();
    private readonly IndexStore _index = new(store.Db);
    private long _asked;

    /// <summary>Rings when a commit of this process left a memory without its vector.</summary>
    public JournalSignal Waiting { get; } = new();

    private bool IsSqlite => store.Db.Name == "sqlite";

    /// <summary>Hands a commit of this process on; a shelf that is not in memory will read it from the database.</summary>
    public void Apply(string tenant, string @namespace, IReadOnlyList<Change> changes)
    {
        var (erased, pending) = (false, false);
        foreach (var change in changes)
        {
            erased |= change.Entry is null;
            pending |= change.Entry is { Pending: true };
        }
        if (_slots.TryGetValue((tenant, @namespace), out var slot))
        {
            slot.Shelf.Apply(changes);
            slot.Changed(changes.Count);
        }
        if (erased) snapshots?.Erase(tenant, @namespace);
        if (pending) Waiting.Ring();
    }

    /// <summary>A shelf that holds every write acknowledged before this call.</summary>
    public async Task<Shelf> ReadyAsync(string tenant, string @namespace, CancellationToken cancellationToken)
    {
        var slot = _slots.GetOrAdd((tenant, @namespace), static _ => new Slot());
        slot.LastAsked = Interlocked.Increment(ref _asked);
        // Every page is read under the first asker's patience; when that ends, the next asker starts again.
        if (!slot.Filled || !IsSqlite) await CatchUpAsync(slot, tenant, @namespace, cancellationToken);
        return slot.Shelf;
    }

    /// <summary>What is in memory now.</summary>
    public IEnumerable<Shelf> InMemory => _slots.Values.Where(static slot => slot.Filled).Select(static slot => slot.Shelf);

    /// <summary>The shelf if it is in memory; it may be behind what other replicas committed.</summary>
    public Shelf? Loaded(string tenant, string @namespace) => _slots.TryGetValue((tenant, @namespace), out var slot) && slot.Filled ? slot.Shelf : null;

    /// <summary>What is in memory now.</summary>
    public IReadOnlyList<(string Tenant, string Namespace)> Held => [.. _slots.Where(static pair => pair.Value.Filled).Select(static pair => pair.Key)];

    public void Dispose()
    {
        foreach (var slot in _slots.Values) slot.Dispose();
    }

    private async Task CatchUpAsync(Slot slot, string tenant, string @namespace, CancellationToken cancellationToken)
    {
        await slot.Turn.WaitAsync(cancellationToken);
        try
        {
            // Taken before the rows are read: what is older is final and seen by the read that follows.
            var horizon = IsSqlite ? 0 : await store.Db.JournalHorizonAsync(cancellationToken);
            if (!slot.Filled)
            {
                await FillAsync(slot, tenant, @namespace, cancellationToken);
                LetGo(slot);
            }
            else if (!IsSqlite)
            {
                var changed = await store.ChangedSinceAsync(tenant, @namespace, slot.Horizon, cancellationToken);
                if (changed.Count > 0) slot.Shelf.Apply([.. changed.Select(row => Entries.Of(row, embedder.Model))]);
            }
            slot.Horizon = horizon;
        }
        finally
        {
            slot.Turn.Release();
        }
    }

    private async Task FillAsync(Slot slot, string tenant, string @namespace, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var fromFile = IsSqlite && await FromFileAsync(slot, tenant, @namespace, cancellationToken);
        if (!fromFile) await FromRowsAsync(slot.Shelf, tenant, @namespace, cancellationToken);
        slot.Shelf.Open();
        slot.Filled = true;
        if (!fromFile) slot.Changed(slot.Shelf.Count);
        var elapsed = Stopwatch.GetElapsedTime(started);
        MemoryMetrics.Loading.Record(elapsed.TotalSeconds);
        FilledFrom(log, fromFile ? "its file" : "the rows", slot.Shelf.Count, elapsed.TotalMilliseconds);
    }

    /// <summary>One thread reads while others analyse; the pages are taken in their order.</summary>
    private async Task FromRowsAsync(Shelf shelf, string tenant, string @namespace, CancellationToken cancellationToken)
    {
        var ahead = new Queue<Task<Change[]>>();
        for (var after = ""; ;)
        {
            var rows = await store.PageAsync(tenant, @namespace, after, PageSize, cancellationToken);
            ahead.Enqueue(Task.Run(() => Analysed(rows), cancellationToken));
            if (ahead.Count > PagesAhead) shelf.Fill(await ahead.Dequeue());
            if (rows.Count < PageSize) break;
            after = rows[^1].Id;
        }
        foreach (var page in ahead) shelf.Fill(await page);
    }

    private Change[] Analysed(List<MemoryRow> rows)
    {
        var changes = new Change[rows.Count];
        for (var i = 0; i < changes.Length; i++) changes[i] = Entries.Of(rows[i], embedder.Model);
        return changes;
    }

    private void LetGo(Slot kept)
    {
        while (_slots.Values.Sum(static slot => (long)slot.Shelf.Count) > MemoriesHeld)
        {
            var oldest = _slots.Where(pair => pair.Value != kept && pair.Value.Filled).OrderBy(static pair => pair.Value.LastAsked).FirstOrDefault();
            // Not disposed: a search may still hold it, and the collector takes it afterwards.
            if (oldest.Value is null || !_slots.TryRemove(oldest)) return;
        }
    }

    [LoggerMessage(LogLevel.Information, "Filled an index from {Origin}: {Count} memories in {Milliseconds:F0} ms.")]
    private static partial void FilledFrom(ILogger log, string origin, int count, double milliseconds);

    private sealed class Slot : IDisposable
    {
        private long _changes;

        public Shelf Shelf { get; } = new();

        public SemaphoreSlim Turn { get; } = new(1);

        public volatile bool Filled;

        public long Horizon { get; set; }

        public long LastAsked { get; set; }

        /// <summary>When its file was last looked after; null until then.</summary>
        public DateTimeOffset? SavedAt { get; set; }

        /// <summary>Changes that its file lacks.</summary>
        public long Changes => Interlocked.Read(ref _changes);

        public void Changed(long count) => Interlocked.Add(ref _changes, count);

        public void Dispose()
        {
            Shelf.Dispose();
            Turn.Dispose();
        }
    }
}
