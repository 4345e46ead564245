using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SomaStack.Intelligence.Inference.UseLite;

/// <summary>
/// A weight matrix with its bias, stored in panels of 32 columns so that a product streams it once, in order. Measured on short
/// sentences this is bound by memory bandwidth, not by arithmetic.
/// </summary>
internal sealed class PackedMatrix
{
    private const int Panel = 32;
    private const int Half = 16;

    private readonly float[] _panels;
    private readonly float[] _bias;

    /// <param name="rowMajor">Inputs × outputs, row by row; the number of outputs is a multiple of 32.</param>
    public PackedMatrix(ReadOnlySpan<float> rowMajor, float[] bias)
    {
        _bias = bias;
        Outputs = bias.Length;
        Inputs = rowMajor.Length / Outputs;
        if (Outputs % Panel != 0 || Inputs * Outputs != rowMajor.Length) throw new InvalidDataException("The embedding weights have an unexpected shape.");
        _panels = GC.AllocateUninitializedArray<float>(rowMajor.Length);
        for (var row = 0; row < Inputs; row++)
            for (var column = 0; column < Outputs; column += Panel)
                rowMajor.Slice(row * Outputs + column, Panel).CopyTo(_panels.AsSpan(column * Inputs + row * Panel));
    }

    public int Inputs { get; }

    public int Outputs { get; }

    /// <summary>results = rows × matrix + bias; both row-major.</summary>
    public void Multiply(ReadOnlySpan<float> rows, Span<float> results, int count)
    {
        for (var column = 0; column < Outputs; column += Panel)
        {
            ref var panel = ref _panels[column * Inputs];
            ref var bias = ref _bias[column];
            for (var row = 0; row < count;)
            {
                ref readonly var from = ref MemoryMarshal.GetReference(rows[(row * Inputs)..]);
                ref var to = ref MemoryMarshal.GetReference(results[(row * Outputs + column)..]);
                var together = Together(count - row);
                switch (together)
                {
                    case 6: Six(ref panel, ref bias, in from, ref to); break;
                    case 4: Four(ref panel, ref bias, in from, ref to); break;
                    case 3: Three(ref panel, ref bias, in from, ref to); break;
                    case 2: Two(ref panel, ref bias, in from, ref to); break;
                    default: One(ref panel, ref bias, in from, ref to); break;
                }
                row += together;
            }
        }
    }

    /// <summary>
    /// How many rows go over a panel at once: the panel comes from far away for the first of them only, and a single row would wait for its own
    /// sums, so none is left alone.
    /// </summary>
    private static int Together(int left) => left switch
    {
        >= 6 and not 7 => 6,
        4 or 7 => 4,
        3 or 5 => 3,
        _ => Math.Min(left, 2),
    };

