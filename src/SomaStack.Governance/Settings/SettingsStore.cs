using System.Text.Json;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>All SQL of the room.</summary>
internal sealed class SettingsStore(Db db)
{
    /// <summary>Null until the tenant changes something.</summary>
    public Task<TenantSettings?> FindAsync(string tenant, CancellationToken cancellationToken) => db.FindAsync(tenant, Map, Select(tenant), cancellationToken);

    /// <inheritdoc cref="FindAsync(string, CancellationToken)"/>
    public static Task<TenantSettings?> FindAsync(DbWork work, string tenant) => work.FindAsync(Map, Select(tenant));

    private static Sql Select(string tenant) =>
        $"SELECT tenant, display_name, residency_regions, requests_per_minute, daily_budget_nanos, version FROM tenant_settings WHERE tenant = {tenant}";

    private static TenantSettings Map(System.Data.Common.DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), JsonSerializer.Deserialize(reader.GetString(2), SettingsJson.Default.StringArray) ?? [],
        reader.Number(3), reader.Number(4), reader.GetInt64(5));

    /// <returns>False when the row is not at <paramref name="expected"/>; 0 means that there is none yet.</returns>
    public static async Task<bool> TryWriteAsync(DbWork work, TenantSettings next, long expected, long now)
    {
        var regions = JsonSerializer.Serialize([.. next.ResidencyRegions], SettingsJson.Default.StringArray);
        return await work.ExecuteAsync(expected == 0
            ? (Sql)$"""
                INSERT INTO tenant_settings (tenant, display_name, residency_regions, requests_per_minute, daily_budget_nanos, version, updated_at)
                VALUES ({next.Tenant}, {next.DisplayName}, {regions}, {next.RequestsPerMinute}, {next.DailyBudgetNanos}, {next.Version}, {now})
                ON CONFLICT DO NOTHING
                """
            : (Sql)$"""
                UPDATE tenant_settings SET display_name = {next.DisplayName}, residency_regions = {regions}, requests_per_minute = {next.RequestsPerMinute},
                    daily_budget_nanos = {next.DailyBudgetNanos}, version = {next.Version}, updated_at = {now}
                WHERE tenant = {next.Tenant} AND version = {expected}
                """) == 1;
    }

    public Task<string?> ModeAsync(CancellationToken cancellationToken) =>
        db.FindAsync(Db.AllTenants, static reader => reader.GetString(0), $"SELECT mode FROM deployments WHERE tenant = {Db.AllTenants}", cancellationToken);

    public Task AddModeAsync(string mode, long now, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
        INSERT INTO deployments (tenant, mode, version, updated_at) VALUES ({Db.AllTenants}, {mode}, 1, {now}) ON CONFLICT DO NOTHING
        """), cancellationToken);
}
