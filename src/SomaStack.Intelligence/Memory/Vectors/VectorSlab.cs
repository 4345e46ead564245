using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Vectors in the form of <see cref="Quantised"/>, side by side in one array. A row is padded with zeros to a multiple of 32 bytes,
/// so that the dot product needs no rest.
/// </summary>
internal sealed class VectorSlab(int dimensions)
{
    private const int Lane = 32;

    private sbyte[] _values = [];
    private float[] _scales = [];

    public int Dimensions => dimensions;

    /// <summary>Bytes from one row to the next.</summary>
    public int Stride { get; } = (dimensions + Lane - 1) / Lane * Lane;

    public int Capacity => _scales.Length;

    public long Bytes => _values.LongLength + 4L * _scales.Length;

    /// <summary>The rows of the first <paramref name="count"/> vectors and their scales, for a snapshot.</summary>
    public Span<sbyte> Rows(int count) => _values.AsSpan(0, count * Stride);

    public Span<float> Scales(int count) => _scales.AsSpan(0, count);

    /// <summary>Room for at least <paramref name="rows"/> rows; new ones are undefined until they are set.</summary>
    public void Reserve(int rows)
    {
        if (rows <= _scales.Length) return;
        var capacity = Grown(_scales.Length, rows);
        var values = GC.AllocateUninitializedArray<sbyte>(checked(capacity * Stride));
        _values.AsSpan().CopyTo(values);
        _values = values;
        Array.Resize(ref _scales, capacity);
    }

    /// <summary>Half as much again, at least <paramref name="needed"/>.</summary>
    public static int Grown(int now, int needed) => Math.Max(needed, Math.Max(64, now + now / 2));

    public void Set(int row, ReadOnlySpan<byte> encoded)
    {
        _scales[row] = Quantised.Scale(encoded);
        var values = _values.AsSpan(row * Stride, Stride);
        Quantised.Values(encoded).CopyTo(values);
        values[dimensions..].Clear();
    }

    public bool Holds(int row, ReadOnlySpan<byte> encoded) =>
        _scales[row] == Quantised.Scale(encoded) && _values.AsSpan(row * Stride, dimensions).SequenceEqual(Quantised.Values(encoded));

    /// <summary>A stored vector in the form of a query.</summary>
    public float Widen(int row, Span<short> query)
    {
        var values = _values.AsSpan(row * Stride, Stride);
        for (var i = 0; i < values.Length; i += Lane)
        {
            var (low, high) = Vector256.Widen(Vector256.Create<sbyte>(values.Slice(i, Lane)));
            low.CopyTo(query[i..]);
            high.CopyTo(query[(i + Lane / 2)..]);
        }
        return _scales[row];
    }

    /// <summary>The cosine of two vectors of unit length, as <see cref="Shelf"/> computes it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public float Cosine(ref short query, float scale, int row) =>
        Quantised.Dot(ref query, ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_values), (nint)row * Stride), Stride) * scale
        * Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_scales), row);
}
