using System.Runtime.InteropServices;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The index of one namespace of one tenant: an inverted list of terms, the vectors, and who stands next to whom. A projection of the
/// rows: the same rows give the same answers whatever the order they came in. Readers share it, a writer has it alone.
/// </summary>
internal sealed partial class Shelf : IDisposable
{
    private const int CompactAtLeast = 1024;
    private const int NoGroup = -1;

    private readonly ReaderWriterLockSlim _lock = new();
    private readonly HashSet<string> _removed = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Universe, string Key), int> _overlaid = [];
    private readonly Dictionary<string, int> _speakers = new(StringComparer.Ordinal);
    private Dictionary<string, int> _slots = new(StringComparer.Ordinal);
    private List<Entry?> _entries = [];
    private Slots _columns = new();
    private Dictionary<string, Postings> _terms = new(StringComparer.Ordinal);
    private Dictionary<string, Group> _groups = new(StringComparer.Ordinal);
    private List<int> _groupWords = [];
    private long _totalLength;
    private long _groupedLength;
    private int _ending;
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
            LinkWithCommit();
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
            var held = _entries[slot]!;
            if (held.Version == entry.Version) Complete(slot, held, entry);
            if (held.Version >= entry.Version) return;
            Remove(entry.Id);
        }
        Add(entry);
    }

    private void Add(Entry entry)
    {
        var slot = _entries.Count;
        _entries.Add(entry);
        _columns.Add((ushort)Math.Min(entry.Terms.Length, ushort.MaxValue));
        _slots.Add(entry.Id, slot);
        _totalLength += entry.Terms.Length;
        if (entry.Pending) _pending++;
        if (entry.Ends) _ending++;
        PlaceVector(slot, entry.Vector);
        if (Overlay(entry) is { } overlay) CollectionsMarshal.GetValueRefOrAddDefault(_overlaid, overlay, out _)++;
        if (entry.Speaker is { } speaker) CollectionsMarshal.GetValueRefOrAddDefault(_speakers, speaker, out _)++;
        for (var i = 0; i < entry.Terms.Terms.Length; i++)
        {
            ref var postings = ref CollectionsMarshal.GetValueRefOrAddDefault(_terms, entry.Terms.Terms[i], out _);
            postings ??= new Postings();
            postings.Add(slot, entry.Terms.Counts[i]);
        }
        if (entry.Group is not null) Stand(entry, entry.Group, slot);
    }

    /// <summary>Puts an entry between its neighbours.</summary>
    private void Stand(Entry entry, string name, int slot)
    {
        ref var group = ref CollectionsMarshal.GetValueRefOrAddDefault(_groups, name, out var known);
        if (!known)
        {
            group = new Group(_groupWords.Count);
            _groupWords.Add(0);
        }
        _groupWords[group!.Index] += entry.Terms.Length;
        _groupedLength += entry.Terms.Length;
        _columns.Group[slot] = group.Index;
        var place = new Place(entry.EventTime, entry.Line, entry.Id, slot);
        var at = ~group.Places.BinarySearch(place, Place.Order);
        group.Places.Insert(at, place);
        Join(at > 0 ? group.Places[at - 1].Slot : -1, slot);
        Join(slot, at + 1 < group.Places.Count ? group.Places[at + 1].Slot : -1);
    }

    private void Remove(string id)
    {
        _slots.Remove(id, out var slot);
        var entry = _entries[slot]!;
        _entries[slot] = null;
        _vectors?.Remove(slot);
        _columns.Length[slot] = 0;
        _totalLength -= entry.Terms.Length;
        if (entry.Pending) _pending--;
        if (entry.Ends) _ending--;
        if (Overlay(entry) is { } overlay && --CollectionsMarshal.GetValueRefOrAddDefault(_overlaid, overlay, out _) <= 0) _overlaid.Remove(overlay);
        if (entry.Speaker is { } speaker && --CollectionsMarshal.GetValueRefOrAddDefault(_speakers, speaker, out _) <= 0) _speakers.Remove(speaker);
        foreach (var term in entry.Terms.Terms)
            if (--_terms[term].Live == 0) _terms.Remove(term);
        if (entry.Group is not null && _groups.TryGetValue(entry.Group, out var group)) Leave(entry, entry.Group, group, slot);
        if (_entries.Count > CompactAtLeast && _entries.Count > 2 * _slots.Count) Compact();
    }

    private void Leave(Entry entry, string name, Group group, int slot)
    {
        group.Places.RemoveAt(group.Places.BinarySearch(new Place(entry.EventTime, entry.Line, entry.Id, slot), Place.Order));
        _groupWords[group.Index] -= entry.Terms.Length;
        _groupedLength -= entry.Terms.Length;
        if (group.Places.Count == 0) _groups.Remove(name);
        var (before, after) = (_columns.Before[slot], _columns.After[slot]);
        if (before >= 0) _columns.After[before] = after;
        if (after >= 0) _columns.Before[after] = before;
    }

    private static (string Universe, string Key)? Overlay(Entry entry) => entry.Universe != MemoryDraft.Real && entry.Key is { } key ? (entry.Universe, key) : null;

    private void Join(int before, int after)
    {
        if (before >= 0) _columns.After[before] = after;
        if (after >= 0) _columns.Before[after] = before;
    }

    /// <summary>Builds the lists again without the gaps that removals left.</summary>
    private void Compact()
    {
        var kept = _entries;
        var moved = new int[kept.Count];
        _slots = new Dictionary<string, int>(_slots.Count, StringComparer.Ordinal);
        _entries = new List<Entry?>(kept.Count / 2);
        _columns = new Slots();
        _terms = new Dictionary<string, Postings>(StringComparer.Ordinal);
        _groups = new Dictionary<string, Group>(StringComparer.Ordinal);
        _groupWords = [];
        (_totalLength, _groupedLength, _pending, _ending) = (0, 0, 0, 0);
        _overlaid.Clear();
        _speakers.Clear();
        // The vectors keep their places in the graph under their new slots; adding them again then changes nothing.
        var next = 0;
        for (var slot = 0; slot < moved.Length; slot++) moved[slot] = kept[slot] is null ? -1 : next++;
        _vectors?.Rekey(moved);
        foreach (var entry in kept)
            if (entry is not null) Add(entry);
    }
}
