using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>All SQL of limits and of the windows that they count in.</summary>
internal sealed class LimitStore(Db db)
{
    private const string Columns = "id, principal, api_key, provider, model, metric, span, amount, version, created_at, updated_at";

    public Task<List<Limit>> AllAsync(string tenant, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Map, $"SELECT {Columns:raw} FROM billing_limits WHERE tenant = {tenant} ORDER BY id", cancellationToken);

    /// <summary>By id, which is the order in which every transaction takes their windows.</summary>
    public static Task<List<Limit>> AllAsync(DbWork work, string tenant) => work.QueryAsync(Map, $"SELECT {Columns:raw} FROM billing_limits WHERE tenant = {tenant} ORDER BY id");

    public static Task<Limit?> FindAsync(DbWork work, string tenant, string id) =>
        work.FindAsync(Map, $"SELECT {Columns:raw} FROM billing_limits WHERE tenant = {tenant} AND id = {id}");

    public static Task<long?> CountAsync(DbWork work, string tenant) => work.NumberAsync($"SELECT COUNT(*) FROM billing_limits WHERE tenant = {tenant}");

    public static async Task<bool> TryAddAsync(DbWork work, string tenant, Limit limit) => await work.ExecuteAsync($"""
        INSERT INTO billing_limits (tenant, id, principal, api_key, provider, model, metric, span, amount, version, created_at, updated_at)
        VALUES ({tenant}, {limit.Id}, {limit.Principal}, {limit.ApiKey}, {limit.Provider}, {limit.Model}, {Limit.Name(limit.Metric)}, {Limit.Name(limit.Window)}, {limit.Amount},
            {limit.Version}, {limit.CreatedAt}, {limit.UpdatedAt})
        ON CONFLICT DO NOTHING
        """) == 1;

    public static async Task<bool> TryChangeAsync(DbWork work, string tenant, string id, long amount, long expected, long now) => await work.ExecuteAsync($"""
        UPDATE billing_limits SET amount = {amount}, version = version + 1, updated_at = {now} WHERE tenant = {tenant} AND id = {id} AND version = {expected}
        """) == 1;

    public static async Task<bool> TryRemoveAsync(DbWork work, string tenant, string id, long expected) =>
        await work.ExecuteAsync($"DELETE FROM billing_limits WHERE tenant = {tenant} AND id = {id} AND version = {expected}") == 1;

    /// <summary>
    /// Takes from all windows in one statement, each only when it still holds it: two calls at the same moment cannot both have the last of it.
    /// The caller rolls back when one did not.
    /// </summary>
    /// <param name="takes">In the order of their ids; each at most its limit's amount.</param>
    /// <returns>The limits whose windows held it.</returns>
    public static Task<List<string>> TakeAsync(DbWork work, string tenant, IReadOnlyList<Take> takes)
    {
        Sql sql = $"INSERT INTO billing_windows (tenant, limit_id, starts_at, ends_at, bound, used, cap) VALUES ";
        for (var i = 0; i < takes.Count; i++) Add(sql, i, tenant, takes[i].Limit.Id, [takes[i].Start, takes[i].End, takes[i].Bound, takes[i].Used, takes[i].Limit.Amount]);
        sql.AppendLiteral("""
             ON CONFLICT (tenant, limit_id, starts_at) DO UPDATE SET bound = billing_windows.bound + excluded.bound, used = billing_windows.used + excluded.used, cap = excluded.cap
            WHERE billing_windows.bound + billing_windows.used + excluded.bound + excluded.used <= excluded.cap
            RETURNING limit_id
            """);
        return work.QueryAsync(static reader => reader.GetString(0), sql);
    }

    /// <summary>Puts windows right; a provider that used more than was reserved takes one over its limit.</summary>
    public static Task CorrectAsync(DbWork work, string tenant, IReadOnlyList<WindowChange> changes)
    {
        Sql sql = $"INSERT INTO billing_windows (tenant, limit_id, starts_at, ends_at, bound, used, cap) VALUES ";
        for (var i = 0; i < changes.Count; i++) Add(sql, i, tenant, changes[i].LimitId, [changes[i].Start, changes[i].End, changes[i].Bound, changes[i].Used, 0]);
        sql.AppendLiteral(" ON CONFLICT (tenant, limit_id, starts_at) DO UPDATE SET bound = billing_windows.bound + excluded.bound, used = billing_windows.used + excluded.used");
        return work.ExecuteAsync(sql);
    }

    /// <summary>Bound and used of the windows that are open now, by limit.</summary>
    public async Task<Dictionary<string, (long Bound, long Used)>> OpenAsync(string tenant, long now, CancellationToken cancellationToken)
    {
        var rows = await db.QueryAsync(tenant, static reader => (Id: reader.GetString(0), Bound: reader.GetInt64(1), Used: reader.GetInt64(2)), $"""
            SELECT limit_id, bound, used FROM billing_windows WHERE tenant = {tenant} AND starts_at <= {now} AND ends_at > {now}
            """, cancellationToken);
        return rows.ToDictionary(static row => row.Id, static row => (row.Bound, row.Used), StringComparer.Ordinal);
    }

    /// <summary>Forgets windows of every tenant that ended before.</summary>
    public Task<int> PurgeAsync(long endedBefore, CancellationToken cancellationToken) =>
        db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"DELETE FROM billing_windows WHERE tenant <> '' AND ends_at < {endedBefore}"), cancellationToken);

    private static void Add(Sql sql, int row, string tenant, string limitId, ReadOnlySpan<long> numbers)
    {
        sql.AppendLiteral(row == 0 ? "(" : ", (");
        sql.AppendFormatted(tenant);
        sql.AppendLiteral(", ");
        sql.AppendFormatted(limitId);
        foreach (var number in numbers)
        {
            sql.AppendLiteral(", ");
            sql.AppendFormatted(number);
        }
        sql.AppendLiteral(")");
    }

    private static Limit Map(DbDataReader reader) => new(
        reader.GetString(0), reader.Text(1), reader.Text(2), reader.Text(3), reader.Text(4), Limit.Metrics(reader.GetString(5)), Limit.Windows(reader.GetString(6)),
        reader.GetInt64(7), reader.GetInt64(8), reader.GetInt64(9), reader.GetInt64(10));
}
