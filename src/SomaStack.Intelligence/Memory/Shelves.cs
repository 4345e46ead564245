using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The shelves in memory. One is filled from the database when it is first asked, so that a start does not wait. Commits of this
/// process reach it at once; on PostgreSQL it also reads what other replicas committed, before every answer.
/// </summary>
internal sealed partial class Shelves(MemoryStore store, ITextEmbedder embedder, ILogger<Shelves> log) : IDisposable
{
    private const int PageSize = 1000;

    /// <summary>About a gigabyte of vectors and terms; beyond it the shelves that were not asked for longest are let go.</summary>
    private const int MemoriesHeld = 500_000;

    private readonly ConcurrentDictionary<(string Tenant, string Namespace), Slot> _slots = new();
    private long _asked;

    /// <summary>Rings when a commit of this process left a memory without its vector.</summary>
    public JournalSignal Waiting { get; } = new();

    /// <summary>Hands a commit of this process on; a shelf that is not in memory will read it from the database.</summary>
    public void Apply(string tenant, string @namespace, IReadOnlyList<Change> changes)
    {
        if (_slots.TryGetValue((tenant, @namespace), out var slot)) slot.Shelf.Apply(changes);
        if (changes.Any(static change => change.Entry is { Pending: true })) Waiting.Ring();
    }

    /// <summary>A shelf that holds every write acknowledged before this call.</summary>
    public async Task<Shelf> ReadyAsync(string tenant, string @namespace, CancellationToken cancellationToken)
    {
        var slot = _slots.GetOrAdd((tenant, @namespace), static _ => new Slot());
        slot.LastAsked = Interlocked.Increment(ref _asked);
        // Every page is read under the first asker's patience; when that ends, the next asker starts again.
        if (!slot.Filled || store.Db.Name != "sqlite") await CatchUpAsync(slot, tenant, @namespace, cancellationToken);
        return slot.Shelf;
    }

    /// <summary>What is in memory now.</summary>
    public IEnumerable<Shelf> InMemory => _slots.Values.Where(static slot => slot.Filled).Select(static slot => slot.Shelf);

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
            var horizon = store.Db.Name == "sqlite" ? 0 : await store.Db.JournalHorizonAsync(cancellationToken);
            if (!slot.Filled)
            {
                await FillAsync(slot, tenant, @namespace, cancellationToken);
                LetGo(slot);
            }
            else if (store.Db.Name != "sqlite")
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
        for (var after = ""; ;)
        {
            var rows = await store.PageAsync(tenant, @namespace, after, PageSize, cancellationToken);
            slot.Shelf.Fill([.. rows.Select(row => Entries.Of(row, embedder.Model))]);
            if (rows.Count < PageSize) break;
            after = rows[^1].Id;
        }
        slot.Shelf.Open();
        slot.Filled = true;
        var elapsed = Stopwatch.GetElapsedTime(started);
        MemoryMetrics.Loading.Record(elapsed.TotalSeconds);
        Loaded(log, slot.Shelf.Count, elapsed.TotalMilliseconds);
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

    [LoggerMessage(LogLevel.Information, "Loaded an index of {Count} memories in {Milliseconds:F0} ms.")]
    private static partial void Loaded(ILogger log, int count, double milliseconds);

    private sealed class Slot : IDisposable
    {
        public Shelf Shelf { get; } = new();

        public SemaphoreSlim Turn { get; } = new(1);

        public volatile bool Filled;

        public long Horizon { get; set; }

        public long LastAsked { get; set; }

        public void Dispose()
        {
            Shelf.Dispose();
            Turn.Dispose();
        }
    }
}
