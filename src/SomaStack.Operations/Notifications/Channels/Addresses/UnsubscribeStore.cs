using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <param name="Scope">* for everything, a kind, or digest.</param>
internal sealed record UnsubscribeView(string Channel, string Scope, DateTimeOffset At);

/// <summary>All SQL of what people want no more.</summary>
internal sealed class UnsubscribeStore(Db db)
{
    public async Task<bool> HasAsync(string tenant, string principal, string channel, string scope, CancellationToken cancellationToken) => await db.NumberAsync(tenant, $"""
        SELECT 1 FROM notification_unsubscribes WHERE tenant = {tenant} AND principal = {principal} AND channel = {channel} AND scope IN ('*', {scope}) LIMIT 1
        """, cancellationToken) is not null;

    public Task<List<UnsubscribeView>> ListAsync(string tenant, string principal, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, static reader => new UnsubscribeView(reader.GetString(0), reader.GetString(1), reader.Instant(2)),
            $"SELECT channel, scope, at FROM notification_unsubscribes WHERE tenant = {tenant} AND principal = {principal} ORDER BY channel, scope", cancellationToken);

    /// <returns>False when it was so already.</returns>
    public static async Task<bool> AddAsync(DbWork work, UnsubscribeToken token, DateTimeOffset now) => await work.ExecuteAsync($"""
        INSERT INTO notification_unsubscribes (tenant, principal, channel, scope, at) VALUES ({token.Tenant}, {token.Principal}, {token.Channel}, {token.Scope}, {now.ToMicros()})
        ON CONFLICT (tenant, principal, channel, scope) DO NOTHING
        """) == 1;

    public static Task<int> RemoveAsync(DbWork work, UnsubscribeToken token) => work.ExecuteAsync($"""
        DELETE FROM notification_unsubscribes WHERE tenant = {token.Tenant} AND principal = {token.Principal} AND channel = {token.Channel} AND scope = {token.Scope}
        """);
}
