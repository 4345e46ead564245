namespace SomaStack.Intelligence.Memory;

/// <summary>What a search reads of many entries, side by side instead of entry by entry.</summary>
internal sealed class Slots
{
    private int _count;

    /// <summary>Words, for the length normalisation of BM25; 0 for what is gone.</summary>
    public ushort[] Length { get; private set; } = new ushort[64];

    /// <summary>The neighbours' slots, -1 at the ends.</summary>
    public int[] Before { get; private set; } = new int[64];

    public int[] After { get; private set; } = new int[64];

    /// <summary>The number of the conversation or document, -1 without one.</summary>
    public int[] Group { get; private set; } = new int[64];

    public void Add(ushort length)
    {
        if (_count == Length.Length) Grow(_count * 2);
        Length[_count] = length;
        Before[_count] = After[_count] = Group[_count] = -1;
        _count++;
    }

    private void Grow(int room)
    {
        var (length, before, after, group) = (Length, Before, After, Group);
        Array.Resize(ref length, room);
        Array.Resize(ref before, room);
        Array.Resize(ref after, room);
        Array.Resize(ref group, room);
        (Length, Before, After, Group) = (length, before, after, group);
    }
}

/// <summary>The entries of one conversation or document, in order.</summary>
internal sealed class Group(int index)
{
    public int Index => index;

    public List<Place> Places { get; } = [];
}

/// <summary>Where an entry stands in its conversation or document.</summary>
internal readonly record struct Place(long EventTime, long Line, string Id, int Slot)
{
    public static readonly Comparer<Place> Order = Comparer<Place>.Create(static (a, b) =>
        a.EventTime != b.EventTime ? a.EventTime.CompareTo(b.EventTime)
        : a.Line != b.Line ? a.Line.CompareTo(b.Line)
        : string.CompareOrdinal(a.Id, b.Id));
}

/// <summary>Which entries hold a term, and how often. Entries that are gone stay until the shelf is compacted; they are not counted.</summary>
internal sealed class Postings
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
