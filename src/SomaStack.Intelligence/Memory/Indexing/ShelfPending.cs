namespace SomaStack.Intelligence.Memory;

/// <summary>Memories that are found by their words while their vectors are still being made.</summary>
internal sealed partial class Shelf
{
    private int _pending;

    /// <summary>Memories that wait for their vector.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>The same version again brings only a vector, or the word that there will be none.</summary>
    private void Complete(int slot, Entry held, Entry entry)
    {
        if (held.Vector is not null || entry.Vector is null && (!held.Pending || entry.Pending)) return;
        if (held.Pending) _pending--;
        _entries[slot] = held with { Vector = entry.Vector, Pending = false };
        PlaceVector(slot, entry.Vector);
    }
}
