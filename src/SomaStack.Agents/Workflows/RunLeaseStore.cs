using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// All SQL of who drives which run of the journal's host. A replica renews one row for all of its runs; when that row has run out, whoever sees it gives the
/// replica's runs to nobody, under a new epoch each, and they are due at once. The clocks of replicas may differ by a fifth of a lease.
/// </summary>
internal sealed class RunLeaseStore(Db db, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(2);

    public Task RegisterAsync(string replica, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
        INSERT INTO run_replicas (tenant, id, expires_at) VALUES ({Db.AllTenants}, {replica}, {Until()})
        """), cancellationToken);

    /// <returns>False when others have taken its runs.</returns>
    public Task<bool> RenewAsync(string replica, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work => await work.ExecuteAsync($"""
        UPDATE run_replicas SET expires_at = {Until()} WHERE tenant = {Db.AllTenants} AND id = {replica}
        """) == 1, cancellationToken);

    /// <summary>Hands everything over at once: whoever looks next takes it.</summary>
    public Task LeaveAsync(string replica, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        await FreeAsync(work, replica);
        await work.ExecuteAsync($"DELETE FROM run_replicas WHERE tenant = {Db.AllTenants} AND id = {replica}");
    }, cancellationToken);

    /// <summary>Frees the runs of replicas that renew no more, and of those that are in no list.</summary>
    /// <returns>How many runs were left behind.</returns>
    public Task<int> ReapAsync(CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        var gone = await work.QueryAsync(static reader => reader.GetString(0), $"""
            SELECT DISTINCT r.owner FROM runs r WHERE r.tenant <> '' AND r.owner <> '' AND r.host = 'journal'
              AND NOT EXISTS (SELECT 1 FROM run_replicas p WHERE p.tenant = {Db.AllTenants} AND p.id = r.owner AND p.expires_at >= {clock.NowMicros()})
            """);
        var freed = 0;
        foreach (var replica in gone)
        {
            await work.ExecuteAsync($"DELETE FROM run_replicas WHERE tenant = {Db.AllTenants} AND id = {replica}");
            freed += await FreeAsync(work, replica);
        }
        await work.ExecuteAsync($"DELETE FROM run_replicas WHERE tenant = {Db.AllTenants} AND expires_at < {clock.NowMicros()}");
        return freed;
    }, cancellationToken);

    /// <summary>Tenants whose runs somebody has to look at, and when first. A tenant is found by the one before it, so that all the runs that only wait are passed over.</summary>
    public Task<List<(string Tenant, long WakeAt)>> DueAsync(CancellationToken cancellationToken) => db.QueryAsync(
        Db.AllTenants, static reader => (reader.GetString(0), reader.GetInt64(1)), $"""
        WITH RECURSIVE waiting(tenant) AS (
            SELECT MIN(tenant) FROM runs WHERE wake_at IS NOT NULL
            UNION ALL
            SELECT (SELECT MIN(r.tenant) FROM runs r WHERE r.wake_at IS NOT NULL AND r.tenant > waiting.tenant) FROM waiting WHERE waiting.tenant IS NOT NULL)
        SELECT tenant, (SELECT MIN(r.wake_at) FROM runs r WHERE r.tenant = waiting.tenant AND r.wake_at IS NOT NULL) FROM waiting WHERE tenant IS NOT NULL
        """, cancellationToken);

    /// <summary>Takes runs of a tenant that are due, in the order in which they fell due.</summary>
    public Task<List<RunRow>> ClaimAsync(string tenant, string replica, int limit, CancellationToken cancellationToken) => db.WriteAsync(tenant, work => work.QueryAsync(RunRow.Map, $"""
        UPDATE runs SET owner = {replica}, epoch = epoch + 1, wake_at = NULL
        WHERE tenant = {tenant} AND owner = '' AND host = 'journal' AND id IN (
            SELECT id FROM runs WHERE tenant = {tenant} AND wake_at <= {clock.NowMicros()} ORDER BY wake_at LIMIT {limit}{db.SkipLocked:raw})
        RETURNING {RunRow.Columns:raw}
        """), cancellationToken);

    /// <summary>Its own runs to which something came, in case nobody told it.</summary>
    public Task<List<(string Tenant, string Id)>> ToldAsync(string replica, CancellationToken cancellationToken) => db.QueryAsync(
        Db.AllTenants, static reader => (reader.GetString(0), reader.GetString(1)),
        $"SELECT tenant, id FROM runs WHERE tenant <> '' AND owner = {replica} AND owner <> '' AND host = 'journal' AND inbox > taken", cancellationToken);

    /// <summary>Which capsules of which tenants have runs that a kill switch paused.</summary>
    public Task<List<(string Tenant, string Capsule)>> PausedAsync(CancellationToken cancellationToken) => db.QueryAsync(
        Db.AllTenants, static reader => (reader.GetString(0), reader.GetString(1)), $"SELECT DISTINCT tenant, capsule FROM runs WHERE tenant <> '' AND paused IS NOT NULL", cancellationToken);

    public Task<int> ResumeAsync(string tenant, string capsule, CancellationToken cancellationToken) => db.WriteAsync(tenant, work => work.ExecuteAsync($"""
        UPDATE runs SET paused = NULL, wake_at = CASE WHEN host = 'journal' THEN {clock.NowMicros()} ELSE NULL END WHERE tenant = {tenant} AND capsule = {capsule} AND paused IS NOT NULL
        """), cancellationToken);

    private Task<int> FreeAsync(DbWork work, string replica) => work.ExecuteAsync($"""
        UPDATE runs SET owner = '', epoch = epoch + 1, wake_at = {clock.NowMicros()} WHERE tenant <> '' AND owner = {replica} AND owner <> '' AND host = 'journal'
        """);

    private long Until() => (clock.GetUtcNow() + Lifetime).ToMicros();
}
