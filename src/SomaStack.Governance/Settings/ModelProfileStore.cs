using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <param name="Profile">Null when the role was reset.</param>
internal sealed record ModelProfileRow(string Role, ModelProfileBody? Profile, long Version);

/// <summary>All SQL on model profiles.</summary>
internal sealed class ModelProfileStore(Db db)
{
    public Task<List<ModelProfileRow>> OfTenantAsync(string tenant, CancellationToken cancellationToken) => db.QueryAsync(
        tenant,
        static reader => new ModelProfileRow(
            reader.GetString(0), reader.Text(1) is { } json ? JsonSerializer.Deserialize(json, SettingsJson.Default.ModelProfileBody) : null, reader.GetInt64(2)),
        $"SELECT role, profile, version FROM tenant_model_profiles WHERE tenant = {tenant} ORDER BY role",
        cancellationToken);

    /// <returns>False when the role is not at <paramref name="expected"/>; 0 means that there is no row yet.</returns>
    public static async Task<bool> TryWriteAsync(DbWork work, string tenant, string role, ModelProfileBody? profile, long expected, long now)
    {
        var json = profile is null ? null : JsonSerializer.Serialize(profile, SettingsJson.Default.ModelProfileBody);
        return await work.ExecuteAsync(expected == 0
            ? (Sql)$"""
                INSERT INTO tenant_model_profiles (tenant, role, profile, version, updated_at)
                VALUES ({tenant}, {role}, {json}, {1L}, {now})
                ON CONFLICT DO NOTHING
                """
            : (Sql)$"""
                UPDATE tenant_model_profiles SET profile = {json}, version = {expected + 1}, updated_at = {now}
                WHERE tenant = {tenant} AND role = {role} AND version = {expected}
                """) == 1;
    }
}
