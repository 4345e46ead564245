using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="State">pending, approved, denied or used.</param>
internal sealed record DeviceRow(
    byte[] Hash, string Client, IReadOnlyList<string> Scopes, string State, string? HolderTenant, string? Family, long PauseSeconds, DateTimeOffset? PolledAt, DateTimeOffset ExpiresAt)
{
    public const string Columns = "hash, client, scopes, state, holder_tenant, family, pause_seconds, polled_at, expires_at";

    public static DeviceRow Map(DbDataReader reader) => new(
        reader.Bytes(0), reader.GetString(1), Names.Read(reader.GetString(2)), reader.GetString(3), reader.Text(4), reader.Text(5), reader.GetInt64(6), reader.MaybeInstant(7), reader.Instant(8));
}

/// <summary>All SQL of device codes. They belong to no tenant until a person takes them, so all of it runs in the scope of the installation.</summary>
internal sealed class DeviceStore(Db db)
{
    public Task AddAsync(DeviceRow row, byte[] userCode, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
        INSERT INTO oauth_device_codes (tenant, hash, user_code_hash, client, scopes, state, pause_seconds, expires_at)
        VALUES ({Db.AllTenants}, {row.Hash}, {userCode}, {row.Client}, {Names.Write(row.Scopes)}, {row.State}, {row.PauseSeconds}, {row.ExpiresAt.ToMicros()})
        """), cancellationToken);

    public Task<DeviceRow?> FindAsync(byte[] hash, CancellationToken cancellationToken) =>
        db.FindAsync(Db.AllTenants, DeviceRow.Map, $"SELECT {DeviceRow.Columns:raw} FROM oauth_device_codes WHERE tenant = {Db.AllTenants} AND hash = {hash}", cancellationToken);

    /// <summary>Takes note of a poll that came in time.</summary>
    /// <returns>False when it came before the pause was over; then the pause is longer from now on.</returns>
    public Task<bool> PollAsync(byte[] hash, long now, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        var inTime = await work.ExecuteAsync($"""
            UPDATE oauth_device_codes SET polled_at = {now}
            WHERE tenant = {Db.AllTenants} AND hash = {hash} AND (polled_at IS NULL OR polled_at + (pause_seconds - 1) * 1000000 <= {now})
            """) == 1;
        if (!inTime) await work.ExecuteAsync($"UPDATE oauth_device_codes SET polled_at = {now}, pause_seconds = pause_seconds + 5 WHERE tenant = {Db.AllTenants} AND hash = {hash}");
        return inTime;
    }, cancellationToken);

    /// <summary>Ties a code that still waits to the form of one browser session.</summary>
    public Task<DeviceRow?> LookAsync(byte[] userCode, byte[] ticket, string session, long now, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work =>
        work.FindAsync(DeviceRow.Map, $"""
            UPDATE oauth_device_codes SET ticket_hash = {ticket}, ticket_session = {session}
            WHERE tenant = {Db.AllTenants} AND user_code_hash = {userCode} AND state = 'pending' AND expires_at > {now}
            RETURNING {DeviceRow.Columns:raw}
            """), cancellationToken);

    public Task<DeviceRow?> FindByTicketAsync(byte[] ticket, string session, long now, CancellationToken cancellationToken) => db.FindAsync(Db.AllTenants, DeviceRow.Map, $"""
        SELECT {DeviceRow.Columns:raw} FROM oauth_device_codes
        WHERE tenant = {Db.AllTenants} AND ticket_hash = {ticket} AND ticket_session = {session} AND state = 'pending' AND expires_at > {now}
        """, cancellationToken);

    /// <returns>True for the one form that decides.</returns>
    public Task<bool> DecideAsync(byte[] hash, byte[] ticket, string state, string? tenant, string? family, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
        await work.ExecuteAsync($"""
            UPDATE oauth_device_codes SET state = {state}, holder_tenant = {tenant}, family = {family}
            WHERE tenant = {Db.AllTenants} AND hash = {hash} AND ticket_hash = {ticket} AND state = 'pending'
            """) == 1, cancellationToken);

    /// <returns>True for the one poll that takes the tokens.</returns>
    public Task<bool> TakeAsync(byte[] hash, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
        await work.ExecuteAsync($"UPDATE oauth_device_codes SET state = 'used' WHERE tenant = {Db.AllTenants} AND hash = {hash} AND state = 'approved'") == 1, cancellationToken);
}
