using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record InvitationRow(
    string Tenant, string Id, string Principal, string DisplayName, IReadOnlyList<string> Roles, IReadOnlyList<string> Extra, string InvitedBy,
    DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, DateTimeOffset? AcceptedAt, DateTimeOffset? RevokedAt)
{
    public const string Columns = "tenant, id, principal, display_name, roles, extra, invited_by, created_at, expires_at, accepted_at, revoked_at, email";

    /// <summary>In lower case; who signs in at the outside issuer with this verified address accepts without the link.</summary>
    public string? Email { get; init; }

    public static InvitationRow Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), Names.Read(reader.GetString(4)), Names.Read(reader.GetString(5)), reader.GetString(6),
        reader.Instant(7), reader.Instant(8), reader.MaybeInstant(9), reader.MaybeInstant(10)) { Email = reader.Text(11) };
}

/// <summary>All SQL of invitations. The hash of a code never leaves this class.</summary>
internal sealed class InvitationStore(Db db)
{
    /// <summary>An open invitation by its code's hash. A stranger's code names no tenant, so this looks in all of them.</summary>
    public Task<InvitationRow?> FindAsync(byte[] hash, long now, CancellationToken cancellationToken) => db.FindAsync(Db.AllTenants, InvitationRow.Map, $"""
        SELECT {InvitationRow.Columns:raw} FROM invitations WHERE tenant <> '' AND hash = {hash} AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > {now}
        """, cancellationToken);

    /// <summary>The newest open invitation for an address.</summary>
    public Task<InvitationRow?> FindByEmailAsync(string tenant, string email, long now, CancellationToken cancellationToken) => db.FindAsync(tenant, InvitationRow.Map, $"""
        SELECT {InvitationRow.Columns:raw} FROM invitations
        WHERE tenant = {tenant} AND email = {email} AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > {now} ORDER BY id DESC LIMIT 1
        """, cancellationToken);

    /// <summary>Newest first.</summary>
    public Task<List<InvitationRow>> ListAsync(string tenant, string? before, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant, InvitationRow.Map, $"""
        SELECT {InvitationRow.Columns:raw} FROM invitations WHERE tenant = {tenant} AND ({before == null} OR id < {before ?? ""}) ORDER BY id DESC LIMIT {(long)limit}
        """, cancellationToken);

    public static Task AddAsync(DbWork work, InvitationRow row, byte[] hash) => work.ExecuteAsync($"""
        INSERT INTO invitations (tenant, id, hash, principal, display_name, roles, extra, invited_by, created_at, expires_at, email)
        VALUES ({row.Tenant}, {row.Id}, {hash}, {row.Principal}, {row.DisplayName}, {Names.Write(row.Roles)}, {Names.Write(row.Extra)}, {row.InvitedBy},
                {row.CreatedAt.ToMicros()}, {row.ExpiresAt.ToMicros()}, {row.Email})
        """);

    /// <returns>True for the one request that accepts it.</returns>
    public static async Task<bool> AcceptAsync(DbWork work, string tenant, string id, long now) => await work.ExecuteAsync($"""
        UPDATE invitations SET accepted_at = {now} WHERE tenant = {tenant} AND id = {id} AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > {now}
        """) == 1;

    /// <returns>True for the one request that revokes it.</returns>
    public static async Task<bool> RevokeAsync(DbWork work, string tenant, string id, long now) => await work.ExecuteAsync($"""
        UPDATE invitations SET revoked_at = {now} WHERE tenant = {tenant} AND id = {id} AND accepted_at IS NULL AND revoked_at IS NULL
        """) == 1;
}
