using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>All SQL of SCIM. Principals stay Identity's own rows; this joins what SCIM adds.</summary>
internal sealed class ScimStore(Db db)
{
    /// <summary>The largest tenant whose list is filtered in memory; a filter by name or id is not bound by it.</summary>
    public const int ListMax = 20_000;

    public Task<List<ScimUser>> UsersAsync(string tenant, CancellationToken cancellationToken) => db.QueryAsync(tenant, ScimUser.Map, $"""
        SELECT {ScimUser.Columns:raw} FROM principals p LEFT JOIN scim_users s ON s.tenant = p.tenant AND s.principal = p.id
        WHERE p.tenant = {tenant} AND p.kind = 'user' AND (s.deleted IS NULL OR s.deleted = {false}) ORDER BY p.id LIMIT {(long)ListMax + 1}
        """, cancellationToken);

    public Task<ScimUser?> FindUserAsync(string tenant, string id, CancellationToken cancellationToken) => db.FindAsync(tenant, ScimUser.Map, $"""
        SELECT {ScimUser.Columns:raw} FROM principals p LEFT JOIN scim_users s ON s.tenant = p.tenant AND s.principal = p.id
        WHERE p.tenant = {tenant} AND p.id = {id} AND p.kind = 'user' AND (s.deleted IS NULL OR s.deleted = {false})
        """, cancellationToken);

    public Task<List<ScimUser>> UsersByNameAsync(string tenant, string userName, CancellationToken cancellationToken) => db.QueryAsync(tenant, ScimUser.Map, $"""
        SELECT {ScimUser.Columns:raw} FROM principals p LEFT JOIN scim_users s ON s.tenant = p.tenant AND s.principal = p.id
        WHERE p.tenant = {tenant} AND p.kind = 'user' AND (s.user_name = {userName} OR (s.user_name IS NULL AND p.id = {userName})) AND (s.deleted IS NULL OR s.deleted = {false})
        """, cancellationToken);

    /// <summary>Whose name it is, be he deleted, active, or a service; null when it is free.</summary>
    public static Task<string?> HolderOfNameAsync(DbWork work, string tenant, string userName) => work.FindAsync(static reader => reader.GetString(0), $"""
        SELECT p.id FROM principals p LEFT JOIN scim_users s ON s.tenant = p.tenant AND s.principal = p.id
        WHERE p.tenant = {tenant} AND (s.user_name = {userName} OR p.id = {userName}) ORDER BY p.id LIMIT 1
        """);

    public Task<string?> FindByExternalIdAsync(string tenant, string externalId, CancellationToken cancellationToken) => db.FindAsync(tenant, static reader => reader.GetString(0),
        $"SELECT principal FROM scim_users WHERE tenant = {tenant} AND external_id = {externalId} AND deleted = {false}", cancellationToken);

    public static Task<PrincipalRow?> FindPrincipalAsync(DbWork work, string tenant, string id) =>
        work.FindAsync(PrincipalRow.Map, $"SELECT {PrincipalRow.Columns:raw} FROM principals WHERE tenant = {tenant} AND id = {id}");

    public static Task<ScimProfile?> FindProfileAsync(DbWork work, string tenant, string principal) =>
        work.FindAsync(ScimProfile.Map, $"SELECT {ScimProfile.Columns:raw} FROM scim_users WHERE tenant = {tenant} AND principal = {principal}");

    public static Task WriteProfileAsync(DbWork work, string tenant, ScimProfile row) => work.ExecuteAsync($"""
        INSERT INTO scim_users (tenant, principal, user_name, external_id, profile, granted, deleted)
        VALUES ({tenant}, {row.Principal}, {row.UserName}, {row.ExternalId}, {row.Profile}, {Names.Write(row.Granted)}, {row.Deleted})
        ON CONFLICT (tenant, principal) DO UPDATE SET user_name = excluded.user_name, external_id = excluded.external_id, profile = excluded.profile, granted = excluded.granted, deleted = excluded.deleted
        """);

    public Task<List<ScimGroup>> GroupsAsync(string tenant, CancellationToken cancellationToken) => db.QueryAsync(tenant, ScimGroup.Map,
        $"SELECT {ScimGroup.Columns:raw} FROM scim_groups WHERE tenant = {tenant} ORDER BY id LIMIT {(long)ListMax + 1}", cancellationToken);

