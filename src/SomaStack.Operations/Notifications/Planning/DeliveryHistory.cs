using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL on what was queued for somebody a short while ago.</summary>
internal sealed class DeliveryHistory(Db db)
{
    /// <returns>Counts by channel since <paramref name="since"/>, and the channels on which the same group was queued since <paramref name="groupSince"/>.</returns>
    public async Task<(IReadOnlyDictionary<string, long> Sent, IReadOnlyList<string> Grouped)> OfAsync(
        Notification notification, string principal, DateTimeOffset since, DateTimeOffset groupSince, CancellationToken cancellationToken)
    {
        var tenant = notification.Tenant;
        var sent = await db.QueryAsync(tenant, static reader => (Channel: reader.GetString(0), Count: reader.GetInt64(1)), $"""
            SELECT channel, COUNT(*) FROM notification_deliveries WHERE tenant = {tenant} AND principal = {principal} AND created_at > {since.ToMicros()} GROUP BY channel
            """, cancellationToken);
        var grouped = notification.GroupKey is not { } group ? [] : await db.QueryAsync(tenant, static reader => reader.GetString(0), $"""
            SELECT DISTINCT d.channel FROM notification_deliveries d JOIN notifications n ON n.tenant = d.tenant AND n.id = d.notification
            WHERE d.tenant = {tenant} AND d.principal = {principal} AND d.created_at > {groupSince.ToMicros()} AND n.group_key = {group} AND n.id <> {notification.Id}
            """, cancellationToken);
        return (sent.ToDictionary(static one => one.Channel, static one => one.Count, StringComparer.Ordinal), grouped);
    }
}
