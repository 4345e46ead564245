using System.Buffers;

namespace SomaStack.Intelligence.Memory;

/// <summary>The numbers of one search, in rented arrays.</summary>
internal sealed class ShelfRun : IDisposable
{
    private readonly int[] _touched;
    private readonly float[] _lexical;
    private readonly float[] _semantic;
    private readonly float[] _groupScore;
    private readonly float[] _groupCount;
    private int _touchedCount;

    public ShelfRun(int slots, int groups, float[]? vector)
    {
        _lexical = Zeros(slots);
        _semantic = ArrayPool<float>.Shared.Rent(slots + 1);
        _semantic.AsSpan(0, slots).Fill(-1);
        _groupScore = Zeros(groups);
        _groupCount = Zeros(groups);
        _touched = ArrayPool<int>.Shared.Rent(groups + 1);
        SlotCount = slots;
        if (vector is null) return;
        Query = Quantised.Query(vector, out var scale);
        (Scale, Vector) = (scale, vector);
    }

    public int SlotCount { get; }

    public float[]? Vector { get; }

    public short[]? Query { get; }

    public float Scale { get; }

    /// <summary>BM25 of each slot, 0 to 1.</summary>
    public Span<float> Lexical => _lexical.AsSpan(0, SlotCount);

    /// <summary>What is known of each slot's meaning, 0 to 1; -1 when it was not asked yet.</summary>
    public Span<float> Semantic => _semantic.AsSpan(0, SlotCount);

    /// <summary>BM25 of each group, not yet divided by <see cref="GroupMost"/>.</summary>
    public float[] GroupScore => _groupScore;

    public float[] GroupCount => _groupCount;

    public float GroupMost { get; set; } = 1;

    /// <summary>The groups that hold the term at hand.</summary>
    public ReadOnlySpan<int> Touched => _touched.AsSpan(0, _touchedCount);

    public void Count(int group, int count)
    {
        if (_groupCount[group] == 0) _touched[_touchedCount++] = group;
        _groupCount[group] += count;
    }

    public void ForgetCounts()
    {
        foreach (var group in Touched) _groupCount[group] = 0;
        _touchedCount = 0;
    }

    public void Dispose()
    {
        ArrayPool<float>.Shared.Return(_lexical);
        ArrayPool<float>.Shared.Return(_semantic);
        ArrayPool<float>.Shared.Return(_groupScore);
        ArrayPool<float>.Shared.Return(_groupCount);
        ArrayPool<int>.Shared.Return(_touched);
    }

    private static float[] Zeros(int count)
    {
        var array = ArrayPool<float>.Shared.Rent(count + 1);
        array.AsSpan(0, count).Clear();
        return array;
    }
}
