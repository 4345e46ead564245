using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <param name="Rank">The lowest severity, as its place in the order.</param>
/// <param name="Kind">Empty for any, as <paramref name="Group"/>.</param>
internal sealed record InboxFilter(string State, int Rank, string Kind, string Group)
{
    public const string Any = "all";

    public static readonly IReadOnlyList<string> States = [Any, "unread", "read", "attention", "acknowledged", "snoozed", "muted"];
}

internal sealed record InboxRow(InboxItem Item, bool Muted);

/// <param name="Unread">Counted no further than 1000, as <paramref name="Attention"/>.</param>
/// <param name="More">There are more than that.</param>
internal sealed record InboxCounts(long Unread, long Attention, bool More);

/// <param name="Group">Null for those without one.</param>
internal sealed record InboxGroup(string? Group, long Count, long Unread, long Attention, string Severity, string LatestId, string LatestTitle, DateTimeOffset LastAt, long LastSequence);

/// <summary>All SQL of what one person sees in lists. The inbox is <c>i</c>, the read mark <c>m</c>; the conditions are the same as <see cref="InboxItem"/>'s.</summary>
internal sealed class InboxReader(Db db)
{
    private const int CountMax = 1000;

    private const string Seen = "(n.everybody OR i.addressed)";
    private const string Unread = "(i.read_at IS NULL AND (n.sequence > COALESCE(m.through, 0) OR COALESCE(i.unread_at, 0) > COALESCE(m.at, 0)))";
    private const string Waiting = "(n.requires_ack AND i.acknowledged_at IS NULL AND n.resolved_at IS NULL)";

    /// <summary>Newest first, below a sequence.</summary>
    public Task<List<InboxRow>> ListAsync(string tenant, string principal, InboxFilter filter, long before, int limit, long now, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, MapRow, $"""
            SELECT {NotificationStore.ItemColumns:raw}, muted FROM (
              SELECT n.*, i.read_at, i.unread_at, i.acknowledged_at AS my_acknowledged_at, i.snoozed_until, m.through, m.at,
                {Unread:raw} AS unread, {Waiting:raw} AND COALESCE(n.expires_at, {now} + 1) > {now} AS waiting, COALESCE(i.snoozed_until, 0) > {now} AS snoozed,
                EXISTS (SELECT 1 FROM notification_mutes u WHERE u.tenant = {tenant} AND u.principal = {principal} AND (u.until IS NULL OR u.until > {now})
                  AND u.value = CASE u.scope WHEN 'group' THEN n.group_key WHEN 'kind' THEN n.kind ELSE n.source END) AS muted
              FROM notifications n
              LEFT JOIN notification_inbox i ON i.tenant = n.tenant AND i.notification = n.id AND i.principal = {principal}
              LEFT JOIN notification_read_marks m ON m.tenant = n.tenant AND m.principal = {principal}
              WHERE n.tenant = {tenant} AND {Seen:raw} AND n.sequence < {before} AND n.rank >= {(long)filter.Rank}
                AND ({filter.Kind} = '' OR n.kind = {filter.Kind}) AND ({filter.Group} = '' OR n.group_key = {filter.Group})) AS n
            WHERE CASE {filter.State} WHEN 'unread' THEN unread AND NOT snoozed AND NOT muted WHEN 'read' THEN NOT unread WHEN 'attention' THEN waiting AND NOT snoozed
                WHEN 'acknowledged' THEN my_acknowledged_at IS NOT NULL WHEN 'snoozed' THEN snoozed WHEN 'muted' THEN muted ELSE TRUE END
            ORDER BY n.sequence DESC LIMIT {(long)limit}
            """, cancellationToken);

    public async Task<InboxRow?> FindAsync(string tenant, string principal, string id, long now, CancellationToken cancellationToken) =>
        await db.FindAsync(tenant, MapRow, $"""
            SELECT {NotificationStore.ItemColumns:raw},
              EXISTS (SELECT 1 FROM notification_mutes u WHERE u.tenant = {tenant} AND u.principal = {principal} AND (u.until IS NULL OR u.until > {now})
                AND u.value = CASE u.scope WHEN 'group' THEN n.group_key WHEN 'kind' THEN n.kind ELSE n.source END) AS muted
            FROM (SELECT n.*, i.read_at, i.unread_at, i.acknowledged_at AS my_acknowledged_at, i.snoozed_until, m.through, m.at FROM notifications n
              LEFT JOIN notification_inbox i ON i.tenant = n.tenant AND i.notification = n.id AND i.principal = {principal}
              LEFT JOIN notification_read_marks m ON m.tenant = n.tenant AND m.principal = {principal}
              WHERE n.tenant = {tenant} AND n.id = {id} AND {Seen:raw}) AS n
            """, cancellationToken);

