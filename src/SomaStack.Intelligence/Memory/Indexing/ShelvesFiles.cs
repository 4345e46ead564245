using Microsoft.Extensions.Logging;

namespace SomaStack.Intelligence.Memory;

/// <summary>Shelves and their files; only with SQLite, where one process numbers all changes.</summary>
internal sealed partial class Shelves
{
    /// <summary>A file is written after so many changes, or after this time when there were any.</summary>
    private const int ChangesUnsaved = 10_000;
    private static readonly TimeSpan TimeUnsaved = TimeSpan.FromMinutes(10);

    /// <summary>Smaller ones are filled from their rows in a few milliseconds.</summary>
    public int SmallestSaved { get; init; } = 1000;

    /// <summary>Writes the files that are due; every one that lacks changes when <paramref name="all"/> is asked for.</summary>
    /// <returns>How many it wrote.</returns>
    public async Task<int> SaveAsync(DateTimeOffset now, bool all, CancellationToken cancellationToken)
    {
        if (snapshots is null || !IsSqlite) return 0;
        var written = 0;
        foreach (var ((tenant, @namespace), slot) in _slots)
        {
            slot.SavedAt ??= now;
            if (!slot.Filled || slot.Changes == 0 || slot.Shelf.Count < SmallestSaved) continue;
            if (!all && slot.Changes < ChangesUnsaved && now - slot.SavedAt < TimeUnsaved) continue;
            cancellationToken.ThrowIfCancellationRequested();
            if (await SaveAsync(slot, tenant, @namespace, cancellationToken)) written++;
            slot.SavedAt = now;
        }
        return written;
    }

    private async Task<bool> SaveAsync(Slot slot, string tenant, string @namespace, CancellationToken cancellationToken)
    {
        snapshots!.Begin(tenant, @namespace);
        var changes = slot.Changes;
        // Asked in the writer's turn: whatever was committed before has reached the shelf by the time it answers.
        var horizon = await store.Db.WriteAsync(tenant, work => IndexStore.LastChangeAsync(work, @namespace), cancellationToken);
        if (!snapshots.Write(new ShelfHeader(tenant, @namespace, embedder.Model, ShelfFile.Analysis, horizon), slot.Shelf.Capture())) return false;
        slot.Changed(-changes);
        return true;
    }

    /// <summary>False when there is no file, or none of these rows.</summary>
    private async Task<bool> FromFileAsync(Slot slot, string tenant, string @namespace, CancellationToken cancellationToken)
    {
        if (snapshots?.Read(tenant, @namespace, embedder.Model) is not var (header, entries)) return false;
        if (await _index.LastChangeAsync(tenant, @namespace, cancellationToken) < header.Horizon)
        {
            // An older backup of the database was put in place.
            FileIsAhead(log);
            return false;
        }
        slot.Shelf.Fill(entries);
        for (var after = header.Horizon; ;)
        {
            var rows = await _index.ChangedAfterAsync(tenant, @namespace, after, PageSize, cancellationToken);
            var changes = Analysed([.. rows.Select(static row => row.Row)]);
            slot.Shelf.Fill(changes);
            slot.Changed(changes.Length);
            if (changes.Any(static change => change.Entry is null)) snapshots.Erase(tenant, @namespace);
            if (rows.Count < PageSize) return true;
            after = rows[^1].Number;
        }
    }

    [LoggerMessage(LogLevel.Warning, "An index file knows more changes than the database and is not used.")]
    private static partial void FileIsAhead(ILogger log);
}
