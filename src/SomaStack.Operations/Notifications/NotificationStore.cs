using System.Data.Common;
using System.Text.Json;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL of notifications and of who sees them. What a person did with them is in <see cref="InboxStore"/>.</summary>
internal sealed class NotificationStore(Db db)
{
    /// <summary>Of the inbox under the alias <c>i</c> and the read mark under the alias <c>m</c>; stands behind <see cref="Notification.Columns"/>.</summary>
    private const string StateColumns = "i.read_at, i.unread_at, i.acknowledged_at, i.snoozed_until, m.through, m.at";

    /// <summary>The same of a derived table <c>n</c> that has them all.</summary>
    public const string ItemColumns = Notification.Columns + ", n.read_at, n.unread_at, n.my_acknowledged_at, n.snoozed_until, n.through, n.at";

    public const int ItemWidth = Notification.Width + 6;

    /// <summary>
    /// Everything that the principal sees with a sequence above <paramref name="after"/>, in order, read or not: what a feed resumes with.
    /// Nothing can still appear below a sequence that was given out.
    /// </summary>
    /// <param name="after">0 for the beginning.</param>
    /// <param name="limit">1 to 1000.</param>
    public Task<List<InboxItem>> ReadAfterAsync(string tenant, string principal, long after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, MapItem, $"""
            SELECT {Notification.Columns:raw}, {StateColumns:raw} FROM notifications n
            LEFT JOIN notification_inbox i ON i.tenant = n.tenant AND i.notification = n.id AND i.principal = {principal}
            LEFT JOIN notification_read_marks m ON m.tenant = n.tenant AND m.principal = {principal}
            WHERE n.tenant = {tenant} AND n.sequence > {after} AND (n.everybody OR i.addressed)
            ORDER BY n.sequence LIMIT {(long)limit}
            """, cancellationToken);

    /// <summary>The newest sequence of the tenant: where a feed without a cursor begins; 0 when there is none.</summary>
    public async Task<long> LastSequenceAsync(string tenant, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"SELECT last FROM notification_sequences WHERE tenant = {tenant}", cancellationToken) ?? 0;

    /// <summary>The notification when the principal sees it.</summary>
    public Task<InboxItem?> FindAsync(string tenant, string principal, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, MapItem, $"""
            SELECT {Notification.Columns:raw}, {StateColumns:raw} FROM notifications n
            LEFT JOIN notification_inbox i ON i.tenant = n.tenant AND i.notification = n.id AND i.principal = {principal}
            LEFT JOIN notification_read_marks m ON m.tenant = n.tenant AND m.principal = {principal}
            WHERE n.tenant = {tenant} AND n.id = {id} AND (n.everybody OR i.addressed)
            """, cancellationToken);

