using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>All SQL of grants, codes, refresh tokens and what waits for consent.</summary>
internal sealed class GrantStore(Db db)
{
    public static Task AddRequestAsync(DbWork work, string tenant, byte[] hash, string session, ConsentRow row, long expiresAt) => work.ExecuteAsync($"""
        INSERT INTO oauth_requests (tenant, hash, session, client, redirect_uri, scopes, state, nonce, challenge, expires_at)
        VALUES ({tenant}, {hash}, {session}, {row.Client}, {row.RedirectUri}, {Names.Write(row.Scopes)}, {row.State}, {row.Nonce}, {row.Challenge}, {expiresAt})
        """);

    /// <returns>The request for the one form that spends it, from the browser session that got it.</returns>
    public static Task<ConsentRow?> SpendRequestAsync(DbWork work, string tenant, byte[] hash, string session, long now) => work.FindAsync(ConsentRow.Map, $"""
        UPDATE oauth_requests SET used_at = {now} WHERE tenant = {tenant} AND hash = {hash} AND session = {session} AND used_at IS NULL AND expires_at > {now}
        RETURNING client, redirect_uri, scopes, state, nonce, challenge
        """);

    public static Task AddGrantAsync(DbWork work, Grant grant, long now) => work.ExecuteAsync($"""
        INSERT INTO oauth_grants (tenant, id, client, principal, scopes, authenticated_at, amr, mfa_at, created_at, expires_at)
        VALUES ({grant.Tenant}, {grant.Id}, {grant.Client}, {grant.Principal}, {Names.Write(grant.Scopes)},
                {grant.AuthenticatedAt.ToMicros()}, {Names.Write(grant.Proof.Amr)}, {grant.Proof.MfaAt?.ToMicros()}, {now}, {grant.ExpiresAt.ToMicros()})
        """);

    public Task<Grant?> FindGrantAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Grant.Map, $"SELECT {Grant.Columns:raw} FROM oauth_grants WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public static async Task<bool> IsRevokedAsync(DbWork work, string tenant, string id) =>
        await work.NumberAsync($"SELECT COUNT(*) FROM oauth_grants WHERE tenant = {tenant} AND id = {id} AND revoked_at IS NULL") == 0;

    /// <returns>The grant for the call that revokes it; null when it was revoked before.</returns>
    public static Task<Grant?> RevokeGrantAsync(DbWork work, string tenant, string id, long now) => work.FindAsync(Grant.Map, $"""
        UPDATE oauth_grants SET revoked_at = {now} WHERE tenant = {tenant} AND id = {id} AND revoked_at IS NULL RETURNING {Grant.Columns:raw}
        """);

    public static Task<List<string>> LiveGrantsAsync(DbWork work, string tenant, string client) => work.QueryAsync(static reader => reader.GetString(0),
        $"SELECT id FROM oauth_grants WHERE tenant = {tenant} AND client = {client} AND revoked_at IS NULL");

    public static Task AddCodeAsync(DbWork work, CodeRow row, byte[] hash) => work.ExecuteAsync($"""
        INSERT INTO oauth_codes (tenant, hash, family, redirect_uri, challenge, nonce, expires_at)
        VALUES ({row.Tenant}, {hash}, {row.Family}, {row.RedirectUri}, {row.Challenge}, {row.Nonce}, {row.ExpiresAt.ToMicros()})
        """);

    /// <summary>A code by its hash, used or not. It names no tenant, so this looks in all of them.</summary>
    public Task<CodeRow?> FindCodeAsync(byte[] hash, CancellationToken cancellationToken) => db.FindAsync(Db.AllTenants, CodeRow.Map,
        $"SELECT tenant, family, redirect_uri, challenge, nonce, expires_at FROM oauth_codes WHERE hash = {hash}", cancellationToken);

    /// <returns>True for the one caller that spends the code.</returns>
    public static async Task<bool> SpendCodeAsync(DbWork work, string tenant, byte[] hash, long now) =>
        await work.ExecuteAsync($"UPDATE oauth_codes SET used_at = {now} WHERE tenant = {tenant} AND hash = {hash} AND used_at IS NULL") == 1;

