using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL of the live feed beside what lists ask as well.</summary>
internal sealed class LiveStore(Db db, TimeProvider clock)
{
    /// <summary>Of the whole tenant, whoever it is for, in order.</summary>
    public Task<List<Notification>> SinceAsync(string tenant, long after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Notification.Map, $"""
            SELECT {Notification.Columns:raw} FROM notifications n
            WHERE n.tenant = {tenant} AND n.sequence > {after} ORDER BY n.sequence LIMIT {(long)limit}
            """, cancellationToken);

    /// <summary>Who is addressed by name or capability.</summary>
    public Task<List<(string Notification, string Principal)>> AddresseesAsync(string tenant, IReadOnlyCollection<string> notifications, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, static reader => (reader.GetString(0), reader.GetString(1)), $"""
            SELECT notification, principal FROM notification_inbox WHERE tenant = {tenant} AND notification IN {notifications:in} AND addressed
            """, cancellationToken);

    /// <summary>The cursor before the newest few that the principal sees.</summary>
    /// <param name="count">From 1.</param>
    public async Task<long> CursorBeforeAsync(string tenant, string principal, int count, CancellationToken cancellationToken) => await db.NumberAsync(tenant, $"""
        SELECT MIN(newest.sequence) - 1 FROM (
            SELECT n.sequence FROM notifications n
            LEFT JOIN notification_inbox i ON i.tenant = n.tenant AND i.notification = n.id AND i.principal = {principal}
            WHERE n.tenant = {tenant} AND (n.everybody OR i.addressed) ORDER BY n.sequence DESC LIMIT {(long)count}) AS newest
        """, cancellationToken) ?? 0;

    public async Task<LiveCounts> CountsAsync(string tenant, string principal, CancellationToken cancellationToken)
    {
        var now = clock.NowMicros();
        var rows = await db.QueryAsync(tenant, static reader => new LiveCounts(reader.GetInt64(0), reader.GetInt64(1)), $"""
            SELECT COALESCE(SUM(CASE WHEN i.read_at IS NULL AND (m.through IS NULL OR n.sequence > m.through OR i.unread_at > m.at) THEN 1 ELSE 0 END), 0),
                COALESCE(SUM(CASE WHEN n.requires_ack AND i.acknowledged_at IS NULL AND n.resolved_at IS NULL THEN 1 ELSE 0 END), 0)
            FROM notifications n
            LEFT JOIN notification_inbox i ON i.tenant = n.tenant AND i.notification = n.id AND i.principal = {principal}
            LEFT JOIN notification_read_marks m ON m.tenant = n.tenant AND m.principal = {principal}
            WHERE n.tenant = {tenant} AND (n.everybody OR i.addressed) AND (n.expires_at IS NULL OR n.expires_at > {now}) AND (i.snoozed_until IS NULL OR i.snoozed_until <= {now})
            """, cancellationToken);
        return rows[0];
    }

    /// <summary>The newest sequence of each of these tenants that has one.</summary>
    public Task<List<(string Tenant, long Last)>> NewestAsync(IReadOnlyCollection<string> tenants, CancellationToken cancellationToken) =>
        db.QueryAsync(Db.AllTenants, static reader => (reader.GetString(0), reader.GetInt64(1)), $"SELECT tenant, last FROM notification_sequences WHERE tenant IN {tenants:in}", cancellationToken);
}
