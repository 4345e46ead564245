using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>One place that holds something of a memory, and goes with it.</summary>
/// <param name="Name">As the proof of an erasure names it.</param>
/// <param name="EraseAsync">Takes the id; runs in the transaction of the erasure, before the row itself is cleared.</param>
/// <param name="CountAsync">Takes tenant and id; what is there now, read from the place itself.</param>
internal sealed record ErasurePart(string Name, Func<DbWork, string, Task> EraseAsync, Func<Db, string, string, CancellationToken, Task<long>> CountAsync);

/// <summary>Erases memories with all that hangs on them. Everything that stores part of a memory is in <see cref="Parts"/>, so that no proof forgets it.</summary>
internal sealed class MemoryErasure(Journal journal, Shelves shelves)
{
    public static readonly IReadOnlyList<ErasurePart> Parts =
    [
        new("versions", EraseStore.DropVersionsAsync, EraseStore.VersionsAsync),
        new("links", EraseStore.DropLinksAsync, EraseStore.LinksAsync),
        new("facts", FactStore.DropAsync, FactStore.CountAsync),
        new("working_memory", WorkingStore.ForgetMemoryAsync, WorkingStore.OfMemoryAsync),
    ];

    /// <summary>False when the tenant has no such memory (any more).</summary>
    /// <exception cref="Problem">409 <c>memory_held</c> while it is under hold.</exception>
    public async Task<bool> EraseAsync(DbWork work, RequestContext context, string id, string? reason, long now)
    {
        if (await EraseStore.FindAsync(work, id) is not { } found) return false;
        if (found.Held) throw LifecycleProblems.Held.Because("This memory is under a legal hold; who may administer the tenant can release it.");
        var (row, version) = (found.Row, found.Row.Version + 1);
        foreach (var part in Parts) await part.EraseAsync(work, id);
        await EraseStore.ClearAsync(work, id, context.Principal.Id, now);
        if (row.Key is { } key) await KeyStore.ReleaseAsync(work, row.Namespace, row.Universe, key);
        await journal.AppendAsync(work, context, MemoryEvents.Subject(id), version, MemoryEvents.Forgotten, new Forgotten(id, row.Namespace) { Reason = reason }, MemoryJson.Default.Forgotten);
        work.OnCommit(() =>
        {
            shelves.Apply(context.Tenant, row.Namespace, [new Change(id, null)]);
            MemoryMetrics.Forgotten.Add(1);
        });
        return true;
    }
}
