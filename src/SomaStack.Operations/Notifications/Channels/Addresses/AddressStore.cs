using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>Where a person says to be reached by one channel; a target once verified.</summary>
/// <param name="CodeHash">Of the code that was sent; null when none is open.</param>
/// <param name="RefusedReason">Why it is off for good.</param>
internal sealed record AddressRow(
    string Tenant, string Principal, string Channel, string Address, byte[]? CodeHash, DateTimeOffset? CodeUntil, long CodeTries, DateTimeOffset? VerifiedAt, DateTimeOffset? RefusedAt,
    string? RefusedReason, DateTimeOffset CreatedAt, long Version)
{
    public const string Columns = "tenant, principal, channel, address, code_hash, code_until, code_tries, verified_at, refused_at, refused_reason, created_at, version";

    public static AddressRow Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.IsDBNull(4) ? null : reader.Bytes(4), reader.MaybeInstant(5), reader.GetInt64(6),
        reader.MaybeInstant(7), reader.MaybeInstant(8), reader.Text(9), reader.Instant(10), reader.GetInt64(11));
}

/// <summary>All SQL of people's addresses.</summary>
internal sealed class AddressStore(Db db)
{
    public Task<AddressRow?> FindAsync(string tenant, string principal, string channel, CancellationToken cancellationToken) => db.FindAsync(tenant, AddressRow.Map, $"""
        SELECT {AddressRow.Columns:raw} FROM notification_addresses WHERE tenant = {tenant} AND principal = {principal} AND channel = {channel}
        """, cancellationToken);

    public Task<List<AddressRow>> ListAsync(string tenant, string principal, CancellationToken cancellationToken) => db.QueryAsync(tenant, AddressRow.Map, $"""
        SELECT {AddressRow.Columns:raw} FROM notification_addresses WHERE tenant = {tenant} AND principal = {principal} ORDER BY channel
        """, cancellationToken);

    /// <summary>Why nothing may be sent to the delivery's target any more; null when it may.</summary>
    public async Task<string?> WhyNotAsync(Delivery delivery, CancellationToken cancellationToken) =>
        await FindAsync(delivery.Tenant, delivery.Principal, delivery.Channel, cancellationToken) switch
        {
            { RefusedAt: not null } => "The address is switched off.",
            { VerifiedAt: not null } row when row.Address == delivery.Target => null,
            _ => "The address was removed or changed.",
        };

    /// <summary>Whatever was there before is replaced, verified or not.</summary>
    public static Task AskAsync(DbWork work, AddressRow row) => work.ExecuteAsync($"""
        INSERT INTO notification_addresses (tenant, principal, channel, address, code_hash, code_until, code_tries, created_at, version)
        VALUES ({row.Tenant}, {row.Principal}, {row.Channel}, {row.Address}, {row.CodeHash}, {row.CodeUntil?.ToMicros()}, 0, {row.CreatedAt.ToMicros()}, 1)
        ON CONFLICT (tenant, principal, channel) DO UPDATE SET address = excluded.address, code_hash = excluded.code_hash, code_until = excluded.code_until, code_tries = 0,
            verified_at = NULL, refused_at = NULL, refused_reason = NULL, created_at = excluded.created_at, version = notification_addresses.version + 1
        """);

    /// <summary>Counts a try before it is looked at, so that guesses at once do not pass together.</summary>
    /// <returns>The row with the try counted; null when no code is open.</returns>
    public static Task<AddressRow?> TryAsync(DbWork work, string tenant, string principal, string channel, int most, DateTimeOffset now) => work.FindAsync(AddressRow.Map, $"""
        UPDATE notification_addresses SET code_tries = code_tries + 1
        WHERE tenant = {tenant} AND principal = {principal} AND channel = {channel} AND code_hash IS NOT NULL AND code_tries < {(long)most} AND code_until > {now.ToMicros()}
        RETURNING {AddressRow.Columns:raw}
        """);

    public static Task VerifyAsync(DbWork work, AddressRow row, DateTimeOffset now) => work.ExecuteAsync($"""
        UPDATE notification_addresses SET verified_at = {now.ToMicros()}, code_hash = NULL, code_until = NULL, version = version + 1
        WHERE tenant = {row.Tenant} AND principal = {row.Principal} AND channel = {row.Channel}
        """);

    public static Task<int> DeleteAsync(DbWork work, string tenant, string principal, string channel) =>
        work.ExecuteAsync($"DELETE FROM notification_addresses WHERE tenant = {tenant} AND principal = {principal} AND channel = {channel}");
}
