using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL of what is deleted by age.</summary>
internal sealed class RetentionStore(Db db)
{
    /// <summary>A batch of one tenant's; what requires an acknowledgement and is still open is kept.</summary>
    /// <returns>How many notifications.</returns>
    public Task<int> DeleteAsync(long before, long now, int limit, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        var tenant = (await work.FindAsync(static reader => reader.GetString(0), $"""
            SELECT tenant FROM notifications WHERE created_at < {before} AND (NOT requires_ack OR acknowledged_at IS NOT NULL OR resolved_at IS NOT NULL OR expires_at < {now})
            ORDER BY created_at LIMIT 1
            """)) ?? "";
        if (tenant.Length == 0) return 0;
        var ids = await work.QueryAsync(static reader => reader.GetString(0), $"""
            SELECT id FROM notifications WHERE tenant = {tenant} AND created_at < {before}
              AND (NOT requires_ack OR acknowledged_at IS NOT NULL OR resolved_at IS NOT NULL OR expires_at < {now})
            ORDER BY created_at LIMIT {(long)limit}
            """);
        await work.ExecuteAsync($"""
            DELETE FROM notification_attempts WHERE tenant = {tenant}
              AND delivery IN (SELECT d.id FROM notification_deliveries d WHERE d.tenant = {tenant} AND d.notification IN {ids:in})
            """);
        await work.ExecuteAsync($"DELETE FROM notification_deliveries WHERE tenant = {tenant} AND notification IN {ids:in}");
        await work.ExecuteAsync($"DELETE FROM notification_inbox WHERE tenant = {tenant} AND notification IN {ids:in}");
        await work.ExecuteAsync($"DELETE FROM notification_timers WHERE tenant = {tenant} AND notification IN {ids:in}");
        await work.ExecuteAsync($"DELETE FROM notification_links WHERE tenant = {tenant} AND notification IN {ids:in}");
        await work.ExecuteAsync($"DELETE FROM notification_digest_items WHERE tenant = {tenant} AND notification IN {ids:in}");
        await DeleteDigestsAsync(work, tenant, before, limit);
        return await work.ExecuteAsync($"DELETE FROM notifications WHERE tenant = {tenant} AND id IN {ids:in}");
    }, cancellationToken);

    /// <summary>A digest is younger than what it tells of, so it goes with the tenant's next batch.</summary>
    private static async Task DeleteDigestsAsync(DbWork work, string tenant, long before, int limit)
    {
        var digests = await work.QueryAsync(static reader => reader.GetString(0),
            $"SELECT id FROM notification_digests WHERE tenant = {tenant} AND created_at < {before} ORDER BY created_at LIMIT {(long)limit}");
        if (digests.Count == 0) return;
        await work.ExecuteAsync($"""
            DELETE FROM notification_attempts WHERE tenant = {tenant}
              AND delivery IN (SELECT d.id FROM notification_deliveries d WHERE d.tenant = {tenant} AND d.digest IN {digests:in})
            """);
        await work.ExecuteAsync($"DELETE FROM notification_deliveries WHERE tenant = {tenant} AND digest IN {digests:in}");
        await work.ExecuteAsync($"DELETE FROM notification_digests WHERE tenant = {tenant} AND id IN {digests:in}");
    }
}
