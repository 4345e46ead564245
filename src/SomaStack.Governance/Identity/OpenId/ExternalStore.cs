using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>All SQL of outside identities and of sign-ins under way.</summary>
internal sealed class ExternalStore(Db db)
{
    public Task AddSignInAsync(string tenant, byte[] hash, string returnTo, long expiresAt, CancellationToken cancellationToken) => db.WriteAsync(tenant, work => work.ExecuteAsync($"""
        INSERT INTO external_signins (tenant, hash, return_to, expires_at) VALUES ({tenant}, {hash}, {returnTo}, {expiresAt})
        """), cancellationToken);

    /// <returns>Where to go on, for the one answer that spends the sign-in.</returns>
    public Task<string?> SpendSignInAsync(string tenant, byte[] hash, long now, CancellationToken cancellationToken) => db.WriteAsync(tenant, work => work.FindAsync(static reader => reader.GetString(0), $"""
        UPDATE external_signins SET used_at = {now} WHERE tenant = {tenant} AND hash = {hash} AND used_at IS NULL AND expires_at > {now} RETURNING return_to
        """), cancellationToken);

    public Task<string?> FindAsync(string tenant, string issuer, string subject, CancellationToken cancellationToken) => db.FindAsync(tenant, static reader => reader.GetString(0),
        $"SELECT principal FROM external_identities WHERE tenant = {tenant} AND issuer = {issuer} AND subject = {subject}", cancellationToken);

    /// <returns>False when somebody else has the identity already.</returns>
    public static async Task<bool> LinkAsync(DbWork work, string tenant, string issuer, string subject, string principal, long now) => await work.ExecuteAsync($"""
        INSERT INTO external_identities (tenant, issuer, subject, principal, created_at) VALUES ({tenant}, {issuer}, {subject}, {principal}, {now}) ON CONFLICT DO NOTHING
        """) == 1;
}
