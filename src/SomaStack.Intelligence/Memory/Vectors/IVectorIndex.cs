namespace SomaStack.Intelligence.Memory.Contracts;

/// <summary>Vectors of one namespace of one tenant; nothing is ever found from another.</summary>
public readonly record struct VectorSpace(string Tenant, string Namespace);

/// <param name="Id">Unique in its space; the same id again replaces.</param>
/// <param name="Vector">Finite and not all zero; its length does not matter.</param>
public sealed record VectorItem(string Id, ReadOnlyMemory<float> Vector);

/// <param name="Limit">At most so many hits, 1 or more.</param>
/// <param name="Width">Candidates the search keeps: more finds more and takes longer. At least <paramref name="Limit"/> is used.</param>
/// <param name="Filter">Which ids may be found; it is asked inside the search, so that it does not cost hits. It must not change while the search runs.</param>
public sealed record VectorQuestion(ReadOnlyMemory<float> Vector, int Limit, int Width = 128, Func<string, bool>? Filter = null);

/// <param name="Cosine">−1 to 1, give or take what rounding costs.</param>
public readonly record struct VectorHit(string Id, double Cosine);

/// <summary>Where vectors of one embedding model are kept and found. Safe for many threads.</summary>
public interface IVectorIndex
{
    /// <summary>The engine: <c>in_process</c> or <c>qdrant</c>.</summary>
    string Name { get; }

    int Dimensions { get; }

    /// <summary>Adds or replaces all of them; what was put is found by every search that begins afterwards.</summary>
    /// <exception cref="Platform.Problem">422 <c>vector_dimension</c> or <c>vector_unusable</c>: then none was put. 502 or 503 when the engine fails.</exception>
    Task PutAsync(VectorSpace space, IReadOnlyList<VectorItem> items, CancellationToken cancellationToken);

    /// <summary>Unknown ids are passed over.</summary>
    Task RemoveAsync(VectorSpace space, IReadOnlyList<string> ids, CancellationToken cancellationToken);

    /// <summary>Best first: greater cosine, then the smaller id by ordinal comparison.</summary>
    /// <exception cref="Platform.Problem">422 <c>vector_dimension</c> or <c>vector_unusable</c>; 502 or 503 when the engine fails.</exception>
    Task<IReadOnlyList<VectorHit>> SearchAsync(VectorSpace space, VectorQuestion question, CancellationToken cancellationToken);

    Task<long> CountAsync(VectorSpace space, CancellationToken cancellationToken);
}
