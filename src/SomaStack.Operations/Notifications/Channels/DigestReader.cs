using System.Globalization;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>Reads an assembled digest back, as it is to be sent.</summary>
internal sealed class DigestReader(Db db)
{
    private const long ItemsMax = 200;

    /// <returns>Null when there is none, or nothing of it is left.</returns>
    public async Task<Digest?> FindAsync(string tenant, string id, CancellationToken cancellationToken)
    {
        var head = await db.FindAsync(tenant, static reader => new Digest(
                reader.GetString(0), reader.GetString(1), reader.GetString(2), DateOnly.ParseExact(reader.GetString(3), "yyyy-MM-dd", CultureInfo.InvariantCulture), [], reader.GetInt64(4)),
            $"SELECT tenant, id, principal, day, items FROM notification_digests WHERE tenant = {tenant} AND id = {id}", cancellationToken);
        if (head is null) return null;
        var items = await db.QueryAsync(tenant, Notification.Map, $"""
            SELECT {Notification.Columns:raw} FROM notification_digest_items i JOIN notifications n ON n.tenant = i.tenant AND n.id = i.notification
            WHERE i.tenant = {tenant} AND i.principal = {head.Principal} AND i.digest = {id} ORDER BY n.sequence LIMIT {ItemsMax}
            """, cancellationToken);
        return items.Count == 0 ? null : head with { Items = items, Left = Math.Max(0, head.Left - items.Count) };
    }
}
