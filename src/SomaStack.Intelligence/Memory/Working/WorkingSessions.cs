using System.Collections.Concurrent;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>A session as it is at one version, with its index.</summary>
internal sealed class HeldSession(WorkingSession session, WorkingSet set, Lazy<Shelf>? shelf = null)
{
    public WorkingSession Session => session;

    public WorkingSet Set => set;

    public Lazy<Shelf> Shelf { get; } = shelf ?? new Lazy<Shelf>(() => Index(set));

    /// <summary>The same index as long-term memory has, so that both score alike.</summary>
    private static Shelf Index(WorkingSet set)
    {
        // Not disposed: a search may still hold it when a newer version replaces it, and the collector takes it afterwards.
        var shelf = new Shelf();
        shelf.Fill([.. set.Items.Select(static item => new Change(
            item.Id, Entries.Of(new MemoryDraft(item.Text, "episode"), item.Id, item.Terms, item.Vector, item.AdmittedAt, item.AdmittedAt)))]);
        shelf.Open();
        return shelf;
    }
}

/// <summary>
/// Reads and writes sessions. A copy is kept in process; every read and write first learns the current version from the database, so
/// that a copy of another version, by whichever replica it was outdated, is never used.
/// </summary>
internal sealed class WorkingSessions(WorkingStore store, ITextEmbedder embedder, TimeProvider clock)
{
    /// <summary>Sessions kept in process; beyond it all are let go and read again when asked for.</summary>
    private const int Limit = 1000;

    private readonly ConcurrentDictionary<WorkingKey, HeldSession> _held = new();

    public Db Db => store.Db;

    /// <summary>Null when this principal has no such session.</summary>
    public async Task<HeldSession?> ReadAsync(WorkingKey key, CancellationToken cancellationToken)
    {
        if (await store.FindAsync(key, cancellationToken) is not { } session) return null;
        if (Kept(key, session.Version) is { } kept) return kept;
        var held = Of(session, await store.ItemsAsync(key, embedder.Model, cancellationToken));
        // A commit between the two reads gives newer items under the older version; such a copy is never asked for again.
        Keep(key, held);
        return held;
    }

    /// <summary>Begins a change in a transaction: the next version, with the items as they were. Null when there is no such session.</summary>
    public async Task<HeldSession?> TakeAsync(DbWork work, WorkingKey key) =>
        await WorkingStore.TakeAsync(work, key, clock.NowMicros()) is { } session ? await WithItemsAsync(work, key, session) : null;

    /// <summary>The same; a session that is not there begins with this.</summary>
    public async Task<HeldSession> OpenAsync(DbWork work, WorkingKey key) =>
        await WithItemsAsync(work, key, await WorkingStore.OpenAsync(work, key, WorkingSet.CapacityDefault, clock.NowMicros()));

    /// <summary>Ends a change: the counters are written, and with the commit the copy in process follows.</summary>
    /// <param name="sameTexts">True when the index still holds: only uses, pins or links changed.</param>
    public async Task SaveAsync(DbWork work, WorkingKey key, HeldSession taken, WorkingSet set, int evicted = 0, bool? found = null, bool sameTexts = false)
    {
        var session = taken.Session with
        {
            Turn = set.Turn, Capacity = set.Capacity, Evictions = taken.Session.Evictions + evicted,
            Hits = taken.Session.Hits + (found == true ? 1 : 0), Misses = taken.Session.Misses + (found == false ? 1 : 0),
        };
        await WorkingStore.SaveAsync(work, key, session);
        work.OnCommit(() => Keep(key, new HeldSession(session, set, sameTexts ? taken.Shelf : null)));
    }

    private async Task<HeldSession> WithItemsAsync(DbWork work, WorkingKey key, WorkingSession session) =>
        Kept(key, session.Version - 1) is { } kept ? new HeldSession(session, kept.Set, kept.Shelf)
        : Of(session, session.Version == 1 ? [] : await WorkingStore.ItemsAsync(work, key, embedder.Model));

    private HeldSession? Kept(WorkingKey key, long version) => _held.TryGetValue(key, out var held) && held.Session.Version == version ? held : null;

    private void Keep(WorkingKey key, HeldSession fresh)
    {
        if (_held.Count >= Limit) _held.Clear();
        _held.AddOrUpdate(key, static (_, fresh) => fresh, static (_, old, fresh) => fresh.Session.Version >= old.Session.Version ? fresh : old, fresh);
    }

    private static HeldSession Of(WorkingSession session, List<WorkingItem> items)
    {
        // Collations differ between databases; the order of the set does not.
        items.Sort(static (a, b) => string.CompareOrdinal(a.Id, b.Id));
        return new HeldSession(session, new WorkingSet(items, session.Capacity, session.Turn));
    }
}