    public Task<ScimGroup?> FindGroupAsync(string tenant, string id, CancellationToken cancellationToken) => db.FindAsync(tenant, ScimGroup.Map,
        $"SELECT {ScimGroup.Columns:raw} FROM scim_groups WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public static async Task<bool> IsGroupNameTakenAsync(DbWork work, string tenant, string displayName, string exceptId) =>
        await work.NumberAsync($"SELECT COUNT(*) FROM scim_groups WHERE tenant = {tenant} AND display_name = {displayName} AND id <> {exceptId}") > 0;

    /// <returns>False when the row is not at <paramref name="expected"/>; 0 means that there is none yet.</returns>
    public static async Task<bool> TryWriteGroupAsync(DbWork work, string tenant, ScimGroup next, long expected)
    {
        var capabilities = Names.Write(next.Capabilities);
        return await work.ExecuteAsync(expected == 0
            ? (Sql)$"""
                INSERT INTO scim_groups (tenant, id, display_name, external_id, capabilities, version, created_at, updated_at)
                VALUES ({tenant}, {next.Id}, {next.DisplayName}, {next.ExternalId}, {capabilities}, {next.Version}, {next.CreatedAt.ToMicros()}, {next.UpdatedAt.ToMicros()})
                """
            : (Sql)$"""
                UPDATE scim_groups SET display_name = {next.DisplayName}, external_id = {next.ExternalId}, capabilities = {capabilities}, version = {next.Version}, updated_at = {next.UpdatedAt.ToMicros()}
                WHERE tenant = {tenant} AND id = {next.Id} AND version = {expected}
                """) == 1;
    }

    public static async Task<bool> RemoveGroupAsync(DbWork work, string tenant, string id)
    {
        await work.ExecuteAsync($"DELETE FROM scim_members WHERE tenant = {tenant} AND group_id = {id}");
        return await work.ExecuteAsync($"DELETE FROM scim_groups WHERE tenant = {tenant} AND id = {id}") == 1;
    }

    /// <summary>Everybody's memberships, or those of one group or one person.</summary>
    public Task<List<ScimMember>> MembersAsync(string tenant, string? group, string? principal, CancellationToken cancellationToken) => db.QueryAsync(tenant, ScimMember.Map, $"""
        SELECT m.group_id, m.principal, g.display_name FROM scim_members m JOIN scim_groups g ON g.tenant = m.tenant AND g.id = m.group_id
        WHERE m.tenant = {tenant} AND ({group == null} OR m.group_id = {group ?? ""}) AND ({principal == null} OR m.principal = {principal ?? ""}) ORDER BY m.group_id, m.principal
        """, cancellationToken);

    public static Task<List<string>> MembersAsync(DbWork work, string tenant, string group) => work.QueryAsync(static reader => reader.GetString(0),
        $"SELECT principal FROM scim_members WHERE tenant = {tenant} AND group_id = {group} ORDER BY principal");

    public static Task AddMemberAsync(DbWork work, string tenant, string group, string principal) => work.ExecuteAsync($"""
        INSERT INTO scim_members (tenant, group_id, principal) VALUES ({tenant}, {group}, {principal}) ON CONFLICT DO NOTHING
        """);

    public static Task RemoveMemberAsync(DbWork work, string tenant, string group, string principal) =>
        work.ExecuteAsync($"DELETE FROM scim_members WHERE tenant = {tenant} AND group_id = {group} AND principal = {principal}");

    public static Task LeaveAllAsync(DbWork work, string tenant, string principal) =>
        work.ExecuteAsync($"DELETE FROM scim_members WHERE tenant = {tenant} AND principal = {principal}");

    /// <summary>What all groups of a person give together.</summary>
    public static async Task<IReadOnlyList<string>> GroupRightsAsync(DbWork work, string tenant, string principal)
    {
        var lists = await work.QueryAsync(static reader => Names.Read(reader.GetString(0)), $"""
            SELECT g.capabilities FROM scim_groups g JOIN scim_members m ON m.tenant = g.tenant AND m.group_id = g.id WHERE g.tenant = {tenant} AND m.principal = {principal}
            """);
        return [.. lists.SelectMany(static list => list).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }
}
