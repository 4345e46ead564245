using System.Text.Json;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <param name="Preferences">Null when they were reset.</param>
internal sealed record PreferenceRow(string Principal, NotificationPreferences? Preferences, long Version);

/// <summary>All SQL on notification preferences. The principal is empty for the tenant's own.</summary>
internal sealed class PreferenceStore(Db db)
{
    public Task<PreferenceRow?> FindAsync(string tenant, string principal, CancellationToken cancellationToken) => db.FindAsync(
        tenant,
        static reader => new PreferenceRow(reader.GetString(0), JsonSerializer.Deserialize(reader.GetString(1), SettingsJson.Default.NotificationPreferences), reader.GetInt64(2)),
        $"SELECT principal, preferences, version FROM notification_preferences WHERE tenant = {tenant} AND principal = {principal}",
        cancellationToken);

    /// <returns>False when they are not at <paramref name="expected"/>; 0 means that there are none yet.</returns>
    public static async Task<bool> TryWriteAsync(DbWork work, string tenant, PreferenceRow next, long expected, long now)
    {
        var json = next.Preferences is null ? "null" : JsonSerializer.Serialize(next.Preferences, SettingsJson.Default.NotificationPreferences);
        return await work.ExecuteAsync(expected == 0
            ? (Sql)$"""
                INSERT INTO notification_preferences (tenant, principal, preferences, version, updated_at)
                VALUES ({tenant}, {next.Principal}, {json}, {next.Version}, {now}) ON CONFLICT DO NOTHING
                """
            : (Sql)$"""
                UPDATE notification_preferences SET preferences = {json}, version = {next.Version}, updated_at = {now}
                WHERE tenant = {tenant} AND principal = {next.Principal} AND version = {expected}
                """) == 1;
    }
}
