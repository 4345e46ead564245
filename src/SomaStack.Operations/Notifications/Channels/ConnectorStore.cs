using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>How a tenant reaches the outside by one channel.</summary>
/// <param name="Account">The user name of the relay, or the account of the provider; may be empty.</param>
/// <param name="Sender">The address or number that messages come from.</param>
/// <param name="Secret">Sealed; null when none is needed.</param>
internal sealed record Connector(string Tenant, string Channel, string Url, string Account, string Sender, byte[]? Secret, long Version, DateTimeOffset UpdatedAt)
{
    public static Connector Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.IsDBNull(5) ? null : reader.Bytes(5), reader.GetInt64(6), reader.Instant(7));
}

/// <summary>All SQL of connectors.</summary>
internal sealed class ConnectorStore(Db db)
{
    private const string Columns = "tenant, channel, url, account, sender, secret, version, updated_at";

    public Task<Connector?> FindAsync(string tenant, string channel, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Connector.Map, $"SELECT {Columns:raw} FROM notification_connectors WHERE tenant = {tenant} AND channel = {channel}", cancellationToken);

    public Task<List<Connector>> ListAsync(string tenant, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Connector.Map, $"SELECT {Columns:raw} FROM notification_connectors WHERE tenant = {tenant} ORDER BY channel", cancellationToken);

    /// <param name="expected">0 when there is none.</param>
    /// <returns>False when it is at another version.</returns>
    public static async Task<bool> TryWriteAsync(DbWork work, Connector row, long expected) => await work.ExecuteAsync(expected == 0
        ? (Sql)$"""
            INSERT INTO notification_connectors (tenant, channel, url, account, sender, secret, version, updated_at)
            VALUES ({row.Tenant}, {row.Channel}, {row.Url}, {row.Account}, {row.Sender}, {row.Secret}, {row.Version}, {row.UpdatedAt.ToMicros()}) ON CONFLICT DO NOTHING
            """
        : (Sql)$"""
            UPDATE notification_connectors SET url = {row.Url}, account = {row.Account}, sender = {row.Sender}, secret = {row.Secret}, version = {row.Version}, updated_at = {row.UpdatedAt.ToMicros()}
            WHERE tenant = {row.Tenant} AND channel = {row.Channel} AND version = {expected}
            """) == 1;

    public static Task<int> DeleteAsync(DbWork work, string tenant, string channel) => work.ExecuteAsync($"DELETE FROM notification_connectors WHERE tenant = {tenant} AND channel = {channel}");
}
