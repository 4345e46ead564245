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

    public static Task WakeAsync(DbWork work, string tenant, string principal, string notification) => work.ExecuteAsync($"""
        UPDATE notification_inbox SET snoozed_until = NULL, read_at = NULL WHERE tenant = {tenant} AND principal = {principal} AND notification = {notification}
        """);
}
