using System.Data.Common;
using System.Text.Json;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <param name="ChangedBy">Empty when nobody wrote it down.</param>
internal sealed record SettingsVersionRow(TenantSettings Settings, string ChangedBy, long ChangedAt, long? RestoredFrom);

/// <summary>All SQL on settings. The tenant <c>*</c> holds the defaults of the installation.</summary>
internal sealed class SettingsStore(Db db)
{
    /// <summary>Null until the tenant changes something.</summary>
    public Task<TenantSettings?> FindAsync(string tenant, CancellationToken cancellationToken) => db.FindAsync(tenant, Map, Select(tenant), cancellationToken);

    /// <inheritdoc cref="FindAsync(string, CancellationToken)"/>
    public static Task<TenantSettings?> FindAsync(DbWork work, string tenant) => work.FindAsync(Map, Select(tenant));

    /// <summary>Newest first, below <paramref name="before"/>.</summary>
    public Task<List<SettingsVersionRow>> VersionsAsync(string tenant, long before, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant,
        static reader => new SettingsVersionRow(Map(reader), reader.GetString(6), reader.GetInt64(7), reader.Number(8)),
        $"""
            SELECT tenant, display_name, residency_regions, requests_per_minute, daily_budget_nanos, version, changed_by, changed_at, restored_from
            FROM tenant_settings_versions WHERE tenant = {tenant} AND version < {before} ORDER BY version DESC LIMIT {limit}
            """,
        cancellationToken);

    private static Sql Select(string tenant) =>
        $"SELECT tenant, display_name, residency_regions, requests_per_minute, daily_budget_nanos, version FROM tenant_settings WHERE tenant = {tenant}";

    private static TenantSettings Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), JsonSerializer.Deserialize(reader.GetString(2), SettingsJson.Default.StringArray) ?? [],
        reader.Number(3), reader.Number(4), reader.GetInt64(5));

    /// <summary>The new current version, and its line in the history.</summary>
    /// <returns>False when the row is not at <paramref name="expected"/>; 0 means that there is none yet.</returns>
    public static async Task<bool> TryWriteAsync(DbWork work, TenantSettings next, long expected, string by, long now, long? restoredFrom)
    {
        var regions = JsonSerializer.Serialize([.. next.ResidencyRegions], SettingsJson.Default.StringArray);
        var written = await work.ExecuteAsync(expected == 0
            ? (Sql)$"""
                INSERT INTO tenant_settings (tenant, display_name, residency_regions, requests_per_minute, daily_budget_nanos, version, updated_at)
                VALUES ({next.Tenant}, {next.DisplayName}, {regions}, {next.RequestsPerMinute}, {next.DailyBudgetNanos}, {next.Version}, {now})
                ON CONFLICT DO NOTHING
                """
            : (Sql)$"""
                UPDATE tenant_settings SET display_name = {next.DisplayName}, residency_regions = {regions}, requests_per_minute = {next.RequestsPerMinute},
                    daily_budget_nanos = {next.DailyBudgetNanos}, version = {next.Version}, updated_at = {now}
                WHERE tenant = {next.Tenant} AND version = {expected}
                """);
        if (written != 1) return false;
        await work.ExecuteAsync($"""
            INSERT INTO tenant_settings_versions
                (tenant, version, display_name, residency_regions, requests_per_minute, daily_budget_nanos, changed_by, changed_at, restored_from)
            VALUES ({next.Tenant}, {next.Version}, {next.DisplayName}, {regions}, {next.RequestsPerMinute}, {next.DailyBudgetNanos}, {by}, {now}, {restoredFrom})
            """);
        return true;
    }
}