    private void Six(ref float panel, ref float bias, ref readonly float rows, ref float results)
    {
        ref var x0 = ref Unsafe.AsRef(in rows);
        var (inputs, outputs) = ((nuint)Inputs, (nuint)Outputs);
        ref var x1 = ref Unsafe.Add(ref x0, inputs);
        ref var x2 = ref Unsafe.Add(ref x1, inputs);
        ref var x3 = ref Unsafe.Add(ref x2, inputs);
        ref var x4 = ref Unsafe.Add(ref x3, inputs);
        ref var x5 = ref Unsafe.Add(ref x4, inputs);
        Vector512<float> a0 = Vector512.LoadUnsafe(ref bias), b0 = Vector512.LoadUnsafe(ref bias, Half);
        Vector512<float> a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0, a4 = a0, b4 = b0, a5 = a0, b5 = b0;
        for (nuint k = 0; k < inputs; k++)
        {
            var u = Vector512.LoadUnsafe(ref panel, k * Panel);
            var v = Vector512.LoadUnsafe(ref panel, k * Panel + Half);
            var y0 = Vector512.Create(Unsafe.Add(ref x0, k));
            a0 = Vector512.FusedMultiplyAdd(u, y0, a0);
            b0 = Vector512.FusedMultiplyAdd(v, y0, b0);
            var y1 = Vector512.Create(Unsafe.Add(ref x1, k));
            a1 = Vector512.FusedMultiplyAdd(u, y1, a1);
            b1 = Vector512.FusedMultiplyAdd(v, y1, b1);
            var y2 = Vector512.Create(Unsafe.Add(ref x2, k));
            a2 = Vector512.FusedMultiplyAdd(u, y2, a2);
            b2 = Vector512.FusedMultiplyAdd(v, y2, b2);
            var y3 = Vector512.Create(Unsafe.Add(ref x3, k));
            a3 = Vector512.FusedMultiplyAdd(u, y3, a3);
            b3 = Vector512.FusedMultiplyAdd(v, y3, b3);
            var y4 = Vector512.Create(Unsafe.Add(ref x4, k));
            a4 = Vector512.FusedMultiplyAdd(u, y4, a4);
            b4 = Vector512.FusedMultiplyAdd(v, y4, b4);
            var y5 = Vector512.Create(Unsafe.Add(ref x5, k));
            a5 = Vector512.FusedMultiplyAdd(u, y5, a5);
            b5 = Vector512.FusedMultiplyAdd(v, y5, b5);
        }
        a0.StoreUnsafe(ref results);
        b0.StoreUnsafe(ref results, Half);
        a1.StoreUnsafe(ref results, outputs);
        b1.StoreUnsafe(ref results, outputs + Half);
        a2.StoreUnsafe(ref results, 2 * outputs);
        b2.StoreUnsafe(ref results, 2 * outputs + Half);
        a3.StoreUnsafe(ref results, 3 * outputs);
        b3.StoreUnsafe(ref results, 3 * outputs + Half);
        a4.StoreUnsafe(ref results, 4 * outputs);
        b4.StoreUnsafe(ref results, 4 * outputs + Half);
        a5.StoreUnsafe(ref results, 5 * outputs);
        b5.StoreUnsafe(ref results, 5 * outputs + Half);
    }

    private void Four(ref float panel, ref float bias, ref readonly float rows, ref float results)
    {
        ref var x0 = ref Unsafe.AsRef(in rows);
        var (inputs, outputs) = ((nuint)Inputs, (nuint)Outputs);
        ref var x1 = ref Unsafe.Add(ref x0, inputs);
        ref var x2 = ref Unsafe.Add(ref x1, inputs);
        ref var x3 = ref Unsafe.Add(ref x2, inputs);
        Vector512<float> a0 = Vector512.LoadUnsafe(ref bias), b0 = Vector512.LoadUnsafe(ref bias, Half);
        Vector512<float> a1 = a0, b1 = b0, a2 = a0, b2 = b0, a3 = a0, b3 = b0;
        for (nuint k = 0; k < inputs; k++)
        {
            var u = Vector512.LoadUnsafe(ref panel, k * Panel);
            var v = Vector512.LoadUnsafe(ref panel, k * Panel + Half);
            var y0 = Vector512.Create(Unsafe.Add(ref x0, k));
            a0 = Vector512.FusedMultiplyAdd(u, y0, a0);
            b0 = Vector512.FusedMultiplyAdd(v, y0, b0);
            var y1 = Vector512.Create(Unsafe.Add(ref x1, k));
            a1 = Vector512.FusedMultiplyAdd(u, y1, a1);
            b1 = Vector512.FusedMultiplyAdd(v, y1, b1);
            var y2 = Vector512.Create(Unsafe.Add(ref x2, k));
            a2 = Vector512.FusedMultiplyAdd(u, y2, a2);
            b2 = Vector512.FusedMultiplyAdd(v, y2, b2);
            var y3 = Vector512.Create(Unsafe.Add(ref x3, k));
            a3 = Vector512.FusedMultiplyAdd(u, y3, a3);
            b3 = Vector512.FusedMultiplyAdd(v, y3, b3);
        }
        a0.StoreUnsafe(ref results);
        b0.StoreUnsafe(ref results, Half);
        a1.StoreUnsafe(ref results, outputs);
        b1.StoreUnsafe(ref results, outputs + Half);
        a2.StoreUnsafe(ref results, 2 * outputs);
        b2.StoreUnsafe(ref results, 2 * outputs + Half);
        a3.StoreUnsafe(ref results, 3 * outputs);
        b3.StoreUnsafe(ref results, 3 * outputs + Half);
    }

