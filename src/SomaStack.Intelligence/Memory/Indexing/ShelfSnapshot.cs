namespace SomaStack.Intelligence.Memory;

/// <summary>What a shelf holds, for writing it to a file or comparing it with the rows.</summary>
internal sealed partial class Shelf
{
    /// <summary>All entries of one moment, without gaps.</summary>
    public List<Entry> Capture()
    {
        _lock.EnterReadLock();
        try
        {
            var entries = new List<Entry>(_slots.Count);
            foreach (var entry in _entries)
                if (entry is not null) entries.Add(entry);
            return entries;
        }
        finally
        {
            _lock.ExitReadLock();
        }
    }
}
