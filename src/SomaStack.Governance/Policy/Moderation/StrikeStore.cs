using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <param name="Strikes">Within the window.</param>
internal sealed record Standing(int Strikes, bool Locked);

internal sealed record Strike(string Id, string Principal, DateTimeOffset At, string Rule, Severity Severity, long PolicyVersion);

internal sealed record StrikeSummary(string Principal, long Strikes, DateTimeOffset? LastStrikeAt, DateTimeOffset? LockedAt);

/// <summary>All SQL about strikes: one row each, so that the window slides truly.</summary>
internal sealed class StrikeStore(Db db)
{
    public async Task<Standing> StandingAsync(string tenant, string principal, long since, CancellationToken cancellationToken)
    {
        var standing = await db.FindAsync(tenant, static row => new Standing((int)row.GetInt64(0), !row.IsDBNull(1)), $"""
            SELECT (SELECT COUNT(*) FROM moderation_strikes s WHERE s.tenant = m.tenant AND s.principal = m.principal AND s.struck_at > {since}), m.locked_at
            FROM moderation_standing m WHERE m.tenant = {tenant} AND m.principal = {principal}
            """, cancellationToken);
        return standing ?? new Standing(0, false);
    }

    /// <summary>Takes the principal's row, so that strikes of one principal are counted one after the other.</summary>
    /// <returns>Its new version, and whether it is locked.</returns>
    public static async Task<(long Version, bool Locked)> TouchAsync(DbWork work, string tenant, string principal, long now)
    {
        var rows = await work.QueryAsync(static row => (row.GetInt64(0), !row.IsDBNull(1)), $"""
            INSERT INTO moderation_standing (tenant, principal, version, locked_at, changed_at) VALUES ({tenant}, {principal}, {1L}, NULL, {now})
            ON CONFLICT (tenant, principal) DO UPDATE SET version = moderation_standing.version + 1, changed_at = excluded.changed_at
            RETURNING version, locked_at
            """);
        return rows[0];
    }

    public static async Task<int> CountAsync(DbWork work, string tenant, string principal, long since) =>
        (int)(await work.NumberAsync($"SELECT COUNT(*) FROM moderation_strikes WHERE tenant = {tenant} AND principal = {principal} AND struck_at > {since}") ?? 0);

    public static async Task<bool> ExistsAsync(DbWork work, string tenant, string id) =>
        await work.NumberAsync($"SELECT COUNT(*) FROM moderation_strikes WHERE tenant = {tenant} AND id = {id}") > 0;

    public static Task<int> InsertAsync(DbWork work, string tenant, Strike strike) =>
        work.ExecuteAsync($"""
            INSERT INTO moderation_strikes (tenant, id, principal, struck_at, rule, severity, policy_version)
            VALUES ({tenant}, {strike.Id}, {strike.Principal}, {strike.At.ToMicros()}, {strike.Rule}, {PolicyMetrics.Name(strike.Severity)}, {strike.PolicyVersion})
            """);

    public static Task<int> LockAsync(DbWork work, string tenant, string principal, long now) =>
        work.ExecuteAsync($"UPDATE moderation_standing SET locked_at = {now} WHERE tenant = {tenant} AND principal = {principal}");

    /// <summary>Takes the principal's row when it is locked.</summary>
    /// <returns>Its new version and since when it is locked; null when it is not.</returns>
    public static async Task<(long Version, long Since)?> LockedSinceAsync(DbWork work, string tenant, string principal, long now)
    {
        var rows = await work.QueryAsync(static row => (row.GetInt64(0), row.GetInt64(1)), $"""
            UPDATE moderation_standing SET version = version + 1, changed_at = {now}
            WHERE tenant = {tenant} AND principal = {principal} AND locked_at IS NOT NULL RETURNING version, locked_at
            """);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <summary>Unlocks and forgets the strikes; the journal keeps them.</summary>
    /// <returns>The new version; null when the principal has no record.</returns>
    public static async Task<long?> ResetAsync(DbWork work, string tenant, string principal, long now)
    {
        var version = await work.NumberAsync($"""
            UPDATE moderation_standing SET version = version + 1, locked_at = NULL, changed_at = {now}
            WHERE tenant = {tenant} AND principal = {principal} RETURNING version
            """);
        if (version is not null) await work.ExecuteAsync($"DELETE FROM moderation_strikes WHERE tenant = {tenant} AND principal = {principal}");
        return version;
    }

    /// <summary>Principals with strikes in the window or a lock, by name.</summary>
    public Task<List<StrikeSummary>> ListAsync(string tenant, long since, string? after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Map, $"""
            SELECT m.principal, COUNT(s.id), MAX(s.struck_at), m.locked_at FROM moderation_standing m
            LEFT JOIN moderation_strikes s ON s.tenant = m.tenant AND s.principal = m.principal AND s.struck_at > {since}
            WHERE m.tenant = {tenant} AND m.principal > {after ?? ""}
            GROUP BY m.principal, m.locked_at HAVING COUNT(s.id) > 0 OR m.locked_at IS NOT NULL
            ORDER BY m.principal LIMIT {(long)limit + 1}
            """, cancellationToken);

    private static StrikeSummary Map(DbDataReader row) => new(row.GetString(0), row.GetInt64(1), row.MaybeInstant(2), row.MaybeInstant(3));
}
