using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <param name="Decision">uphold or reset; null while it is open.</param>
internal sealed record Appeal(
    string Id, string Principal, string Text, DateTimeOffset FiledAt, string? Decision, string? Reason, string? DecidedBy, DateTimeOffset? DecidedAt);

/// <summary>All SQL about appeals.</summary>
internal sealed class AppealStore(Db db)
{
    private const string Columns = "id, principal, text, filed_at, decision, reason, decided_by, decided_at";

    public static Task<int> InsertAsync(DbWork work, string tenant, Appeal appeal) =>
        work.ExecuteAsync($"""
            INSERT INTO moderation_appeals (tenant, id, principal, text, filed_at)
            VALUES ({tenant}, {appeal.Id}, {appeal.Principal}, {appeal.Text}, {appeal.FiledAt.ToMicros()})
            """);

    /// <summary>How many a principal filed since an instant, and how many of them are open.</summary>
    public static async Task<(long Filed, long Open)> CountAsync(DbWork work, string tenant, string principal, long since) =>
    (
        await work.NumberAsync($"SELECT COUNT(*) FROM moderation_appeals WHERE tenant = {tenant} AND principal = {principal} AND filed_at >= {since}") ?? 0,
        await work.NumberAsync($"SELECT COUNT(*) FROM moderation_appeals WHERE tenant = {tenant} AND principal = {principal} AND decided_at IS NULL") ?? 0
    );

    public static async Task<Appeal?> FindAsync(DbWork work, string tenant, string id) =>
        (await work.QueryAsync(Map, $"SELECT {Columns:raw} FROM moderation_appeals WHERE tenant = {tenant} AND id = {id}")).FirstOrDefault();

    /// <returns>1, or 0 when somebody else has decided it.</returns>
    public static Task<int> DecideAsync(DbWork work, string tenant, Appeal decided) =>
        work.ExecuteAsync($"""
            UPDATE moderation_appeals SET decision = {decided.Decision}, reason = {decided.Reason}, decided_by = {decided.DecidedBy}, decided_at = {decided.DecidedAt!.Value.ToMicros()}
            WHERE tenant = {tenant} AND id = {decided.Id} AND decided_at IS NULL
            """);

    /// <summary>The open appeal of a principal, if there is one.</summary>
    public static async Task<Appeal?> OpenAsync(DbWork work, string tenant, string principal) =>
        (await work.QueryAsync(Map, $"SELECT {Columns:raw} FROM moderation_appeals WHERE tenant = {tenant} AND principal = {principal} AND decided_at IS NULL")).FirstOrDefault();

    public async Task<Appeal?> NewestAsync(string tenant, string principal, CancellationToken cancellationToken) =>
        await db.FindAsync(tenant, Map, $"""
            SELECT {Columns:raw} FROM moderation_appeals WHERE tenant = {tenant} AND principal = {principal} ORDER BY filed_at DESC, id DESC LIMIT {1L}
            """, cancellationToken);

    /// <summary>By id, which is the order of time but for those filed under an idempotency key.</summary>
    public Task<List<Appeal>> ListAsync(string tenant, bool openOnly, string? after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Map, $"""
            SELECT {Columns:raw} FROM moderation_appeals
            WHERE tenant = {tenant} AND id > {after ?? ""} AND (decided_at IS NULL OR NOT {openOnly})
            ORDER BY id LIMIT {(long)limit + 1}
            """, cancellationToken);

    private static Appeal Map(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3).ToInstant(), Maybe(row, 4), Maybe(row, 5), Maybe(row, 6), row.MaybeInstant(7));

    private static string? Maybe(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);
}