    /// <summary>What is snoozed counts for nothing until it wakes; what is muted is not unread, but still waits when it needs somebody.</summary>
    public async Task<InboxCounts> CountsAsync(string tenant, string principal, long now, CancellationToken cancellationToken)
    {
        var rows = await db.QueryAsync(tenant, static reader => (Unread: reader.GetInt64(0), Waiting: reader.GetInt64(1)), $"""
            SELECT
              (SELECT COUNT(*) FROM (SELECT 1 FROM notifications n
                LEFT JOIN notification_inbox i ON i.tenant = n.tenant AND i.notification = n.id AND i.principal = {principal}
                LEFT JOIN notification_read_marks m ON m.tenant = n.tenant AND m.principal = {principal}
                WHERE n.tenant = {tenant} AND {Seen:raw} AND {Unread:raw} AND COALESCE(i.snoozed_until, 0) <= {now}
                  AND NOT EXISTS (SELECT 1 FROM notification_mutes u WHERE u.tenant = {tenant} AND u.principal = {principal} AND (u.until IS NULL OR u.until > {now})
                    AND u.value = CASE u.scope WHEN 'group' THEN n.group_key WHEN 'kind' THEN n.kind ELSE n.source END)
                LIMIT {(long)CountMax + 1}) AS a),
              (SELECT COUNT(*) FROM (SELECT 1 FROM notifications n
                LEFT JOIN notification_inbox i ON i.tenant = n.tenant AND i.notification = n.id AND i.principal = {principal}
                WHERE n.tenant = {tenant} AND {Seen:raw} AND {Waiting:raw} AND COALESCE(n.expires_at, {now} + 1) > {now} AND COALESCE(i.snoozed_until, 0) <= {now}
                LIMIT {(long)CountMax + 1}) AS b)
            """, cancellationToken);
        var (unread, waiting) = rows[0];
        return new InboxCounts(Math.Min(unread, CountMax), Math.Min(waiting, CountMax), unread > CountMax || waiting > CountMax);
    }

    /// <summary>By the newest sequence of each group, below a sequence.</summary>
    public Task<List<InboxGroup>> GroupsAsync(string tenant, string principal, long before, int limit, long now, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, static reader => new InboxGroup(
            reader.Text(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), Governance.Settings.Contracts.Severities.All[(int)reader.GetInt64(4)], reader.GetString(5),
            reader.GetString(6), reader.Instant(7), reader.GetInt64(8)), $"""
            SELECT g.group_key, g.total, g.unread, g.waiting, g.rank, l.id, l.title, l.last_at, g.newest FROM (
              SELECT n.group_key, COUNT(*) AS total, SUM(CASE WHEN {Unread:raw} AND COALESCE(i.snoozed_until, 0) <= {now} THEN 1 ELSE 0 END) AS unread,
                SUM(CASE WHEN {Waiting:raw} AND COALESCE(n.expires_at, {now} + 1) > {now} AND COALESCE(i.snoozed_until, 0) <= {now} THEN 1 ELSE 0 END) AS waiting,
                MAX(n.rank) AS rank, MAX(n.sequence) AS newest
              FROM notifications n
              LEFT JOIN notification_inbox i ON i.tenant = n.tenant AND i.notification = n.id AND i.principal = {principal}
              LEFT JOIN notification_read_marks m ON m.tenant = n.tenant AND m.principal = {principal}
              WHERE n.tenant = {tenant} AND {Seen:raw} GROUP BY n.group_key) AS g
            JOIN notifications l ON l.tenant = {tenant} AND l.sequence = g.newest
            WHERE g.newest < {before} ORDER BY g.newest DESC LIMIT {(long)limit}
            """, cancellationToken);

    private static InboxRow MapRow(DbDataReader reader) => new(NotificationStore.MapItem(reader), reader.GetBoolean(NotificationStore.ItemWidth));
}
