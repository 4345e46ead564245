using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL of the live feed beside what lists ask as well.</summary>
internal sealed class LiveStore(Db db)
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

    /// <summary>The newest sequence of each of these tenants that has one.</summary>
    public Task<List<(string Tenant, long Last)>> NewestAsync(IReadOnlyCollection<string> tenants, CancellationToken cancellationToken) =>
        db.QueryAsync(Db.AllTenants, static reader => (reader.GetString(0), reader.GetInt64(1)), $"SELECT tenant, last FROM notification_sequences WHERE tenant IN {tenants:in}", cancellationToken);
}
