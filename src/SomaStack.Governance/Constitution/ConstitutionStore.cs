using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>Which version is active, without its text.</summary>
internal sealed record ConstitutionHead(long Version, string Hash);

/// <summary>All SQL of the room.</summary>
internal sealed class ConstitutionStore(Db db)
{
    private const string Columns =
        "tenant, version, document, hash, issued_at, signatures, loaded_by, loaded_at, activated_at, state, replaces, rollback_of, activated_by, approval, activation";

    /// <summary>The active version of exactly this tenant; <see cref="Db.AllTenants"/> for the installation's.</summary>
    public Task<ConstitutionVersion?> ActiveAsync(string tenant, CancellationToken cancellationToken) => db.FindAsync(tenant, Map, SelectActive(tenant), cancellationToken);

    /// <inheritdoc cref="ActiveAsync(string, CancellationToken)"/>
    public static Task<ConstitutionVersion?> ActiveAsync(DbWork work, string tenant) => work.FindAsync(Map, SelectActive(tenant));

    public Task<ConstitutionHead?> HeadAsync(string tenant, CancellationToken cancellationToken) => db.FindAsync(
        tenant, static row => new ConstitutionHead(row.GetInt64(0), row.GetString(1)),
        $"SELECT version, hash FROM constitution_versions WHERE tenant = {tenant} AND state = {ConstitutionVersion.Active}", cancellationToken);

    public Task<ConstitutionVersion?> FindAsync(string tenant, long version, CancellationToken cancellationToken) => db.FindAsync(tenant, Map, Select(tenant, version), cancellationToken);

    public static Task<ConstitutionVersion?> FindAsync(DbWork work, string tenant, long version) => work.FindAsync(Map, Select(tenant, version));

    /// <summary>Newest first, below <paramref name="before"/>.</summary>
    public Task<List<ConstitutionVersion>> VersionsAsync(string tenant, long before, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, Map, $"SELECT {Columns:raw} FROM constitution_versions WHERE tenant = {tenant} AND version < {before} ORDER BY version DESC LIMIT {limit}", cancellationToken);

    /// <summary>The highest version that was ever loaded, active or not; 0 when there is none.</summary>
    public async Task<long> HighestAsync(string tenant, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"SELECT MAX(version) FROM constitution_versions WHERE tenant = {tenant}", cancellationToken) ?? 0;

    public static async Task<long> HighestAsync(DbWork work, string tenant) =>
        await work.NumberAsync($"SELECT MAX(version) FROM constitution_versions WHERE tenant = {tenant}") ?? 0;

    /// <summary>0 when no version ever took effect: then the tenant is governed by the installation's.</summary>
    public async Task<long> HighestActivatedAsync(string tenant, CancellationToken cancellationToken) => await db.NumberAsync(
        tenant, $"SELECT MAX(version) FROM constitution_versions WHERE tenant = {tenant} AND activated_at IS NOT NULL", cancellationToken) ?? 0;

    /// <summary>Changes with every activation and overlay of any tenant.</summary>
    public async Task<string> StampAsync(CancellationToken cancellationToken) => (await db.FindAsync(
        Db.AllTenants, static row => $"{row.Number(0)}/{row.Number(1)}/{row.Number(2)}/{row.Number(3)}",
        $"""
            SELECT (SELECT COUNT(*) FROM constitution_versions WHERE tenant <> '' AND activated_at IS NOT NULL),
                   (SELECT MAX(activated_at) FROM constitution_versions WHERE tenant <> ''),
                   (SELECT COUNT(*) FROM constitution_overlays WHERE tenant <> ''), (SELECT MAX(changed_at) FROM constitution_overlays WHERE tenant <> '')
            """, cancellationToken))!;

    public static Task AddAsync(DbWork work, ConstitutionVersion version) => work.ExecuteAsync($"""
        INSERT INTO constitution_versions (tenant, version, document, hash, issued_at, signatures, state, loaded_by, loaded_at)
        VALUES ({version.Tenant}, {version.Version}, {version.Document}, {version.Hash}, {version.IssuedAt.ToMicros()}, {Signatures(version)}, {ConstitutionVersion.Candidate},
                {version.LoadedBy}, {version.LoadedAt.ToMicros()})
        """);

