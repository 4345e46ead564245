using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>All SQL of webhook endpoints.</summary>
internal sealed class WebhookStore(Db db)
{
    public Task<WebhookEndpoint?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, WebhookEndpoint.Map, $"SELECT {WebhookEndpoint.Columns:raw} FROM notification_webhooks WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    /// <summary>By id, those of the principal and, when asked for, the tenant's own.</summary>
    public Task<List<WebhookEndpoint>> ListAsync(string tenant, string principal, bool tenants, string after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, WebhookEndpoint.Map, $"""
            SELECT {WebhookEndpoint.Columns:raw} FROM notification_webhooks
            WHERE tenant = {tenant} AND id > {after} AND (principal = {principal} OR ({tenants} AND principal = '')) ORDER BY id LIMIT {(long)limit}
            """, cancellationToken);

    public static async Task<long> CountAsync(DbWork work, string tenant, string principal) =>
        await work.NumberAsync($"SELECT COUNT(*) FROM notification_webhooks WHERE tenant = {tenant} AND principal = {principal}") ?? 0;

    /// <returns>False when one with this id is there.</returns>
    public static async Task<bool> InsertAsync(DbWork work, WebhookEndpoint row) => await work.ExecuteAsync($"""
        INSERT INTO notification_webhooks (tenant, id, principal, url, description, severity_threshold, kinds, secret, created_by, created_at, version)
        VALUES ({row.Tenant}, {row.Id}, {row.Principal}, {row.Url}, {row.Description}, {row.SeverityThreshold}, {string.Join(' ', row.Kinds)}, {row.Secret}, {row.CreatedBy},
            {row.CreatedAt.ToMicros()}, {row.Version})
        ON CONFLICT (tenant, id) DO NOTHING
        """) == 1;

    /// <summary>Everything that a person may change, and the secrets.</summary>
    /// <returns>False when it is not at the version any more.</returns>
    public static async Task<bool> UpdateAsync(DbWork work, WebhookEndpoint row, long expected) => await work.ExecuteAsync($"""
        UPDATE notification_webhooks SET url = {row.Url}, description = {row.Description}, severity_threshold = {row.SeverityThreshold}, kinds = {string.Join(' ', row.Kinds)},
            secret = {row.Secret}, old_secret = {row.OldSecret}, old_until = {row.OldUntil?.ToMicros()}, disabled_at = {row.DisabledAt?.ToMicros()},
            disabled_reason = {row.DisabledReason}, failing_since = {row.FailingSince?.ToMicros()}, version = {row.Version}
        WHERE tenant = {row.Tenant} AND id = {row.Id} AND version = {expected}
        """) == 1;

    public static Task<int> DeleteAsync(DbWork work, string tenant, string id) => work.ExecuteAsync($"DELETE FROM notification_webhooks WHERE tenant = {tenant} AND id = {id}");

    /// <summary>Notes that an attempt failed or succeeded.</summary>
    /// <returns>Since when it fails; null when it does not, or is gone.</returns>
    public static async Task<DateTimeOffset?> FailingSinceAsync(DbWork work, string tenant, string id, bool failed, DateTimeOffset now) => (await work.NumberAsync($"""
        UPDATE notification_webhooks SET failing_since = CASE WHEN {failed} THEN COALESCE(failing_since, {now.ToMicros()}) ELSE NULL END
        WHERE tenant = {tenant} AND id = {id} RETURNING failing_since
        """))?.ToInstant();
}
