using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL of what people do with their notifications.</summary>
internal sealed class InboxStore(Db db)
{
    /// <summary>Addresses it to them by name; whoever has it already keeps what he did with it.</summary>
    public static async Task AddressAsync(DbWork work, string tenant, string notification, long sequence, IReadOnlyList<string> principals)
    {
        if (principals.Count == 0) return;
        Sql sql = $"INSERT INTO notification_inbox (tenant, principal, notification, sequence, addressed) VALUES ";
        for (var i = 0; i < principals.Count; i++) sql.AppendRow(i, tenant, principals[i], notification, sequence, true);
        sql.AppendLiteral(" ON CONFLICT (tenant, principal, notification) DO UPDATE SET addressed = TRUE");
        await work.ExecuteAsync(sql);
    }

    /// <summary>Who is addressed by name, by id after <paramref name="after"/>.</summary>
    public Task<List<string>> AddressedAsync(string tenant, string notification, string after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, static reader => reader.GetString(0), $"""
            SELECT principal FROM notification_inbox WHERE tenant = {tenant} AND notification = {notification} AND addressed AND principal > {after}
            ORDER BY principal LIMIT {(long)limit}
            """, cancellationToken);

    /// <summary>Those of <paramref name="principals"/> who are addressed by name.</summary>
    public static async Task<HashSet<string>> AddressedAmongAsync(DbWork work, string tenant, string notification, IReadOnlyCollection<string> principals) => [.. await work.QueryAsync(
        static reader => reader.GetString(0),
        $"SELECT principal FROM notification_inbox WHERE tenant = {tenant} AND notification = {notification} AND addressed AND principal IN {principals:in}")];

    public Task<List<Mute>> MutesAsync(string tenant, string principal, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, static reader => new Mute(reader.GetString(0), reader.GetString(1), reader.MaybeInstant(2), reader.Instant(3)), $"""
            SELECT scope, value, until, created_at FROM notification_mutes WHERE tenant = {tenant} AND principal = {principal} ORDER BY scope, value
            """, cancellationToken);

    /// <summary>It is unread again, whatever was marked as read meanwhile.</summary>
    public static Task WakeAsync(DbWork work, string tenant, string principal, string notification, long now) => work.ExecuteAsync($"""
        UPDATE notification_inbox SET snoozed_until = NULL, read_at = NULL, unread_at = {now} WHERE tenant = {tenant} AND principal = {principal} AND notification = {notification}
        """);

    /// <summary>The same moment decides: what was marked last holds.</summary>
    public static Task MarkReadAsync(DbWork work, InboxItem item, string principal, bool read, long now) => work.ExecuteAsync(read
        ? (Sql)$"""
            INSERT INTO notification_inbox (tenant, principal, notification, sequence, addressed, read_at)
            VALUES ({item.Notification.Tenant}, {principal}, {item.Notification.Id}, {item.Notification.Sequence}, {false}, {now})
            ON CONFLICT (tenant, principal, notification) DO UPDATE SET read_at = excluded.read_at, unread_at = NULL
            """
        : (Sql)$"""
            INSERT INTO notification_inbox (tenant, principal, notification, sequence, addressed, unread_at)
            VALUES ({item.Notification.Tenant}, {principal}, {item.Notification.Id}, {item.Notification.Sequence}, {false}, {now})
            ON CONFLICT (tenant, principal, notification) DO UPDATE SET read_at = NULL, unread_at = excluded.unread_at
            """);

    /// <summary>Acknowledged is read too.</summary>
    public static Task AcknowledgeAsync(DbWork work, InboxItem item, string principal, long now) => work.ExecuteAsync($"""
        INSERT INTO notification_inbox (tenant, principal, notification, sequence, addressed, read_at, acknowledged_at)
        VALUES ({item.Notification.Tenant}, {principal}, {item.Notification.Id}, {item.Notification.Sequence}, {false}, {now}, {now})
        ON CONFLICT (tenant, principal, notification) DO UPDATE SET read_at = excluded.read_at, unread_at = NULL, acknowledged_at = excluded.acknowledged_at, snoozed_until = NULL
        """);

    /// <param name="until">Null ends the snooze.</param>
    public static Task SnoozeAsync(DbWork work, InboxItem item, string principal, long? until) => work.ExecuteAsync($"""
        INSERT INTO notification_inbox (tenant, principal, notification, sequence, addressed, snoozed_until)
        VALUES ({item.Notification.Tenant}, {principal}, {item.Notification.Id}, {item.Notification.Sequence}, {false}, {until})
        ON CONFLICT (tenant, principal, notification) DO UPDATE SET snoozed_until = excluded.snoozed_until
        """);

    /// <summary>Moves the mark forward; what it was is kept for undo. Never backward: two windows of one person may both press it.</summary>
    public static Task ReadThroughAsync(DbWork work, string tenant, string principal, long through, long now) => work.ExecuteAsync($"""
        INSERT INTO notification_read_marks (tenant, principal, through, at, before_through, before_at) VALUES ({tenant}, {principal}, {through}, {now}, 0, 0)
        ON CONFLICT (tenant, principal) DO UPDATE SET before_through = notification_read_marks.through, before_at = notification_read_marks.at,
            through = CASE WHEN excluded.through > notification_read_marks.through THEN excluded.through ELSE notification_read_marks.through END, at = excluded.at
        """);

    /// <summary>Back to what it was before <paramref name="at"/>; each step is taken back once.</summary>
    /// <returns>False when the mark has moved on, or was taken back.</returns>
    public static async Task<bool> UndoReadThroughAsync(DbWork work, string tenant, string principal, long at) => await work.ExecuteAsync($"""
        UPDATE notification_read_marks SET through = before_through, at = before_at
        WHERE tenant = {tenant} AND principal = {principal} AND at = {at} AND at <> before_at
        """) == 1;

    /// <returns>False when there are as many as there may be.</returns>
    public static async Task<bool> MuteAsync(DbWork work, string tenant, string principal, Mute mute, int atMost) => await work.ExecuteAsync($"""
        INSERT INTO notification_mutes (tenant, principal, scope, value, until, created_at)
        SELECT {tenant}, {principal}, {mute.Scope}, {mute.Value}, CAST({mute.Until?.ToMicros()} AS BIGINT), CAST({mute.CreatedAt.ToMicros()} AS BIGINT)
        WHERE (SELECT COUNT(*) FROM notification_mutes WHERE tenant = {tenant} AND principal = {principal} AND NOT (scope = {mute.Scope} AND value = {mute.Value})) < {(long)atMost}
        ON CONFLICT (tenant, principal, scope, value) DO UPDATE SET until = excluded.until
        """) == 1;

    public static async Task<bool> UnmuteAsync(DbWork work, string tenant, string principal, string scope, string value) => await work.ExecuteAsync($"""
        DELETE FROM notification_mutes WHERE tenant = {tenant} AND principal = {principal} AND scope = {scope} AND value = {value}
        """) == 1;
}