    public static Task AddRefreshAsync(DbWork work, RefreshRow row, byte[] hash) => work.ExecuteAsync($"""
        INSERT INTO oauth_refresh_tokens (tenant, hash, family, expires_at) VALUES ({row.Tenant}, {hash}, {row.Family}, {row.ExpiresAt.ToMicros()})
        """);

    public Task<RefreshRow?> FindRefreshAsync(byte[] hash, CancellationToken cancellationToken) => db.FindAsync(Db.AllTenants, RefreshRow.Map,
        $"SELECT tenant, family, expires_at FROM oauth_refresh_tokens WHERE hash = {hash}", cancellationToken);

    /// <summary>The same, only while nobody has used it.</summary>
    public Task<RefreshRow?> FindUnusedRefreshAsync(byte[] hash, CancellationToken cancellationToken) => db.FindAsync(Db.AllTenants, RefreshRow.Map,
        $"SELECT tenant, family, expires_at FROM oauth_refresh_tokens WHERE hash = {hash} AND used_at IS NULL", cancellationToken);

    public static async Task<bool> SpendRefreshAsync(DbWork work, string tenant, byte[] hash, long now) =>
        await work.ExecuteAsync($"UPDATE oauth_refresh_tokens SET used_at = {now} WHERE tenant = {tenant} AND hash = {hash} AND used_at IS NULL") == 1;

    public static Task AddAccessTokenAsync(DbWork work, string tenant, string jti, string family, long expiresAt) => work.ExecuteAsync($"""
        INSERT INTO oauth_access_tokens (tenant, jti, family, expires_at) VALUES ({tenant}, {jti}, {family}, {expiresAt})
        """);

    public static Task<List<(string Jti, long ExpiresAt)>> AccessTokensAsync(DbWork work, string tenant, string family, long now) => work.QueryAsync(
        static reader => (reader.GetString(0), reader.GetInt64(1)),
        $"SELECT jti, expires_at FROM oauth_access_tokens WHERE tenant = {tenant} AND family = {family} AND expires_at > {now}");

    /// <summary>The family of an access token; null when it came of none.</summary>
    public Task<string?> FamilyOfAsync(string tenant, string jti, CancellationToken cancellationToken) => db.FindAsync(tenant, static reader => reader.GetString(0),
        $"SELECT family FROM oauth_access_tokens WHERE tenant = {tenant} AND jti = {jti}", cancellationToken);

    /// <summary>
    /// Forgets what cannot be used any more. Used codes and refresh tokens stay as long as their family could live, so that a late
    /// replay is still seen as one.
    /// </summary>
    public Task PurgeAsync(long now, long familiesBefore, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        // One after the other: the scope is the whole installation ('*'), so no statement names a single tenant.
        await work.ExecuteAsync($"DELETE FROM oauth_requests WHERE expires_at < {now} AND tenant <> ''");
        await work.ExecuteAsync($"DELETE FROM oauth_assertions WHERE expires_at < {now} AND tenant <> ''");
        await work.ExecuteAsync($"DELETE FROM oauth_access_tokens WHERE expires_at < {now} AND tenant <> ''");
        await work.ExecuteAsync($"DELETE FROM oauth_device_codes WHERE expires_at < {now} AND tenant <> ''");
        await work.ExecuteAsync($"DELETE FROM external_signins WHERE expires_at < {now} AND tenant <> ''");
        await work.ExecuteAsync($"DELETE FROM oauth_codes WHERE expires_at < {familiesBefore} AND tenant <> ''");
        await work.ExecuteAsync($"DELETE FROM oauth_refresh_tokens WHERE expires_at < {familiesBefore} AND tenant <> ''");
        await work.ExecuteAsync($"DELETE FROM oauth_grants WHERE expires_at < {familiesBefore} AND tenant <> ''");
    }, cancellationToken);
}
