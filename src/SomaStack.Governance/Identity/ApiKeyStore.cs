using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record ApiKeyRow(
    string Tenant, string Id, string Principal, string Name, string Prefix, IReadOnlyList<string> Scopes,
    DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt)
{
    public const string Columns = "tenant, id, principal, name, prefix, scopes, created_at, expires_at, revoked_at, last_used_at";

    public static ApiKeyRow Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), Names.Read(reader.GetString(5)),
        reader.Instant(6), reader.MaybeInstant(7), reader.MaybeInstant(8), reader.MaybeInstant(9));
}

/// <summary>All SQL of API keys. The hash never leaves this class.</summary>
internal sealed class ApiKeyStore(Db db)
{
    /// <summary>A good key by its hash. A stranger's key names no tenant, so this looks in all of them.</summary>
    public Task<ApiKeyRow?> FindAsync(byte[] hash, long now, CancellationToken cancellationToken) => db.FindAsync(Db.AllTenants, ApiKeyRow.Map, $"""
        SELECT {ApiKeyRow.Columns:raw} FROM api_keys WHERE hash = {hash} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > {now})
        """, cancellationToken);

    public Task<ApiKeyRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, ApiKeyRow.Map, $"SELECT {ApiKeyRow.Columns:raw} FROM api_keys WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    /// <summary>Newest first; ids are UUIDv7, so their order is that of creation.</summary>
    public Task<List<ApiKeyRow>> ListAsync(string tenant, string? principal, string? state, long now, string? before, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, ApiKeyRow.Map, $"""
            SELECT {ApiKeyRow.Columns:raw} FROM api_keys
            WHERE tenant = {tenant} AND ({before == null} OR id < {before ?? ""}) AND ({principal == null} OR principal = {principal ?? ""})
              AND ({state == null} OR {state ?? ""} = CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= {now} THEN 'expired' ELSE 'active' END)
            ORDER BY id DESC LIMIT {(long)limit}
            """, cancellationToken);

    public static Task AddAsync(DbWork work, ApiKeyRow row, byte[] hash) => work.ExecuteAsync($"""
        INSERT INTO api_keys (tenant, id, principal, name, prefix, hash, scopes, created_at, expires_at)
        VALUES ({row.Tenant}, {row.Id}, {row.Principal}, {row.Name}, {row.Prefix}, {hash}, {Names.Write(row.Scopes)}, {row.CreatedAt.ToMicros()}, {row.ExpiresAt?.ToMicros()})
        """);

    /// <summary>Brings its end forward, never back.</summary>
    public static async Task<bool> EndAsync(DbWork work, string tenant, string id, long at) => await work.ExecuteAsync($"""
        UPDATE api_keys SET expires_at = CASE WHEN expires_at < {at} THEN expires_at ELSE {at} END WHERE tenant = {tenant} AND id = {id} AND revoked_at IS NULL
        """) == 1;

    /// <returns>True for the call that revokes it.</returns>
    public static async Task<bool> RevokeAsync(DbWork work, string tenant, string id, long now) =>
        await work.ExecuteAsync($"UPDATE api_keys SET revoked_at = {now} WHERE tenant = {tenant} AND id = {id} AND revoked_at IS NULL") == 1;

    public Task NoteUseAsync(string tenant, string id, long at, CancellationToken cancellationToken) => db.WriteAsync(tenant, work => work.ExecuteAsync($"""
        UPDATE api_keys SET last_used_at = {at} WHERE tenant = {tenant} AND id = {id} AND (last_used_at IS NULL OR last_used_at < {at})
        """), cancellationToken);
}
