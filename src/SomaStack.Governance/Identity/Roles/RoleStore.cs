using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Tenant"><c>*</c> for a published role.</param>
/// <param name="Version">0 for a published role, which only a release changes.</param>
internal sealed record RoleRow(string Tenant, string Name, string Description, IReadOnlyList<string> Capabilities, long Version, DateTimeOffset UpdatedAt)
{
    public static RoleRow Map(DbDataReader reader) =>
        new(reader.GetString(0), reader.GetString(1), reader.GetString(2), Names.Read(reader.GetString(3)), reader.GetInt64(4), reader.Instant(5));
}

/// <summary>All SQL of roles, and what roles and extras come to.</summary>
internal sealed class RoleStore(Db db)
{
    /// <summary>A tenant's own roles are few: a page of them is all of them.</summary>
    public const int PerTenantMax = 100;

    private const string Columns = "tenant, name, description, capabilities, version, updated_at";

    public Task<List<RoleRow>> ListAsync(string tenant, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, RoleRow.Map, $"SELECT {Columns:raw} FROM roles WHERE tenant = {tenant} ORDER BY name", cancellationToken);

    public Task<RoleRow?> FindAsync(string tenant, string name, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, RoleRow.Map, $"SELECT {Columns:raw} FROM roles WHERE tenant = {tenant} AND name = {name}", cancellationToken);

    /// <summary>
    /// The union of the extras and of what the roles bring. The caller has raised the tenant's generation in this transaction: that row is the lock
    /// that keeps a role from changing between this reading and the commit.
    /// </summary>
    /// <exception cref="Problem">422 <c>role_unknown</c>.</exception>
    public static async Task<string[]> EffectiveAsync(DbWork work, string tenant, IReadOnlyList<string> roles, IReadOnlyList<string> extra)
    {
        var held = new HashSet<string>(extra, StringComparer.Ordinal);
        var own = roles.Where(static name => !PublishedRoles.ByName.ContainsKey(name)).ToList();
        var found = own.Count == 0 ? [] : await work.QueryAsync(RoleRow.Map, $"SELECT {Columns:raw} FROM roles WHERE tenant = {tenant} AND name IN {own:in}");
        foreach (var name in roles)
        {
            var role = PublishedRoles.ByName.GetValueOrDefault(name) ?? found.Find(row => row.Name == name)
                ?? throw IdentityProblems.RoleUnknown.Because($"There is no role '{name}'.");
            held.UnionWith(role.Capabilities);
        }
        return [.. held.Where(Capability.All.Contains).Order(StringComparer.Ordinal)];
    }

    public static Task<long?> CountAsync(DbWork work, string tenant) => work.NumberAsync($"SELECT COUNT(*) FROM roles WHERE tenant = {tenant}");

    /// <returns>False when the row is not at <paramref name="expected"/>; 0 means that there is none yet.</returns>
    public static async Task<bool> TryWriteAsync(DbWork work, RoleRow next, long expected) => await work.ExecuteAsync(expected == 0
        ? (Sql)$"""
            INSERT INTO roles (tenant, name, description, capabilities, version, updated_at)
            VALUES ({next.Tenant}, {next.Name}, {next.Description}, {Names.Write(next.Capabilities)}, {next.Version}, {next.UpdatedAt.ToMicros()}) ON CONFLICT DO NOTHING
            """
        : (Sql)$"""
            UPDATE roles SET description = {next.Description}, capabilities = {Names.Write(next.Capabilities)}, version = {next.Version}, updated_at = {next.UpdatedAt.ToMicros()}
            WHERE tenant = {next.Tenant} AND name = {next.Name} AND version = {expected}
            """) == 1;

    public static async Task<bool> DeleteAsync(DbWork work, string tenant, string name) => await work.ExecuteAsync($"DELETE FROM roles WHERE tenant = {tenant} AND name = {name}") == 1;

    /// <summary>Who holds a role. Names hold neither quotes nor wildcards, so the quoted name finds exactly itself.</summary>
    public static Task<List<PrincipalRow>> HoldersAsync(DbWork work, string tenant, string name) => work.QueryAsync(PrincipalRow.Map,
        $"SELECT {PrincipalRow.Columns:raw} FROM principals WHERE tenant = {tenant} AND roles LIKE {"%\"" + name + "\"%"} ORDER BY id");

    /// <summary>Every principal of the installation that holds any role.</summary>
    public static Task<List<PrincipalRow>> AllHoldersAsync(DbWork work) => work.QueryAsync(PrincipalRow.Map,
        $"SELECT {PrincipalRow.Columns:raw} FROM principals WHERE roles <> '[]' ORDER BY tenant, id");

    /// <returns>False when the principals' capabilities were computed with this catalogue already.</returns>
    public static async Task<bool> AdoptCatalogueAsync(DbWork work, string digest) => await work.ExecuteAsync($"""
        INSERT INTO role_catalogs (tenant, digest) VALUES ({Db.AllTenants}, {digest})
        ON CONFLICT (tenant) DO UPDATE SET digest = excluded.digest WHERE role_catalogs.digest <> excluded.digest
        """) == 1;
}
