namespace SomaStack.Intelligence.Memory;

/// <summary>
/// What one search borrows: the question, which nodes were seen, and the best so far. An item of a pool is (cosine, place) in one number that
/// sorts by cosine and then by the later place; its lowest bit says that the place's neighbours were looked at. Were earlier places
/// preferred, all copies of one vector would link to the first few, and nothing to the rest.
/// </summary>
internal sealed class HnswScratch
{
    private byte[] _seen = [];
    private byte _epoch;

    public short[] Query { get; private set; } = [];

    public float Scale { get; set; }

    /// <summary>A second vector, when stored ones are compared with each other.</summary>
    public short[] Other { get; private set; } = [];

    /// <summary>The best, best first.</summary>
    public ulong[] Pool { get; private set; } = [];

    public int PoolCount { get; private set; }

    public int PoolMost { get; private set; }

    /// <summary>Places to go on from, as a heap; used when not everything that is walked over may be found.</summary>
    public ulong[] Heap { get; private set; } = [];

    public int HeapCount { get; private set; }

    /// <summary>Neighbours of one node that were not seen before.</summary>
    public int[] Fresh { get; } = new int[256];

    /// <summary>Comparisons since <see cref="Begin"/>.</summary>
    public int Compared { get; set; }

    public Span<byte> Seen => _seen;

    public byte Epoch => _epoch;

    public static ulong Item(float cosine, int place) => Ordered(cosine) | (uint)place << 1;

    public static int Place(ulong item) => (int)((uint)item >> 1);

    /// <summary>The same for results, where the smaller key of equals comes first.</summary>
    public static ulong Result(float cosine, int key) => Ordered(cosine) | (uint)~key;

    public static int Key(ulong result) => ~(int)(uint)result;

    /// <summary>Upper half: whole numbers that order as the floats do.</summary>
    private static ulong Ordered(float cosine)
    {
        var bits = BitConverter.SingleToInt32Bits(cosine);
        return (ulong)(bits < 0 ? ~(uint)bits : (uint)bits | 0x80000000) << 32;
    }

    public static float Cosine(ulong item)
    {
        var ordered = (uint)(item >> 32);
        return BitConverter.Int32BitsToSingle((int)(ordered >= 0x80000000 ? ordered & 0x7FFFFFFF : ~ordered));
    }

    public void Room(int stride)
    {
        if (Query.Length == stride) return;
        Query = new short[stride];
        Other = new short[stride];
    }

    /// <summary>Forgets what was seen and found.</summary>
    public void Begin(int places, int width)
    {
        if (_seen.Length < places)
        {
            _seen = new byte[VectorSlab.Grown(_seen.Length, places)];
            _epoch = 0;
        }
        if (++_epoch == 0)
        {
            _seen.AsSpan().Clear();
            _epoch = 1;
        }
        if (Pool.Length < width) Pool = new ulong[width];
        PoolMost = width;
        PoolCount = 0;
        HeapCount = 0;
        Compared = 0;
    }

    /// <summary>Below this an item would not enter the pool.</summary>
    public ulong Worst => PoolCount < PoolMost ? 0 : Pool[PoolCount - 1];

    /// <returns>Where it went, or <see cref="PoolMost"/> when it is not among the best.</returns>
    public int Offer(ulong item)
    {
        var pool = Pool;
        int low = 0, high = PoolCount;
        if (high == PoolMost && item <= pool[high - 1]) return PoolMost;
        while (low < high)
        {
            var middle = (low + high) >> 1;
            if (pool[middle] > item) low = middle + 1;
            else high = middle;
        }
        var moved = (PoolCount < PoolMost ? PoolCount++ : PoolMost - 1) - low;
        Array.Copy(pool, low, pool, low + 1, moved);
        pool[low] = item;
        return low;
    }

    /// <summary>The memory of the heap for other use between walks.</summary>
    public Span<ulong> Rest(int count)
    {
        if (Heap.Length < count) Heap = new ulong[count];
        return Heap;
    }

    public void Push(ulong item)
    {
        if (HeapCount == Heap.Length)
        {
            var larger = new ulong[VectorSlab.Grown(Heap.Length, HeapCount + 1)];
            Heap.AsSpan().CopyTo(larger);
            Heap = larger;
        }
        var heap = Heap;
        var at = HeapCount++;
        while (at > 0 && heap[(at - 1) >> 1] < item)
        {
            heap[at] = heap[(at - 1) >> 1];
            at = (at - 1) >> 1;
        }
        heap[at] = item;
    }

    public ulong Pop()
    {
        var heap = Heap;
        var top = heap[0];
        var last = heap[--HeapCount];
        var at = 0;
        for (var child = 1; child < HeapCount; child = 2 * at + 1)
        {
            if (child + 1 < HeapCount && heap[child + 1] > heap[child]) child++;
            if (heap[child] <= last) break;
            heap[at] = heap[child];
            at = child;
        }
        heap[at] = last;
        return top;
    }
}
