using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>Port: counts what calls take from the windows of limits; all or nothing, exact over all replicas.</summary>
internal interface IWindows
{
    /// <param name="reservationId">Repeating it takes nothing again.</param>
    /// <param name="takes">In the order of their limits' ids; at least one.</param>
    /// <returns>The limits that do not hold it; none when all do. When there are any the caller rolls its transaction back.</returns>
    /// <exception cref="Problem">503 <c>counters_unavailable</c>.</exception>
    Task<IReadOnlyList<Take>> TakeAsync(DbWork work, string tenant, string reservationId, IReadOnlyList<Take> takes);

    /// <summary>Takes effect with the caller's commit.</summary>
    Task CorrectAsync(DbWork work, string tenant, IReadOnlyList<Bind> binds, IReadOnlyList<WindowChange> changes);

    /// <summary>Bound and used of each limit's open window; one that is missing has counted nothing.</summary>
    Task<IReadOnlyDictionary<string, (long Bound, long Used)>> OpenAsync(string tenant, IReadOnlyList<Limit> limits, DateTimeOffset now, CancellationToken cancellationToken);
}

/// <summary>Windows in the database, in the caller's own transaction.</summary>
internal sealed class DatabaseWindows(LimitStore store) : IWindows
{
    public async Task<IReadOnlyList<Take>> TakeAsync(DbWork work, string tenant, string reservationId, IReadOnlyList<Take> takes)
    {
        // The first of a window is not compared by the statement.
        var larger = takes.Where(static take => take.Bound + take.Used > take.Limit.Amount).ToList();
        if (larger.Count > 0) return larger;
        var held = await LimitStore.TakeAsync(work, tenant, takes);
        return held.Count == takes.Count ? [] : [.. takes.Where(take => !held.Contains(take.Limit.Id))];
    }

    public Task CorrectAsync(DbWork work, string tenant, IReadOnlyList<Bind> binds, IReadOnlyList<WindowChange> changes) =>
        changes.Count == 0 ? Task.CompletedTask : LimitStore.CorrectAsync(work, tenant, changes);

    public async Task<IReadOnlyDictionary<string, (long Bound, long Used)>> OpenAsync(string tenant, IReadOnlyList<Limit> limits, DateTimeOffset now, CancellationToken cancellationToken) =>
        await store.OpenAsync(tenant, now.ToMicros(), cancellationToken);
}
