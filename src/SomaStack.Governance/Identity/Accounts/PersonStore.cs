using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Somebody who signs in with a password, in whichever tenants name him.</summary>
/// <param name="Password">Argon2id in PHC form; never leaves this room.</param>
/// <param name="Totp">The sealed secret of a confirmed second factor.</param>
/// <param name="TotpPending">The sealed secret of one that was not confirmed yet.</param>
internal sealed record PersonRow(string Id, string Login, string? Password, byte[]? Totp, byte[]? TotpPending)
{
    public const string Columns = "id, login, password, totp, totp_pending";

    public static PersonRow Map(DbDataReader reader) =>
        new(reader.GetString(0), reader.GetString(1), reader.Text(2), reader.IsDBNull(3) ? null : reader.Bytes(3), reader.IsDBNull(4) ? null : reader.Bytes(4));
}

internal sealed record Membership(string Tenant, string TenantName, string Principal);

/// <summary>All SQL of people, their second factors and memberships. They belong to no tenant, so their tenant is '*'.</summary>
internal sealed class PersonStore(Db db)
{
    public Task<PersonRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        db.FindAsync(Db.AllTenants, PersonRow.Map, $"SELECT {PersonRow.Columns:raw} FROM people WHERE tenant = {Db.AllTenants} AND id = {id}", cancellationToken);

    public Task<PersonRow?> FindByLoginAsync(string login, CancellationToken cancellationToken) =>
        db.FindAsync(Db.AllTenants, PersonRow.Map, $"SELECT {PersonRow.Columns:raw} FROM people WHERE tenant = {Db.AllTenants} AND login = {login}", cancellationToken);

    /// <summary>Where the person is an active user of an active tenant.</summary>
    public Task<List<Membership>> MembershipsAsync(string person, CancellationToken cancellationToken) =>
        db.QueryAsync(Db.AllTenants, static reader => new Membership(reader.GetString(0), reader.GetString(1), reader.GetString(2)), $"""
            SELECT p.tenant, t.display_name, p.id FROM principals p JOIN tenants t ON t.tenant = p.tenant
            WHERE p.person = {person} AND p.active AND t.active ORDER BY p.tenant, p.id
            """, cancellationToken);

    /// <returns>False when the login is taken.</returns>
    public static async Task<bool> TryAddAsync(DbWork work, PersonRow row, long now) => await work.ExecuteAsync($"""
        INSERT INTO people (tenant, id, login, password, totp_step, created_at, updated_at)
        VALUES ({Db.AllTenants}, {row.Id}, {row.Login}, {row.Password}, 0, {now}, {now}) ON CONFLICT DO NOTHING
        """) == 1;

    /// <summary>Makes the principal a membership of the person; false when it is another's already, or gone.</summary>
    public static async Task<bool> TryJoinAsync(DbWork work, string tenant, string principal, string person, bool mfa) => await work.ExecuteAsync($"""
        UPDATE principals SET person = {person}, mfa = {mfa} WHERE tenant = {tenant} AND id = {principal} AND kind = 'user' AND (person IS NULL OR person = {person})
          AND NOT EXISTS (SELECT 1 FROM principals o WHERE o.tenant = {tenant} AND o.person = {person} AND o.id <> {principal})
        """) == 1;

    /// <param name="expected">The hash that was verified; a password that changed meanwhile stays.</param>
    public static async Task<bool> SetPasswordAsync(DbWork work, string person, string? expected, string hash, long now) => await work.ExecuteAsync(expected is null
        ? (Sql)$"UPDATE people SET password = {hash}, updated_at = {now} WHERE tenant = {Db.AllTenants} AND id = {person}"
        : (Sql)$"UPDATE people SET password = {hash}, updated_at = {now} WHERE tenant = {Db.AllTenants} AND id = {person} AND password = {expected}") == 1;

    /// <summary>Ends every token of the person and everything that he allowed a client, in every tenant.</summary>
    public static async Task RevokeAsync(DbWork work, string person, long now)
    {
        await work.ExecuteAsync($"UPDATE principals SET revocation = revocation + 1 WHERE tenant <> '' AND person = {person}");
        await work.ExecuteAsync($"""
            UPDATE oauth_grants SET revoked_at = {now} WHERE tenant <> '' AND revoked_at IS NULL
              AND EXISTS (SELECT 1 FROM principals p WHERE p.tenant = oauth_grants.tenant AND p.id = oauth_grants.principal AND p.person = {person})
            """);
    }

    public static Task SetPendingAsync(DbWork work, string person, byte[] secret, long now) => work.ExecuteAsync($"""
        UPDATE people SET totp_pending = {secret}, updated_at = {now} WHERE tenant = {Db.AllTenants} AND id = {person} AND totp IS NULL
        """);

    /// <returns>False when there is nothing to confirm, or another request confirmed it.</returns>
    public static async Task<bool> ConfirmAsync(DbWork work, string person, long step, long now) => await work.ExecuteAsync($"""
        UPDATE people SET totp = totp_pending, totp_pending = NULL, totp_step = {step}, updated_at = {now}
        WHERE tenant = {Db.AllTenants} AND id = {person} AND totp IS NULL AND totp_pending IS NOT NULL
        """) == 1;

    /// <returns>True for the one request that spends a time step; later ones must come with a later step.</returns>
    public static async Task<bool> SpendStepAsync(DbWork work, string person, long step) => await work.ExecuteAsync($"""
        UPDATE people SET totp_step = {step} WHERE tenant = {Db.AllTenants} AND id = {person} AND totp IS NOT NULL AND totp_step < {step}
        """) == 1;

    public static async Task<bool> RemoveFactorAsync(DbWork work, string person, long now)
    {
        await work.ExecuteAsync($"DELETE FROM recovery_codes WHERE tenant = {Db.AllTenants} AND person = {person}");
        return await work.ExecuteAsync($"""
            UPDATE people SET totp = NULL, totp_pending = NULL, updated_at = {now} WHERE tenant = {Db.AllTenants} AND id = {person} AND (totp IS NOT NULL OR totp_pending IS NOT NULL)
            """) == 1;
    }

    public static Task MarkFactorAsync(DbWork work, string person, bool enrolled) => work.ExecuteAsync($"UPDATE principals SET mfa = {enrolled} WHERE tenant <> '' AND person = {person}");

    public static async Task SetRecoveryCodesAsync(DbWork work, string person, IEnumerable<byte[]> hashes)
    {
        await work.ExecuteAsync($"DELETE FROM recovery_codes WHERE tenant = {Db.AllTenants} AND person = {person}");
        foreach (var hash in hashes) await work.ExecuteAsync($"INSERT INTO recovery_codes (tenant, person, hash) VALUES ({Db.AllTenants}, {person}, {hash})");
    }

    /// <returns>True for the one request that spends the code.</returns>
    public static async Task<bool> SpendRecoveryCodeAsync(DbWork work, string person, byte[] hash) =>
        await work.ExecuteAsync($"DELETE FROM recovery_codes WHERE tenant = {Db.AllTenants} AND person = {person} AND hash = {hash}") == 1;

    public async Task<long> RecoveryCodesLeftAsync(string person, CancellationToken cancellationToken) =>
        await db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM recovery_codes WHERE tenant = {Db.AllTenants} AND person = {person}", cancellationToken) ?? 0;
}
