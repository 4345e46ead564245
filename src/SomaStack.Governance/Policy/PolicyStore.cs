using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <param name="Tenant">Whom it governs; <c>*</c> is the installation.</param>
/// <param name="Document">RFC 8785 text.</param>
internal sealed record PolicyVersion(string Tenant, long Version, string Document, string Hash, string CreatedBy, DateTimeOffset CreatedAt);

/// <summary>All SQL about policies.</summary>
internal sealed class PolicyStore(Db db)
{
    /// <summary>The newest version of exactly this tenant.</summary>
    public Task<PolicyVersion?> NewestAsync(string tenant, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Map, $"""
            SELECT tenant, version, document, hash, created_by, created_at FROM policies WHERE tenant = {tenant} ORDER BY version DESC LIMIT 1
            """, cancellationToken);

    /// <summary>A version that exactly this tenant wrote.</summary>
    public Task<PolicyVersion?> FindAsync(string tenant, long version, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Map, $"""
            SELECT tenant, version, document, hash, created_by, created_at FROM policies WHERE tenant = {tenant} AND version = {version}
            """, cancellationToken);

    /// <summary>Newest first.</summary>
    public Task<List<PolicyVersion>> VersionsAsync(string tenant, long below, int count, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Map, $"""
            SELECT tenant, version, document, hash, created_by, created_at FROM policies
            WHERE tenant = {tenant} AND version < {below} ORDER BY version DESC LIMIT {(long)count}
            """, cancellationToken);

    public static async Task<long> NewestVersionAsync(DbWork work, string tenant) =>
        await work.NumberAsync($"SELECT MAX(version) FROM policies WHERE tenant = {tenant}") ?? 0;

    public static Task<int> InsertAsync(DbWork work, PolicyVersion policy) =>
        work.ExecuteAsync($"""
            INSERT INTO policies (tenant, version, document, hash, created_by, created_at)
            VALUES ({policy.Tenant}, {policy.Version}, {policy.Document}, {policy.Hash}, {policy.CreatedBy}, {policy.CreatedAt.ToMicros()})
            """);

    private static PolicyVersion Map(DbDataReader row) =>
        new(row.GetString(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetString(4), row.Instant(5));
}
