using System.Globalization;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL of daily digests.</summary>
internal sealed class DigestStore(Db db)
{
    private const int ItemsMax = 200;

    public static Task AddAsync(DbWork work, Notification notification, string principal, string reason, DateTimeOffset now) => work.ExecuteAsync($"""
        INSERT INTO notification_digest_items (tenant, principal, notification, sequence, reason, added_at)
        VALUES ({notification.Tenant}, {principal}, {notification.Id}, {notification.Sequence}, {reason}, {now.ToMicros()}) ON CONFLICT (tenant, principal, notification) DO NOTHING
        """);

    /// <returns>False when this person's digest of the day is there.</returns>
    public static async Task<bool> BeginAsync(DbWork work, string tenant, string id, string principal, DateOnly day, DateTimeOffset now) => await work.ExecuteAsync($"""
        INSERT INTO notification_digests (tenant, id, principal, day, items, created_at)
        VALUES ({tenant}, {id}, {principal}, {Text(day)}, 0, {now.ToMicros()}) ON CONFLICT (tenant, principal, day) DO NOTHING
        """) == 1;

    /// <summary>Puts everything that waits for the person into it.</summary>
    /// <returns>How many; the digest of none is removed.</returns>
    public static async Task<int> TakeAsync(DbWork work, string tenant, string principal, string id)
    {
        var taken = await work.ExecuteAsync($"UPDATE notification_digest_items SET digest = {id} WHERE tenant = {tenant} AND principal = {principal} AND digest IS NULL");
        if (taken == 0) await work.ExecuteAsync($"DELETE FROM notification_digests WHERE tenant = {tenant} AND id = {id}");
        else await work.ExecuteAsync($"UPDATE notification_digests SET items = {(long)taken} WHERE tenant = {tenant} AND id = {id}");
        return taken;
    }

    /// <summary>For its delivery; null when it is gone.</summary>
    public async Task<Digest?> FindAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        var head = await db.FindAsync(tenant, static reader => Tuple.Create(reader.GetString(0), reader.GetString(1), reader.GetInt64(2)),
            $"SELECT principal, day, items FROM notification_digests WHERE tenant = {tenant} AND id = {id}", cancellationToken);
        if (head is null) return null;
        var items = await db.QueryAsync(tenant, Notification.Map, $"""
            SELECT {Notification.Columns:raw} FROM notification_digest_items g JOIN notifications n ON n.tenant = g.tenant AND n.id = g.notification
            WHERE g.tenant = {tenant} AND g.digest = {id} ORDER BY n.sequence LIMIT {(long)ItemsMax}
            """, cancellationToken);
        return new Digest(tenant, id, head.Item1, DateOnly.ParseExact(head.Item2, "yyyy-MM-dd", CultureInfo.InvariantCulture), items, Math.Max(0, head.Item3 - items.Count));
    }

    private static string Text(DateOnly day) => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
