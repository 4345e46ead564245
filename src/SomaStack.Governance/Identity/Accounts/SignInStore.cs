using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>All SQL of sign-in codes.</summary>
internal sealed class SignInStore(Db db)
{
    public static Task AddAsync(DbWork work, string tenant, byte[] hash, string principal, long expiresAt, string purpose) => work.ExecuteAsync($"""
        INSERT INTO signin_codes (tenant, hash, principal, expires_at, purpose) VALUES ({tenant}, {hash}, {principal}, {expiresAt}, {purpose})
        """);

    /// <summary>The tenant and principal of a code that is still good. A stranger's code names no tenant, so this looks in all of them.</summary>
    public async Task<(string Tenant, string Principal, string Purpose)?> FindAsync(byte[] hash, long now, CancellationToken cancellationToken)
    {
        var rows = await db.QueryAsync(Db.AllTenants, static reader => (reader.GetString(0), reader.GetString(1), reader.GetString(2)),
            $"SELECT tenant, principal, purpose FROM signin_codes WHERE hash = {hash} AND used_at IS NULL AND expires_at > {now}", cancellationToken);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <returns>True for the one caller that spends the code.</returns>
    public static async Task<bool> SpendAsync(DbWork work, string tenant, byte[] hash, long now) => await work.ExecuteAsync($"""
        UPDATE signin_codes SET used_at = {now} WHERE tenant = {tenant} AND hash = {hash} AND used_at IS NULL AND expires_at > {now}
        """) == 1;
}