    private void Three(ref float panel, ref float bias, ref readonly float rows, ref float results)
    {
        ref var x0 = ref Unsafe.AsRef(in rows);
        var (inputs, outputs) = ((nuint)Inputs, (nuint)Outputs);
        ref var x1 = ref Unsafe.Add(ref x0, inputs);
        ref var x2 = ref Unsafe.Add(ref x1, inputs);
        Vector512<float> a0 = Vector512.LoadUnsafe(ref bias), b0 = Vector512.LoadUnsafe(ref bias, Half);
        Vector512<float> a1 = a0, b1 = b0, a2 = a0, b2 = b0;
        for (nuint k = 0; k < inputs; k++)
        {
            var u = Vector512.LoadUnsafe(ref panel, k * Panel);
            var v = Vector512.LoadUnsafe(ref panel, k * Panel + Half);
            var y0 = Vector512.Create(Unsafe.Add(ref x0, k));
            a0 = Vector512.FusedMultiplyAdd(u, y0, a0);
            b0 = Vector512.FusedMultiplyAdd(v, y0, b0);
            var y1 = Vector512.Create(Unsafe.Add(ref x1, k));
            a1 = Vector512.FusedMultiplyAdd(u, y1, a1);
            b1 = Vector512.FusedMultiplyAdd(v, y1, b1);
            var y2 = Vector512.Create(Unsafe.Add(ref x2, k));
            a2 = Vector512.FusedMultiplyAdd(u, y2, a2);
            b2 = Vector512.FusedMultiplyAdd(v, y2, b2);
        }
        a0.StoreUnsafe(ref results);
        b0.StoreUnsafe(ref results, Half);
        a1.StoreUnsafe(ref results, outputs);
        b1.StoreUnsafe(ref results, outputs + Half);
        a2.StoreUnsafe(ref results, 2 * outputs);
        b2.StoreUnsafe(ref results, 2 * outputs + Half);
    }

    private void Two(ref float panel, ref float bias, ref readonly float rows, ref float results)
    {
        ref var x0 = ref Unsafe.AsRef(in rows);
        var (inputs, outputs) = ((nuint)Inputs, (nuint)Outputs);
        ref var x1 = ref Unsafe.Add(ref x0, inputs);
        Vector512<float> a0 = Vector512.LoadUnsafe(ref bias), b0 = Vector512.LoadUnsafe(ref bias, Half);
        Vector512<float> a1 = a0, b1 = b0;
        for (nuint k = 0; k < inputs; k++)
        {
            var u = Vector512.LoadUnsafe(ref panel, k * Panel);
            var v = Vector512.LoadUnsafe(ref panel, k * Panel + Half);
            var y0 = Vector512.Create(Unsafe.Add(ref x0, k));
            a0 = Vector512.FusedMultiplyAdd(u, y0, a0);
            b0 = Vector512.FusedMultiplyAdd(v, y0, b0);
            var y1 = Vector512.Create(Unsafe.Add(ref x1, k));
            a1 = Vector512.FusedMultiplyAdd(u, y1, a1);
            b1 = Vector512.FusedMultiplyAdd(v, y1, b1);
        }
        a0.StoreUnsafe(ref results);
        b0.StoreUnsafe(ref results, Half);
        a1.StoreUnsafe(ref results, outputs);
        b1.StoreUnsafe(ref results, outputs + Half);
    }

    private void One(ref float panel, ref float bias, ref readonly float row, ref float results)
    {
        ref var x = ref Unsafe.AsRef(in row);
        Vector512<float> a = Vector512.LoadUnsafe(ref bias), b = Vector512.LoadUnsafe(ref bias, Half);
        for (nuint k = 0; k < (nuint)Inputs; k++)
        {
            var xk = Vector512.Create(Unsafe.Add(ref x, k));
            a = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref panel, k * Panel), xk, a);
            b = Vector512.FusedMultiplyAdd(Vector512.LoadUnsafe(ref panel, k * Panel + Half), xk, b);
        }
        a.StoreUnsafe(ref results);
        b.StoreUnsafe(ref results, Half);
    }
}