    /// <summary>Whoever sees it; for deliveries, timers and feeds, never for a route.</summary>
    public Task<Notification?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Notification.Map, $"SELECT {Notification.Columns:raw} FROM notifications n WHERE n.tenant = {tenant} AND n.id = {id}", cancellationToken);

    public static Task<Notification?> FindAsync(DbWork work, string tenant, string id) =>
        work.FindAsync(Notification.Map, $"SELECT {Notification.Columns:raw} FROM notifications n WHERE n.tenant = {tenant} AND n.id = {id}");

    /// <summary>The next number of the tenant; nobody else of the tenant takes one before this transaction ends.</summary>
    public static async Task<long> NextSequenceAsync(DbWork work, string tenant) => (await work.NumberAsync($"""
        INSERT INTO notification_sequences (tenant, last) VALUES ({tenant}, 1)
        ON CONFLICT (tenant) DO UPDATE SET last = notification_sequences.last + 1 RETURNING last
        """))!.Value;

    /// <returns>False when one with this id is there.</returns>
    public static async Task<bool> InsertAsync(DbWork work, Notification row, DateTimeOffset dedupeUntil) => await work.ExecuteAsync($"""
        INSERT INTO notifications (tenant, id, sequence, kind, severity, rank, title, body, link, channel, group_key, dedupe_key, dedupe_until, source, subject, untrusted, metadata,
            everybody, audience, requires_ack, created_by, created_at, expires_at, count, last_at)
        VALUES ({row.Tenant}, {row.Id}, {row.Sequence}, {row.Kind}, {row.Severity}, {(long)Severities.Rank(row.Severity)}, {row.Title}, {row.Body}, {row.Link}, {row.Channel}, {row.GroupKey},
            {row.DedupeKey}, {dedupeUntil.ToMicros()}, {row.Source}, {row.Subject}, {row.Untrusted}, {MetadataOf(row)}, {row.Everybody},
            {JsonSerializer.Serialize(row.Audience, NotificationsJson.Default.Audience)}, {row.RequiresAck}, {row.CreatedBy}, {row.CreatedAt.ToMicros()}, {row.ExpiresAt?.ToMicros()},
            {row.Count}, {row.LastAt.ToMicros()})
        ON CONFLICT (tenant, id) DO NOTHING
        """) == 1;

    /// <summary>The one with this key whose window is open; call it behind <see cref="NextSequenceAsync"/>, which lets only one in.</summary>
    public static Task<Notification?> FindOpenAsync(DbWork work, string tenant, string dedupeKey, long now) => work.FindAsync(Notification.Map, $"""
        SELECT {Notification.Columns:raw} FROM notifications n
        WHERE n.tenant = {tenant} AND n.dedupe_key = {dedupeKey} AND n.dedupe_until > {now} ORDER BY n.sequence DESC LIMIT 1
        """);

    public static Task CountAgainAsync(DbWork work, string tenant, string id, long now) => work.ExecuteAsync($"""
        UPDATE notifications SET count = count + 1, last_at = {now} WHERE tenant = {tenant} AND id = {id}
        """);

    /// <summary>The first who takes charge; false when somebody had.</summary>
    public static async Task<bool> AcknowledgeAsync(DbWork work, string tenant, string id, string principal, long now) => await work.ExecuteAsync($"""
        UPDATE notifications SET acknowledged_at = {now}, acknowledged_by = {principal} WHERE tenant = {tenant} AND id = {id} AND acknowledged_at IS NULL
        """) == 1;

    /// <summary>Those about the subject that were open, now resolved.</summary>
    public static async Task<List<Notification>> ResolveAsync(DbWork work, string tenant, string subject, string resolution, long now)
    {
        var open = await work.QueryAsync(Notification.Map, $"SELECT {Notification.Columns:raw} FROM notifications n WHERE n.tenant = {tenant} AND n.subject = {subject} AND n.resolved_at IS NULL");
        if (open.Count > 0)
            await work.ExecuteAsync($"""
                UPDATE notifications SET resolved_at = {now}, resolution = {resolution} WHERE tenant = {tenant} AND subject = {subject} AND resolved_at IS NULL
                """);
        return open;
    }

    /// <summary>It comes up again.</summary>
    public static async Task RenumberAsync(DbWork work, string tenant, string id, long sequence)
    {
        await work.ExecuteAsync($"UPDATE notifications SET sequence = {sequence} WHERE tenant = {tenant} AND id = {id}");
        await work.ExecuteAsync($"UPDATE notification_inbox SET sequence = {sequence} WHERE tenant = {tenant} AND notification = {id}");
    }

    internal static InboxItem MapItem(DbDataReader reader)
    {
        const int at = Notification.Width;
        return new InboxItem(
            Notification.Map(reader), new InboxState(reader.MaybeInstant(at), reader.MaybeInstant(at + 1), reader.MaybeInstant(at + 2), reader.MaybeInstant(at + 3)),
            reader.IsDBNull(at + 4) ? ReadMark.None : new ReadMark(reader.GetInt64(at + 4), reader.Instant(at + 5)));
    }

    private static string MetadataOf(Notification row) =>
        JsonSerializer.Serialize(row.Metadata as Dictionary<string, string> ?? new Dictionary<string, string>(row.Metadata), NotificationsJson.Default.DictionaryStringString);
}