    /// <summary>Makes a stored version the one active version.</summary>
    /// <returns>False when it is not a candidate any more.</returns>
    public static async Task<bool> ActivateAsync(DbWork work, ConstitutionVersion version)
    {
        await work.ExecuteAsync($"UPDATE constitution_versions SET state = {ConstitutionVersion.Superseded} WHERE tenant = {version.Tenant} AND state = {ConstitutionVersion.Active}");
        var activation = version.Activation is null ? null : JsonSerializer.Serialize(version.Activation, ConstitutionJson.Default.ActivationSeal);
        return await work.ExecuteAsync($"""
            UPDATE constitution_versions SET state = {ConstitutionVersion.Active}, activated_at = {version.ActivatedAt?.ToMicros()}, replaces = {version.Replaces},
                rollback_of = {version.RollbackOf}, activated_by = {version.ActivatedBy}, approval = {version.Approval}, activation = {activation}
            WHERE tenant = {version.Tenant} AND version = {version.Version} AND state = {ConstitutionVersion.Candidate}
            """) == 1;
    }

    /// <summary>The newest overlay; null when the tenant never had one.</summary>
    public Task<OverlayVersion?> OverlayAsync(string tenant, CancellationToken cancellationToken) => db.FindAsync(tenant, MapOverlay, SelectOverlay(tenant), cancellationToken);

    public static Task<OverlayVersion?> OverlayAsync(DbWork work, string tenant) => work.FindAsync(MapOverlay, SelectOverlay(tenant));

    public static Task AddAsync(DbWork work, OverlayVersion overlay) => work.ExecuteAsync($"""
        INSERT INTO constitution_overlays (tenant, version, overlay, hash, key_id, signature, changed_by, changed_at, approval)
        VALUES ({overlay.Tenant}, {overlay.Version}, {overlay.Text}, {overlay.Hash}, {overlay.KeyId}, {overlay.Signature}, {overlay.ChangedBy}, {overlay.ChangedAt.ToMicros()}, {overlay.Approval})
        """);

    private static Sql SelectActive(string tenant) => $"SELECT {Columns:raw} FROM constitution_versions WHERE tenant = {tenant} AND state = {ConstitutionVersion.Active}";

    private static Sql Select(string tenant, long version) => $"SELECT {Columns:raw} FROM constitution_versions WHERE tenant = {tenant} AND version = {version}";

    private static Sql SelectOverlay(string tenant) => $"""
        SELECT tenant, version, overlay, hash, key_id, signature, changed_by, changed_at, approval FROM constitution_overlays
        WHERE tenant = {tenant} ORDER BY version DESC LIMIT 1
        """;

    private static ConstitutionVersion Map(DbDataReader row) => new(
        row.GetString(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.Instant(4), Signatures(row.GetString(5)), row.GetString(6), row.Instant(7), row.MaybeInstant(8))
    {
        State = row.GetString(9), Replaces = row.Number(10), RollbackOf = row.Number(11), ActivatedBy = row.Text(12), Approval = row.Text(13), Activation = Activation(row.Text(14)),
    };

    private static OverlayVersion MapOverlay(DbDataReader row) => new(
        row.GetString(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetString(5), row.GetString(6), row.Instant(7), row.Text(8));

    private static string Signatures(ConstitutionVersion version) => JsonSerializer.Serialize(version.Signatures, ConstitutionJson.Default.IReadOnlyListConstitutionSignature);

    /// <summary>A damaged list is no signature at all; the verification that follows says so.</summary>
    private static IReadOnlyList<ConstitutionSignature> Signatures(string json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, ConstitutionJson.Default.IReadOnlyListConstitutionSignature) ?? [];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>A damaged seal is one that nothing verifies, not one that is absent.</summary>
    private static ActivationSeal? Activation(string? json)
    {
        try
        {
            return json is null ? null : JsonSerializer.Deserialize(json, ConstitutionJson.Default.ActivationSeal);
        }
        catch (JsonException)
        {
            return new ActivationSeal(1, null, "", "");
        }
    }
}
