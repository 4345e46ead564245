namespace SomaStack.Intelligence.Memory;

/// <summary>Comparing a shelf with its rows and setting it right.</summary>
internal sealed partial class Shelf
{
    /// <summary>The version that is held of a memory and whether its vector is awaited; null when nothing is held.</summary>
    public (long Version, bool Pending)? HeldOf(string id)
    {
        _lock.EnterReadLock();
        try
        {
            return _slots.TryGetValue(id, out var slot) && _entries[slot] is { } entry ? (entry.Version, entry.Pending) : null;
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }

    /// <summary>Takes what the rows say, whatever is held.</summary>
    public void Repair(IReadOnlyList<Change> truth)
    {
        _lock.EnterWriteLock();
        try
        {
            foreach (var change in truth)
            {
                if (_slots.ContainsKey(change.Id)) Remove(change.Id);
                if (change.Entry is not { } entry)
                {
                    _removed.Add(change.Id);
                    continue;
                }
                _removed.Remove(change.Id);
                Add(entry);
            }
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }
}
