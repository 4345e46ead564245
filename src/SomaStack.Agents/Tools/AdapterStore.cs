using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>All SQL of adapters, their manifests, their secrets and the publishers whose signatures count.</summary>
internal sealed class AdapterStore(Db db)
{
    private const string AdapterColumns = "tenant, id, kind, state, version, revision, events, changed_by, reason, created_at, updated_at";
    private const string ManifestColumns = "tenant, adapter, version, digest, document, key_id, signature, state, approval, registered_by, registered_at, activated_at";
    private const string PublisherColumns = "tenant, key_id, name, public_key, pinned_by, pinned_at";

    public Task<AdapterRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken) => db.FindAsync(
        tenant, MapAdapter, $"SELECT {AdapterColumns:raw} FROM tool_adapters WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public static Task<AdapterRow?> FindAsync(DbWork work, string tenant, string id) => work.FindAsync(
        MapAdapter, $"SELECT {AdapterColumns:raw} FROM tool_adapters WHERE tenant = {tenant} AND id = {id}");

    /// <summary>All of a tenant; there are at most <see cref="AdapterCatalog.AdaptersMax"/>.</summary>
    public Task<List<AdapterRow>> ListAsync(string tenant, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, MapAdapter, $"SELECT {AdapterColumns:raw} FROM tool_adapters WHERE tenant = {tenant} ORDER BY id LIMIT 1000", cancellationToken);

    public static async Task<long> CountAsync(DbWork work, string tenant) => await work.NumberAsync($"SELECT COUNT(*) FROM tool_adapters WHERE tenant = {tenant}") ?? 0;

    public Task<List<ManifestRow>> InForceAsync(string tenant, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, MapManifest, $"SELECT {ManifestColumns:raw} FROM tool_manifests WHERE tenant = {tenant} AND state = {ManifestRow.Active} ORDER BY adapter LIMIT 1000", cancellationToken);

    public Task<ManifestRow?> InForceAsync(string tenant, string adapter, CancellationToken cancellationToken) => db.FindAsync(
        tenant, MapManifest, $"SELECT {ManifestColumns:raw} FROM tool_manifests WHERE tenant = {tenant} AND adapter = {adapter} AND state = {ManifestRow.Active}", cancellationToken);

    public static Task<ManifestRow?> InForceAsync(DbWork work, string tenant, string adapter) => work.FindAsync(
        MapManifest, $"SELECT {ManifestColumns:raw} FROM tool_manifests WHERE tenant = {tenant} AND adapter = {adapter} AND state = {ManifestRow.Active}");

    public Task<ManifestRow?> VersionAsync(string tenant, string adapter, string version, CancellationToken cancellationToken) => db.FindAsync(
        tenant, MapManifest, $"SELECT {ManifestColumns:raw} FROM tool_manifests WHERE tenant = {tenant} AND adapter = {adapter} AND version = {version}", cancellationToken);

    public static Task<ManifestRow?> VersionAsync(DbWork work, string tenant, string adapter, string version) => work.FindAsync(
        MapManifest, $"SELECT {ManifestColumns:raw} FROM tool_manifests WHERE tenant = {tenant} AND adapter = {adapter} AND version = {version}");

    public Task<List<ManifestRow>> VersionsAsync(string tenant, string adapter, string? before, int limit, CancellationToken cancellationToken)
    {
        var (at, version) = Split(before);
        return db.QueryAsync(tenant, MapManifest, $"""
            SELECT {ManifestColumns:raw} FROM tool_manifests WHERE tenant = {tenant} AND adapter = {adapter} AND (registered_at, version) < ({at}, {version})
            ORDER BY registered_at DESC, version DESC LIMIT {limit}
            """, cancellationToken);
    }

    public static string CursorOf(ManifestRow row) => $"{row.RegisteredAt.ToMicros()} {row.Version}";

    public static Task InsertAsync(DbWork work, AdapterRow row) => work.ExecuteAsync($"""
        INSERT INTO tool_adapters (tenant, id, kind, state, version, revision, events, changed_by, reason, created_at, updated_at)
        VALUES ({row.Tenant}, {row.Id}, {row.Kind}, {row.State}, {row.Version}, {row.Revision}, {row.Events}, {row.ChangedBy}, {row.Reason}, {row.CreatedAt.ToMicros()}, {row.UpdatedAt.ToMicros()})
        """);

    /// <returns>False when the row is no longer at the revision before.</returns>
    public static async Task<bool> UpdateAsync(DbWork work, AdapterRow next, long expected) => await work.ExecuteAsync($"""
        UPDATE tool_adapters SET kind = {next.Kind}, state = {next.State}, version = {next.Version}, revision = {next.Revision}, events = {next.Events},
            changed_by = {next.ChangedBy}, reason = {next.Reason}, updated_at = {next.UpdatedAt.ToMicros()}
        WHERE tenant = {next.Tenant} AND id = {next.Id} AND revision = {expected}
        """) == 1;

    public static Task InsertAsync(DbWork work, ManifestRow row) => work.ExecuteAsync($"""
        INSERT INTO tool_manifests (tenant, adapter, version, digest, document, key_id, signature, state, registered_by, registered_at)
        VALUES ({row.Tenant}, {row.Adapter}, {row.Version}, {row.Digest}, {row.Document}, {row.KeyId}, {row.Signature}, {row.State}, {row.RegisteredBy}, {row.RegisteredAt.ToMicros()})
        """);

    /// <summary>A candidate that comes again with another signature; the document is the same.</summary>
    public static Task SignAsync(DbWork work, ManifestRow row, string? keyId, string? signature) => work.ExecuteAsync($"""
        UPDATE tool_manifests SET key_id = {keyId}, signature = {signature}
        WHERE tenant = {row.Tenant} AND adapter = {row.Adapter} AND version = {row.Version} AND digest = {row.Digest}
        """);

    /// <summary>The version in force becomes a replaced one and this takes its place.</summary>
    /// <returns>False when it could not, since it was revoked at the same moment.</returns>
    public static async Task<bool> ActivateAsync(DbWork work, ManifestRow row, string? approval, long now)
    {
        await work.ExecuteAsync($"""
            UPDATE tool_manifests SET state = {ManifestRow.Replaced} WHERE tenant = {row.Tenant} AND adapter = {row.Adapter} AND state = {ManifestRow.Active}
            """);
        return await work.ExecuteAsync($"""
            UPDATE tool_manifests SET state = {ManifestRow.Active}, approval = {approval}, activated_at = {now}
            WHERE tenant = {row.Tenant} AND adapter = {row.Adapter} AND version = {row.Version} AND state <> {ManifestRow.Revoked}
            """) == 1;
    }

    public static Task RevokeAsync(DbWork work, string tenant, string adapter, string version) => work.ExecuteAsync($"""
        UPDATE tool_manifests SET state = {ManifestRow.Revoked} WHERE tenant = {tenant} AND adapter = {adapter} AND version = {version}
        """);

    public Task<List<PublisherRow>> PublishersAsync(string tenant, string after, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, MapPublisher, $"SELECT {PublisherColumns:raw} FROM tool_publishers WHERE tenant = {tenant} AND key_id > {after} ORDER BY key_id LIMIT {limit}", cancellationToken);

    public static Task<PublisherRow?> PublisherAsync(DbWork work, string tenant, string keyId) => work.FindAsync(
        MapPublisher, $"SELECT {PublisherColumns:raw} FROM tool_publishers WHERE tenant = {tenant} AND key_id = {keyId}");

    public static Task InsertAsync(DbWork work, PublisherRow row) => work.ExecuteAsync($"""
        INSERT INTO tool_publishers (tenant, key_id, name, public_key, pinned_by, pinned_at)
        VALUES ({row.Tenant}, {row.KeyId}, {row.Name}, {row.PublicKey}, {row.PinnedBy}, {row.PinnedAt.ToMicros()})
        """);

    public static async Task<bool> UnpinAsync(DbWork work, string tenant, string keyId) => await work.ExecuteAsync($"DELETE FROM tool_publishers WHERE tenant = {tenant} AND key_id = {keyId}") == 1;

    public Task<List<SecretRow>> SecretsAsync(string tenant, string adapter, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => new SecretRow(reader.GetString(0), reader.GetInt64(1), reader.GetString(2), reader.Instant(3)),
        $"SELECT name, version, set_by, set_at FROM tool_secrets WHERE tenant = {tenant} AND adapter = {adapter} ORDER BY name LIMIT 200", cancellationToken);

    public Task<List<(string Name, byte[] Box)>> BoxesAsync(string tenant, string adapter, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => (reader.GetString(0), reader.Bytes(1)), $"SELECT name, box FROM tool_secrets WHERE tenant = {tenant} AND adapter = {adapter} ORDER BY name LIMIT 200", cancellationToken);

    public static async Task<long> SecretVersionAsync(DbWork work, string tenant, string adapter, string name) =>
        await work.NumberAsync($"SELECT version FROM tool_secrets WHERE tenant = {tenant} AND adapter = {adapter} AND name = {name}") ?? 0;

    public static Task SetSecretAsync(DbWork work, string tenant, string adapter, SecretRow row, byte[] box) => work.ExecuteAsync($"""
        INSERT INTO tool_secrets (tenant, adapter, name, box, version, set_by, set_at) VALUES ({tenant}, {adapter}, {row.Name}, {box}, {row.Version}, {row.SetBy}, {row.SetAt.ToMicros()})
        ON CONFLICT (tenant, adapter, name) DO UPDATE SET box = excluded.box, version = excluded.version, set_by = excluded.set_by, set_at = excluded.set_at
        """);

    public static async Task<bool> RemoveSecretAsync(DbWork work, string tenant, string adapter, string name) =>
        await work.ExecuteAsync($"DELETE FROM tool_secrets WHERE tenant = {tenant} AND adapter = {adapter} AND name = {name}") == 1;

    private static (long At, string Version) Split(string? cursor)
    {
        if (cursor is null) return (long.MaxValue, "");
        var blank = cursor.IndexOf(' ', StringComparison.Ordinal);
        return blank > 0 && long.TryParse(cursor.AsSpan(0, blank), out var at) ? (at, cursor[(blank + 1)..]) : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }

    private static AdapterRow MapAdapter(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.Text(4), row.GetInt64(5), row.GetInt64(6), row.GetString(7), row.Text(8), row.Instant(9), row.Instant(10));

    private static ManifestRow MapManifest(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.Text(5), row.Text(6), row.GetString(7), row.Text(8), row.GetString(9),
        row.Instant(10), row.MaybeInstant(11));

    private static PublisherRow MapPublisher(DbDataReader row) => new(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.Instant(5));
}
