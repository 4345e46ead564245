namespace SomaStack.Intelligence.Memory;

/// <summary>What the index still holds of one memory, for the proof of an erasure.</summary>
internal sealed partial class Shelf
{
    public (bool Vector, bool Terms) Keeps(string id)
    {
        _lock.EnterReadLock();
        try
        {
            return _slots.TryGetValue(id, out var slot) ? (_entries[slot]?.Vector is not null, true) : (false, false);
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }
}
