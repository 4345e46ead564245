using System.Runtime.InteropServices;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Intelligence.Memory;

/// <summary>What the index keeps of a memory. Text stays in the database.</summary>
/// <param name="Vector">As <see cref="Quantised.Encode"/> makes it; null when there is none of the current model.</param>
internal sealed record Entry(
    string Id, long Version, string Kind, IReadOnlyList<string> Tags, string? Group, long EventTime, long Line, double Importance,
    DocumentTerms Terms, byte[]? Vector)
{
    public string? Key { get; init; }

    public string Universe { get; init; } = MemoryDraft.Real;

    /// <summary>Microseconds, like every time here; the ends of time stand for "always" and "never".</summary>
    public long ValidFrom { get; init; } = long.MinValue;

    public long ValidTo { get; init; } = long.MaxValue;

    public long RecordedAt { get; init; } = long.MinValue;

    /// <summary>When it was recorded that a later memory replaced this one, and from when on that one holds.</summary>
    public long SupersededAt { get; init; } = long.MaxValue;

    public long SupersededFrom { get; init; } = long.MaxValue;

    public long ExpiresAt { get; init; } = long.MaxValue;

    /// <summary>The first memory that says the same, for showing one of them.</summary>
    public string? DuplicateOf { get; init; }

    /// <summary>Whether it held at <paramref name="at"/>, as far as was recorded by <paramref name="known"/>.</summary>
    public bool Holds(long at, long known) =>
        RecordedAt <= known && ValidFrom <= at && at < ValidTo && (SupersededAt > known || at < SupersededFrom);
}

/// <summary>A change to a shelf: an entry that is now there, or an id that is gone.</summary>
internal readonly record struct Change(string Id, Entry? Entry);

/// <summary>
/// The index of one namespace of one tenant: an inverted list of terms, the vectors, and who stands next to whom. A projection of the
/// rows: the same rows give the same answers whatever the order they came in. Readers share it, a writer has it alone.
/// </summary>
internal sealed partial class Shelf : IDisposable
{
    private const int CompactAtLeast = 1024;

