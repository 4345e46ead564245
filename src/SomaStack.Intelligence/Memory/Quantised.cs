using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Vectors as one signed byte a dimension with one scale each: a quarter of the memory, and the error of a cosine stays below .005.
/// The query keeps 12 bits, so that only the stored side is rounded.
/// </summary>
internal static class Quantised
{
    private const int ScaleBytes = 4;
    private const int QueryLevels = 2047;

    /// <summary>Little-endian float32 scale, then the bytes: the form in the database and in memory.</summary>
    public static byte[] Encode(ReadOnlySpan<float> vector)
    {
        var bytes = new byte[ScaleBytes + vector.Length];
        var scale = Math.Max(Math.Abs(TensorPrimitives.MaxMagnitude(vector)), 1e-12f) / sbyte.MaxValue;
        BinaryPrimitives.WriteSingleLittleEndian(bytes, scale);
        for (var i = 0; i < vector.Length; i++) bytes[ScaleBytes + i] = unchecked((byte)(sbyte)MathF.Round(vector[i] / scale));
        return bytes;
    }

    public static float Scale(ReadOnlySpan<byte> encoded) => BinaryPrimitives.ReadSingleLittleEndian(encoded);

    public static ReadOnlySpan<sbyte> Values(ReadOnlySpan<byte> encoded) => MemoryMarshal.Cast<byte, sbyte>(encoded[ScaleBytes..]);

    public static short[] Query(ReadOnlySpan<float> vector, out float scale)
    {
        var values = new short[vector.Length];
        scale = Query(vector, values);
        return values;
    }

    /// <summary>The same into <paramref name="values"/>, which is at least as long; returns the scale.</summary>
    public static float Query(ReadOnlySpan<float> vector, Span<short> values)
    {
        var scale = Math.Max(Math.Abs(TensorPrimitives.MaxMagnitude(vector)), 1e-12f) / QueryLevels;
        for (var i = 0; i < vector.Length; i++) values[i] = (short)MathF.Round(vector[i] / scale);
        return scale;
    }

    /// <summary>Whole-number dot product; both lengths are the same multiple of 32. Exact, so the same on every machine.</summary>
    public static int Dot(ReadOnlySpan<short> query, ReadOnlySpan<sbyte> vector) =>
        Dot(ref MemoryMarshal.GetReference(query), ref MemoryMarshal.GetReference(vector), vector.Length);

    /// <summary>The same over <paramref name="length"/> numbers, a multiple of 32 that the caller has checked.</summary>
    /// <remarks>.NET 10 has no AVX-512 VNNI; VPMADDWD over widened bytes gives the same number.</remarks>
    public static int Dot(ref short q, ref sbyte v, int length)
    {
        if (Avx512BW.IsSupported) return Dot512(ref q, ref v, length);
        if (!Avx2.IsSupported)
        {
            var total = 0;
            for (var i = 0; i < length; i++) total += Unsafe.Add(ref q, i) * Unsafe.Add(ref v, i);
            return total;
        }
        var sum = Vector256<int>.Zero;
        for (nuint i = 0; i < (nuint)length; i += 16)
        {
            var wide = Avx2.ConvertToVector256Int16(Vector128.LoadUnsafe(ref v, i));
            sum += Avx2.MultiplyAddAdjacent(wide, Vector256.LoadUnsafe(ref q, i));
        }
        return Vector256.Sum(sum);
    }

    private static int Dot512(ref short q, ref sbyte v, int length)
    {
        Vector512<int> even = Vector512<int>.Zero, odd = Vector512<int>.Zero;
        nuint i = 0;
        for (; i + 64 <= (nuint)length; i += 64)
        {
            even += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.LoadUnsafe(ref v, i)), Vector512.LoadUnsafe(ref q, i));
            odd += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.LoadUnsafe(ref v, i + 32)), Vector512.LoadUnsafe(ref q, i + 32));
        }
        if (i < (nuint)length) even += Avx512BW.MultiplyAddAdjacent(Avx512BW.ConvertToVector512Int16(Vector256.LoadUnsafe(ref v, i)), Vector512.LoadUnsafe(ref q, i));
        return Vector512.Sum(even + odd);
    }
}
