using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>All SQL of tenants, principals, signing keys and revoked tokens.</summary>
internal sealed class IdentityStore(Db db)
{
    /// <summary>The installation's issuer, created once.</summary>
    public async Task<string> IssuerAsync(string proposed, long now, CancellationToken cancellationToken)
    {
        if (await ReadIssuerAsync(cancellationToken) is { } known) return known;
        await db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
            INSERT INTO installations (tenant, issuer, created_at) VALUES ({Db.AllTenants}, {proposed}, {now}) ON CONFLICT DO NOTHING
            """), cancellationToken);
        return (await ReadIssuerAsync(cancellationToken))!;
    }

    private Task<string?> ReadIssuerAsync(CancellationToken cancellationToken) =>
        db.FindAsync(Db.AllTenants, static reader => reader.GetString(0), $"SELECT issuer FROM installations WHERE tenant = {Db.AllTenants}", cancellationToken);

    /// <summary>Every key that may still verify something, newest first.</summary>
    public Task<List<SigningKeyRow>> SigningKeysAsync(long retiredAfter, CancellationToken cancellationToken) =>
        db.QueryAsync(Db.AllTenants, SigningKeyRow.Map, $"""
            SELECT kid, public_key, created_at, retired_at FROM signing_keys
            WHERE tenant = {Db.AllTenants} AND (retired_at IS NULL OR retired_at > {retiredAfter}) ORDER BY created_at DESC, kid
            """, cancellationToken);

    public static Task AddSigningKeyAsync(DbWork work, SigningKeyRow key) => work.ExecuteAsync($"""
        INSERT INTO signing_keys (tenant, kid, public_key, created_at) VALUES ({Db.AllTenants}, {key.Kid}, {key.PublicKey}, {key.CreatedAt.ToMicros()})
        """);

    /// <summary>Takes a key of another installation as our own to verify with; one that is known stays as it is, retired or not.</summary>
    public Task AdoptSigningKeyAsync(SigningKeyRow key, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
        INSERT INTO signing_keys (tenant, kid, public_key, created_at) VALUES ({Db.AllTenants}, {key.Kid}, {key.PublicKey}, {key.CreatedAt.ToMicros()})
        ON CONFLICT (tenant, kid) DO NOTHING
        """), cancellationToken);

    /// <summary>Ends the signing of every other key; returns their ids.</summary>
    public static Task<List<string>> RetireSigningKeysAsync(DbWork work, string exceptKid, long now) => work.QueryAsync(static reader => reader.GetString(0), $"""
        UPDATE signing_keys SET retired_at = {now} WHERE tenant = {Db.AllTenants} AND retired_at IS NULL AND kid <> {exceptKid} RETURNING kid
        """);

    public async Task<bool> TenantExistsAsync(string tenant, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"SELECT COUNT(*) FROM tenants WHERE tenant = {tenant}", cancellationToken) > 0;

    /// <returns>False when the tenant exists.</returns>
    public static async Task<bool> AddTenantAsync(DbWork work, string tenant, string displayName, long now) => await work.ExecuteAsync($"""
        INSERT INTO tenants (tenant, display_name, active, version, created_at) VALUES ({tenant}, {displayName}, {true}, 1, {now}) ON CONFLICT DO NOTHING
        """) == 1;

    /// <summary>The principal when its tenant is active; null when either is unknown.</summary>
    public Task<PrincipalRow?> FindPrincipalAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, PrincipalRow.Map, $"""
            SELECT {PrincipalRow.Columns:raw} FROM principals
            WHERE tenant = {tenant} AND id = {id} AND EXISTS (SELECT 1 FROM tenants t WHERE t.tenant = {tenant} AND t.active)
            """, cancellationToken);

    public static Task<PrincipalRow?> FindPrincipalAsync(DbWork work, string tenant, string id) => work.FindAsync(PrincipalRow.Map, $"""
        SELECT {PrincipalRow.Columns:raw} FROM principals
        WHERE tenant = {tenant} AND id = {id} AND EXISTS (SELECT 1 FROM tenants t WHERE t.tenant = {tenant} AND t.active)
        """);

    /// <summary>By id, after <paramref name="after"/>.</summary>
    public Task<List<PrincipalRow>> PrincipalsAsync(string tenant, string after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, PrincipalRow.Map,
            $"SELECT {PrincipalRow.Columns:raw} FROM principals WHERE tenant = {tenant} AND id > {after} ORDER BY id LIMIT {(long)limit}", cancellationToken);

    /// <summary>By id, after <paramref name="after"/>; null in the filter asks for any.</summary>
    public Task<List<PrincipalRow>> PrincipalsAsync(string tenant, UserFilter filter, string after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, PrincipalRow.Map, $"""
            SELECT {PrincipalRow.Columns:raw} FROM principals WHERE tenant = {tenant} AND id > {after}
              AND ({filter.Kind == null} OR kind = {filter.Kind ?? ""}) AND ({filter.Active == null} OR active = {filter.Active ?? false})
              AND ({filter.Role == null} OR roles LIKE {"%\"" + filter.Role + "\"%"}) AND ({filter.Prefix == null} OR (id >= {filter.Prefix ?? ""} AND id < {filter.Prefix + "~"}))
            ORDER BY id LIMIT {(long)limit}
            """, cancellationToken);

    public Task<List<TenantView>> TenantsAsync(string after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(Db.AllTenants, MapTenant, $"SELECT tenant, display_name, active, version, created_at FROM tenants WHERE tenant > {after} ORDER BY tenant LIMIT {(long)limit}", cancellationToken);

    public static async Task<bool> TryWriteTenantAsync(DbWork work, TenantView next, long expected) => await work.ExecuteAsync($"""
        UPDATE tenants SET display_name = {next.DisplayName}, active = {next.Active}, version = {next.Version} WHERE tenant = {next.Id} AND version = {expected}
        """) == 1;

    public Task<TenantView?> FindTenantAsync(string tenant, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, MapTenant, $"SELECT tenant, display_name, active, version, created_at FROM tenants WHERE tenant = {tenant}", cancellationToken);

    private static TenantView MapTenant(System.Data.Common.DbDataReader reader) =>
        new(reader.GetString(0), reader.GetString(1), reader.GetBoolean(2), reader.GetInt64(3), reader.Instant(4));

    /// <returns>False when the row is not at <paramref name="expected"/>; 0 means that there is none yet.</returns>
    public static async Task<bool> TryWritePrincipalAsync(DbWork work, PrincipalRow next, long expected)
    {
        var capabilities = Names.Write(next.Capabilities);
        return await work.ExecuteAsync(expected == 0
            ? (Sql)$"""
                INSERT INTO principals (tenant, id, kind, display_name, active, capabilities, version, revocation, created_at, updated_at, roles, extra, person, mfa)
                VALUES ({next.Tenant}, {next.Id}, {next.Kind}, {next.DisplayName}, {next.Active}, {capabilities}, {next.Version}, {next.Revocation},
                        {next.CreatedAt.ToMicros()}, {next.UpdatedAt.ToMicros()}, {Names.Write(next.Roles)}, {Names.Write(next.Extra)}, {next.Person}, {next.Mfa})
                ON CONFLICT DO NOTHING
                """
            : (Sql)$"""
                UPDATE principals SET display_name = {next.DisplayName}, active = {next.Active}, capabilities = {capabilities}, version = {next.Version},
                    revocation = CASE WHEN revocation > {next.Revocation} THEN revocation ELSE {next.Revocation} END,
                    roles = {Names.Write(next.Roles)}, extra = {Names.Write(next.Extra)}, updated_at = {next.UpdatedAt.ToMicros()}
                WHERE tenant = {next.Tenant} AND id = {next.Id} AND version = {expected}
                """) == 1;
    }

    public static async Task RaiseGenerationAsync(DbWork work, string tenant) => await work.ExecuteAsync($"""
        INSERT INTO credential_generations (tenant, generation) VALUES ({tenant}, 1)
        ON CONFLICT (tenant) DO UPDATE SET generation = credential_generations.generation + 1
        """);

    /// <summary>Grows with every change that ends or narrows a credential anywhere. A sum, since commits need not come in the order of their numbers.</summary>
    public async Task<long> GenerationAsync(CancellationToken cancellationToken) =>
        await db.NumberAsync(Db.AllTenants, $"SELECT CAST(COALESCE(SUM(generation), 0) AS BIGINT) FROM credential_generations WHERE tenant <> ''", cancellationToken) ?? 0;

    /// <returns>True for the call that revokes it.</returns>
    public static async Task<bool> RevokeTokenAsync(DbWork work, string tenant, string jti, long expiresAt) => await work.ExecuteAsync($"""
        INSERT INTO revoked_tokens (tenant, jti, expires_at) VALUES ({tenant}, {jti}, {expiresAt}) ON CONFLICT DO NOTHING
        """) == 1;

    /// <summary>The active principal behind a token that nobody revoked; null otherwise.</summary>
    public Task<PrincipalRow?> FindTokenHolderAsync(string tenant, string id, string jti, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, PrincipalRow.Map, $"""
            SELECT {PrincipalRow.Columns:raw} FROM principals
            WHERE tenant = {tenant} AND id = {id} AND active
              AND EXISTS (SELECT 1 FROM tenants t WHERE t.tenant = {tenant} AND t.active)
              AND NOT EXISTS (SELECT 1 FROM revoked_tokens r WHERE r.tenant = {tenant} AND r.jti = {jti})
            """, cancellationToken);
}
