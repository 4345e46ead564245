using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal static class VectorProblems
{
    public static readonly ProblemCode Dimension = new("vector_dimension", ProblemKind.Invalid, "The vector has another number of dimensions than the index", "Embed with the model that the index was made for.");
    public static readonly ProblemCode Unusable = new("vector_unusable", ProblemKind.Invalid, "The vector has no direction", "Send finite numbers that are not all zero.");
    public static readonly ProblemCode Unreachable = new("vector_index_unreachable", ProblemKind.Unavailable, "The vector index does not answer", "Try again; if it stays so, check the address in SOMA_QDRANT.");
    public static readonly ProblemCode Failed = new("vector_index_failed", ProblemKind.Upstream, "The vector index refused the call or answered what cannot be read", "Check its version, its key and its log.");

    public static readonly IReadOnlyList<ProblemCode> All = [Dimension, Unusable, Unreachable, Failed];

    /// <exception cref="Problem">422 <c>vector_dimension</c> or <c>vector_unusable</c>.</exception>
    public static void Check(ReadOnlySpan<float> vector, int dimensions)
    {
        CheckLength(vector.Length, dimensions);
        var squares = System.Numerics.Tensors.TensorPrimitives.SumOfSquares(vector);
        if (!float.IsFinite(squares) || squares == 0) throw Unusable.Because("Its length is zero or not a finite number.");
    }

    /// <exception cref="Problem">422 <c>vector_dimension</c>.</exception>
    public static void CheckLength(int length, int dimensions)
    {
        if (length != dimensions) throw Dimension.Because($"It has {length} dimensions; this index has {dimensions}.");
    }
}