    private readonly ReaderWriterLockSlim _lock = new();
    private readonly HashSet<string> _removed = new(StringComparer.Ordinal);
    private Dictionary<string, int> _slots = new(StringComparer.Ordinal);
    private List<Entry?> _entries = [];
    private List<int> _before = [];
    private List<int> _after = [];
    private Dictionary<string, Postings> _terms = new(StringComparer.Ordinal);
    private Dictionary<string, List<Place>> _groups = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Universe, string Key), int> _overlaid = [];
    private long _totalLength;
    private List<Change>? _waiting = [];

    /// <summary>Memories that can be recalled.</summary>
    public int Count => _slots.Count;

    /// <summary>Takes changes; while the shelf is being filled they wait, so that an old row cannot overwrite a newer one.</summary>
    public void Apply(IReadOnlyList<Change> changes)
    {
        _lock.EnterWriteLock();
        try
        {
            if (_waiting is not null) _waiting.AddRange(changes);
            else foreach (var change in changes) Take(change);
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>Takes rows read from the database before <see cref="Open"/>.</summary>
    public void Fill(IReadOnlyList<Change> rows)
    {
        _lock.EnterWriteLock();
        try
        {
            foreach (var row in rows) Take(row);
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>Ends the filling: what waited is taken, and from now on changes are taken at once.</summary>
    public void Open()
    {
        _lock.EnterWriteLock();
        try
        {
            foreach (var change in _waiting ?? []) Take(change);
            _waiting = null;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    public void Dispose() => _lock.Dispose();

    private void Take(Change change)
    {
        if (change.Entry is not { } entry)
        {
            // Ids are never used again, so a row that was read before its deletion must not come back.
            _removed.Add(change.Id);
            if (_slots.ContainsKey(change.Id)) Remove(change.Id);
            return;
        }
        if (_removed.Contains(entry.Id)) return;
        if (_slots.TryGetValue(entry.Id, out var slot))
        {
            if (_entries[slot]!.Version >= entry.Version) return;
            Remove(entry.Id);
        }
        Add(entry);
    }

    private void Add(Entry entry)
    {
        var slot = _entries.Count;
        _entries.Add(entry);
        _before.Add(-1);
        _after.Add(-1);
        _slots.Add(entry.Id, slot);
        _totalLength += entry.Terms.Length;
        if (Overlay(entry) is { } overlay) CollectionsMarshal.GetValueRefOrAddDefault(_overlaid, overlay, out _)++;
        for (var i = 0; i < entry.Terms.Terms.Length; i++)
        {
            ref var postings = ref CollectionsMarshal.GetValueRefOrAddDefault(_terms, entry.Terms.Terms[i], out _);
            postings ??= new Postings();
            postings.Add(slot, entry.Terms.Counts[i]);
        }
        if (entry.Group is null) return;
        ref var group = ref CollectionsMarshal.GetValueRefOrAddDefault(_groups, entry.Group, out _);
        group ??= [];
        var place = new Place(entry.EventTime, entry.Line, entry.Id, slot);
        var at = ~group.BinarySearch(place, Place.Order);
        group.Insert(at, place);
        Join(at > 0 ? group[at - 1].Slot : -1, slot);
        Join(slot, at + 1 < group.Count ? group[at + 1].Slot : -1);
    }

    private void Remove(string id)
    {
        _slots.Remove(id, out var slot);
        var entry = _entries[slot]!;
        _entries[slot] = null;
        _totalLength -= entry.Terms.Length;
        if (Overlay(entry) is { } overlay && --CollectionsMarshal.GetValueRefOrAddDefault(_overlaid, overlay, out _) <= 0) _overlaid.Remove(overlay);
        foreach (var term in entry.Terms.Terms)
            if (--_terms[term].Live == 0) _terms.Remove(term);
        if (entry.Group is not null && _groups.TryGetValue(entry.Group, out var group))
        {
            group.RemoveAt(group.BinarySearch(new Place(entry.EventTime, entry.Line, entry.Id, slot), Place.Order));
            if (group.Count == 0) _groups.Remove(entry.Group);
            var (before, after) = (_before[slot], _after[slot]);
            if (before >= 0) _after[before] = after;
            if (after >= 0) _before[after] = before;
        }
        if (_entries.Count > CompactAtLeast && _entries.Count > 2 * _slots.Count) Compact();
    }

    private static (string Universe, string Key)? Overlay(Entry entry) => entry.Universe != MemoryDraft.Real && entry.Key is { } key ? (entry.Universe, key) : null;

    private void Join(int before, int after)
    {
        if (before >= 0) _after[before] = after;
        if (after >= 0) _before[after] = before;
    }

    /// <summary>Builds the lists again without the gaps that removals left.</summary>
    private void Compact()
    {
        var kept = _entries;
        _slots = new Dictionary<string, int>(_slots.Count, StringComparer.Ordinal);
        _entries = new List<Entry?>(kept.Count / 2);
        _before = [];
        _after = [];
        _terms = new Dictionary<string, Postings>(StringComparer.Ordinal);
        _groups = new Dictionary<string, List<Place>>(StringComparer.Ordinal);
        _totalLength = 0;
        _overlaid.Clear();
        foreach (var entry in kept)
            if (entry is not null) Add(entry);
    }

    /// <summary>Where an entry stands in its conversation or document.</summary>
    private readonly record struct Place(long EventTime, long Line, string Id, int Slot)
    {
        public static readonly Comparer<Place> Order = Comparer<Place>.Create(static (a, b) =>
            a.EventTime != b.EventTime ? a.EventTime.CompareTo(b.EventTime)
            : a.Line != b.Line ? a.Line.CompareTo(b.Line)
            : string.CompareOrdinal(a.Id, b.Id));
    }

    /// <summary>Which entries hold a term, and how often. Entries that are gone stay until the shelf is compacted; they are not counted.</summary>
    private sealed class Postings
    {
        private int[] _slots = new int[2];
        private ushort[] _counts = new ushort[2];
        private int _count;

        public int Live { get; set; }

        public ReadOnlySpan<int> Slots => _slots.AsSpan(0, _count);

        public ReadOnlySpan<ushort> Counts => _counts.AsSpan(0, _count);

        public void Add(int slot, int count)
        {
            if (_count == _slots.Length)
            {
                Array.Resize(ref _slots, _count * 2);
                Array.Resize(ref _counts, _count * 2);
            }
            _slots[_count] = slot;
            _counts[_count++] = (ushort)Math.Min(count, ushort.MaxValue);
            Live++;
        }
    }
}
