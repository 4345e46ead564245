using System.Runtime.CompilerServices;

namespace SomaStack.Intelligence.Memory;

/// <summary>The constants of the graph.</summary>
/// <param name="Links">Neighbours a node keeps on the upper levels (M of the paper); twice as many on the lowest.</param>
/// <param name="BuildWidth">Candidates looked at when a node is linked (efConstruction).</param>
/// <param name="ExactBelow">With fewer vectors every one is compared, which is exact: a quarter of a millisecond, about what a walk of width 200 takes.</param>
internal sealed record HnswOptions(int Links = 16, int BuildWidth = 128, int ExactBelow = 8192)
{
    public static readonly HnswOptions Default = new();
}

/// <summary>A found vector.</summary>
internal readonly record struct VectorMatch(int Key, float Cosine);

/// <summary>
/// Nearest vectors by cosine: a navigable graph (Malkov and Yashunin 2018, arXiv 1603.09320) over one byte a dimension. A vector is found
/// from the moment it is added; until <see cref="Link"/> has given it its place in the graph it is compared one by one.
/// The same calls in the same order give the same graph, whatever the number of threads.
/// </summary>
/// <remarks>
/// Locking is the caller's: any number of <see cref="Search"/>, <see cref="Cosines"/> and <see cref="Write"/> at once, or one of the others
/// alone. Keys are whole numbers from 0 that the caller chooses; memory grows with the largest. Vectors are taken to be of unit length.
/// </remarks>
internal sealed partial class Hnsw
{
    private const int None = -1;
    private const int LevelsMax = 12;

    private readonly HnswOptions _options;
    private readonly VectorSlab _slab;
    private readonly int _nearMost;
    private readonly int _nearStride;
    private readonly int _farStride;
    private readonly double _levelFactor;
    private readonly Stack<int> _free = new();
    private readonly List<int> _waiting = [];
    private Node[] _nodes = [];
    private int[] _near = [];
    private int[]?[] _far = [];
    private int[] _nodeOf = [];
    private int _end;
    private int _entry = None;
    private int _linked;
    private int _dead;

    public Hnsw(int dimensions, HnswOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(dimensions, 1);
        _options = options ?? HnswOptions.Default;
        _slab = new VectorSlab(dimensions);
        _nearMost = 2 * _options.Links;
        _nearStride = _nearMost + 1;
        _farStride = _options.Links + 1;
        _levelFactor = 1 / Math.Log(_options.Links);
    }

    public int Dimensions => _slab.Dimensions;

    /// <summary>Vectors that can be found.</summary>
    public int Count => _linked + _waiting.Count;

    /// <summary>Of these, those that have no place in the graph yet.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Memory held, without what a search borrows.</summary>
    public long Bytes => _slab.Bytes + 8L * _nodes.Length + 4L * _near.Length + 8L * _far.Length + 4L * _nodeOf.Length + _farBytes;

    private long _farBytes;

    private enum State : byte
    {
        /// <summary>No vector; the place is used again.</summary>
        Free,
        Waiting,
        Linked,

        /// <summary>Removed: others may still lead over it, nobody finds it.</summary>
        Dead,
    }

    private struct Node
    {
        public int Key;
        public State State;
        public byte Level;
    }

    public bool Contains(int key) => NodeOf(key) != None;

    /// <summary>Adds or replaces; a vector that is already there as it is costs nothing.</summary>
    /// <exception cref="Platform.Problem">422 <c>vector_dimension</c> or <c>vector_unusable</c>.</exception>
    public void Add(int key, ReadOnlySpan<float> vector)
    {
        VectorProblems.Check(vector, Dimensions);
        Add(key, Quantised.Encode(vector));
    }

    /// <summary>The same from the form of <see cref="Quantised.Encode"/>.</summary>
    /// <exception cref="Platform.Problem">422 <c>vector_dimension</c>.</exception>
    public void Add(int key, ReadOnlySpan<byte> encoded)
    {
        VectorProblems.CheckLength(encoded.Length - sizeof(float), Dimensions);
        ArgumentOutOfRangeException.ThrowIfNegative(key);
        var old = NodeOf(key);
        if (old != None)
        {
            if (_slab.Holds(old, encoded)) return;
            Remove(key);
        }
        var node = Take();
        _slab.Set(node, encoded);
        _nodes[node] = new Node { Key = key, State = State.Waiting, Level = LevelOf(key) };
        if (key >= _nodeOf.Length)
        {
            var before = _nodeOf.Length;
            Array.Resize(ref _nodeOf, VectorSlab.Grown(before, key + 1));
            _nodeOf.AsSpan(before).Fill(None);
        }
        _nodeOf[key] = node;
        _waiting.Add(node);
    }

    /// <returns>Whether it was there.</returns>
    public bool Remove(int key)
    {
        var node = NodeOf(key);
        if (node == None) return false;
        _nodeOf[key] = None;
        Drop(node);
        return true;
    }

    private void Drop(int node)
    {
        _nodes[node].Key = None;
        if (_nodes[node].State == State.Waiting)
        {
            _waiting.Remove(node);
            Release(node);
        }
        else Unlink(node);
    }

    /// <summary>Gives every vector another key: <paramref name="keys"/> holds the new one at the place of the old, or −1 where there was none.</summary>
    public void Rekey(ReadOnlySpan<int> keys)
    {
        var most = -1;
        foreach (var key in keys) most = Math.Max(most, key);
        _nodeOf = new int[most + 1];
        _nodeOf.AsSpan().Fill(None);
        for (var node = 0; node < _end; node++)
        {
            ref var at = ref _nodes[node];
            if (at.Key == None) continue;
            at.Key = keys[at.Key];
            _nodeOf[at.Key] = node;
        }
    }

    private int NodeOf(int key) => (uint)key < (uint)_nodeOf.Length ? _nodeOf[key] : None;

    private int Take()
    {
        if (_free.TryPop(out var node)) return node;
        if (_end == _nodes.Length) Reserve(_end + 1);
        return _end++;
    }

    /// <summary>Room for at least so many vectors, so that filling does not copy.</summary>
    public void Reserve(int vectors)
    {
        if (vectors <= _nodes.Length) return;
        _slab.Reserve(vectors);
        var capacity = _slab.Capacity;
        Array.Resize(ref _nodes, capacity);
        Array.Resize(ref _near, checked(capacity * _nearStride));
        Array.Resize(ref _far, capacity);
    }

    private void Release(int node)
    {
        _nodes[node] = new Node { Key = None, State = State.Free };
        _near[node * _nearStride] = 0;
        if (_far[node] is { } far) _farBytes -= 4L * far.Length;
        _far[node] = null;
        _free.Push(node);
    }

    /// <summary>The neighbours of a node on a level: their number, then their places.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Span<int> Block(int node, int level) =>
        level == 0 ? _near.AsSpan(node * _nearStride, _nearStride) : _far[node].AsSpan((level - 1) * _farStride, _farStride);

    private ReadOnlySpan<int> Neighbours(int node, int level)
    {
        var block = Block(node, level);
        return block.Slice(1, block[0]);
    }

    private int Most(int level) => level == 0 ? _nearMost : _options.Links;

    /// <summary>The level of the paper, −ln(u)/ln(M), with u from a hash of the key (SplitMix64): no state, the same in every build.</summary>
    private byte LevelOf(int key)
    {
        var z = ((ulong)key + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        z ^= z >> 31;
        var uniform = ((z >> 11) + 1) * (1.0 / (1UL << 53));
        return (byte)Math.Min(LevelsMax, -Math.Log(uniform) * _levelFactor);
    }
}
