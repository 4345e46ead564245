namespace SomaStack.Intelligence.Memory;

/// <summary>The vectors of a shelf, found through a graph by slot. A vector is found from the moment it is added; its place in the graph comes later.</summary>
internal sealed partial class Shelf
{
    /// <summary>So many are compared one by one without being noticed; a writer links what is beyond, a little with each commit.</summary>
    private const int MayWait = 1024;

    private const int LinkedWithACommit = 64;

    private Hnsw? _vectors;

    /// <summary>Vectors that have no place in the graph yet.</summary>
    public int Unlinked => _vectors?.Waiting ?? 0;

    /// <summary>Gives some waiting vectors their place; readers wait meanwhile, so it is done in slices.</summary>
    /// <returns>Whether more wait than should.</returns>
    public bool LinkSome(int most)
    {
        if (Unlinked <= MayWait) return false;
        _lock.EnterWriteLock();
        try
        {
            return _vectors!.Link(most) > MayWait;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    private void PlaceVector(int slot, byte[]? vector)
    {
        if (vector is null) return;
        _vectors ??= new Hnsw(Quantised.Values(vector).Length);
        if (_vectors.Dimensions == Quantised.Values(vector).Length) _vectors.Add(slot, vector);
    }

    private void LinkWithCommit()
    {
        if (_waiting is null && Unlinked > MayWait) _vectors!.Link(Math.Min(LinkedWithACommit, Unlinked - MayWait));
    }
}
