using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// All SQL of who has had a way into which account in his hands. Whoever makes a link, an invitation, a key, a secret or a token for another can be
/// him, and nothing that the account does later proves otherwise. So the rows only grow, until the host starts the account over.
/// </summary>
internal static class Hands
{
    /// <summary>Writes down that the caller made a way into the account; his own account and the host are no other hand.</summary>
    /// <param name="tenant">Of the account; a giver of another tenant is written with his own.</param>
    public static async Task NoteAsync(DbWork work, RequestContext giver, string tenant, string principal, long now)
    {
        if (giver.Principal.Id == Principal.System.Id || (giver.Tenant == tenant && giver.Principal.Id == principal)) return;
        var name = giver.Tenant == tenant ? giver.Principal.Id : $"{giver.Tenant}/{giver.Principal.Id}";
        await work.ExecuteAsync($"INSERT INTO hands (tenant, principal, giver, given_at) VALUES ({tenant}, {principal}, {name}, {now}) ON CONFLICT DO NOTHING");
    }

    /// <summary>Whether one person may be behind both accounts: one let the other in, or somebody let in both, also through others.</summary>
    public static async Task<bool> AreOneAsync(DbWork work, string tenant, string one, string other) => one == other || await work.NumberAsync($"""
        WITH RECURSIVE behind (side, id) AS (
            SELECT 1, CAST({one} AS TEXT) UNION ALL SELECT 2, CAST({other} AS TEXT)
            UNION
            SELECT b.side, h.giver FROM behind b JOIN hands h ON h.tenant = {tenant} AND h.principal = b.id
        )
        SELECT COUNT(*) FROM behind a JOIN behind b ON a.id = b.id AND a.side = 1 AND b.side = 2
        """) > 0;

    /// <summary>Ends every way into the account but the one that the host gives: keys, what clients were allowed, identities of outside issuers.</summary>
    public static async Task StartOverAsync(DbWork work, string tenant, string principal, long now)
    {
        await work.ExecuteAsync($"DELETE FROM hands WHERE tenant = {tenant} AND principal = {principal}");
        await work.ExecuteAsync($"UPDATE principals SET revocation = revocation + 1 WHERE tenant = {tenant} AND id = {principal}");
        await work.ExecuteAsync($"UPDATE api_keys SET revoked_at = {now} WHERE tenant = {tenant} AND principal = {principal} AND revoked_at IS NULL");
        await work.ExecuteAsync($"UPDATE oauth_grants SET revoked_at = {now} WHERE tenant = {tenant} AND principal = {principal} AND revoked_at IS NULL");
        await work.ExecuteAsync($"DELETE FROM external_identities WHERE tenant = {tenant} AND principal = {principal}");
        await work.ExecuteAsync($"UPDATE signin_codes SET used_at = {now} WHERE tenant = {tenant} AND principal = {principal} AND used_at IS NULL");
    }
}
