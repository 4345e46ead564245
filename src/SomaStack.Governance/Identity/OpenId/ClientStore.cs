using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>All SQL of registered clients. The hash of a secret leaves only to be compared.</summary>
internal sealed class ClientStore(Db db)
{
    public Task<OAuthClient?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, OAuthClient.Map, $"SELECT {OAuthClient.Columns:raw} FROM oauth_clients WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public Task<List<OAuthClient>> ListAsync(string tenant, string after, int limit, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, OAuthClient.Map,
            $"SELECT {OAuthClient.Columns:raw} FROM oauth_clients WHERE tenant = {tenant} AND id > {after} ORDER BY id LIMIT {(long)limit}", cancellationToken);

    /// <returns>False when the row is not at <paramref name="expected"/>; 0 means that there is none yet.</returns>
    public static async Task<bool> TryWriteAsync(DbWork work, OAuthClient next, long expected)
    {
        var (grants, redirects, logouts, scopes) = (Names.Write(next.Grants), Names.Write(next.RedirectUris), Names.Write(next.LogoutUris), Names.Write(next.Scopes ?? []));
        return await work.ExecuteAsync(expected == 0
            ? (Sql)$"""
                INSERT INTO oauth_clients (tenant, id, name, confidential, grants, redirect_uris, logout_uris, scopes, principal, secret_hash, public_keys, version, created_at, updated_at)
                VALUES ({next.Tenant}, {next.Id}, {next.Name}, {next.IsConfidential}, {grants}, {redirects}, {logouts}, {scopes}, {next.Principal}, {next.SecretHash}, {next.PublicKeys},
                        {next.Version}, {next.CreatedAt.ToMicros()}, {next.UpdatedAt.ToMicros()})
                ON CONFLICT DO NOTHING
                """
            : (Sql)$"""
                UPDATE oauth_clients SET name = {next.Name}, confidential = {next.IsConfidential}, grants = {grants}, redirect_uris = {redirects}, logout_uris = {logouts}, scopes = {scopes},
                    principal = {next.Principal}, secret_hash = {next.SecretHash}, public_keys = {next.PublicKeys}, version = {next.Version}, updated_at = {next.UpdatedAt.ToMicros()}
                WHERE tenant = {next.Tenant} AND id = {next.Id} AND version = {expected}
                """) == 1;
    }

    public static async Task<bool> RemoveAsync(DbWork work, string tenant, string id) =>
        await work.ExecuteAsync($"DELETE FROM oauth_clients WHERE tenant = {tenant} AND id = {id}") == 1;

    /// <returns>False when the assertion was used before.</returns>
    public Task<bool> SpendAssertionAsync(OAuthClient client, string jti, long expiresAt, CancellationToken cancellationToken) => db.WriteAsync(client.Tenant, async work =>
        await work.ExecuteAsync($"""
            INSERT INTO oauth_assertions (tenant, client, jti, expires_at) VALUES ({client.Tenant}, {client.Id}, {jti}, {expiresAt}) ON CONFLICT DO NOTHING
            """) == 1, cancellationToken);
}
