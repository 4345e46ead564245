using System.Globalization;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>Where each value comes from: default, installation or tenant.</summary>
internal sealed record SettingsSources(string DisplayName, string ResidencyRegions, string RequestsPerMinute, string DailyBudget);

/// <param name="DailyBudget">In <paramref name="Currency"/>; null when there is no limit.</param>
internal sealed record SettingsView(
    string Tenant, string DisplayName, IReadOnlyList<string> ResidencyRegions, long? RequestsPerMinute, decimal? DailyBudget, string Currency, long Version, string VersionHash,
    SettingsSources Sources)
{
    /// <param name="own">What the tenant set; version 0 when that is nothing.</param>
    public static SettingsView Of(TenantSettings own, TenantSettings installation)
    {
        var effective = Effective(own, installation);
        return new SettingsView(
            own.Tenant, own.DisplayName, effective.ResidencyRegions, effective.RequestsPerMinute, effective.DailyBudgetNanos / 1_000_000_000m, "USD", own.Version, Hash(own),
            new SettingsSources(
                own.Version > 0 ? "tenant" : "default",
                Source(own.ResidencyRegions.Count > 0, installation.ResidencyRegions.Count > 0),
                Source(own.RequestsPerMinute is not null, installation.RequestsPerMinute is not null),
                Source(own.DailyBudgetNanos is not null, installation.DailyBudgetNanos is not null)));
    }

    /// <summary>What governs: the tenant's own value, else the installation's, else none.</summary>
    public static TenantSettings Effective(TenantSettings own, TenantSettings installation) => installation.Version == 0 ? own : own with
    {
        ResidencyRegions = own.ResidencyRegions.Count > 0 ? own.ResidencyRegions : installation.ResidencyRegions,
        RequestsPerMinute = own.RequestsPerMinute ?? installation.RequestsPerMinute,
        DailyBudgetNanos = own.DailyBudgetNanos ?? installation.DailyBudgetNanos,
    };

    /// <summary>Of the tenant's own settings: equal ones have equal hashes, whatever the order of their regions was.</summary>
    public static string Hash(TenantSettings settings)
    {
        var text = string.Join('\n', settings.Tenant, settings.DisplayName, string.Join(',', settings.ResidencyRegions.Order(StringComparer.Ordinal)),
            settings.RequestsPerMinute?.ToString(CultureInfo.InvariantCulture), settings.DailyBudgetNanos?.ToString(CultureInfo.InvariantCulture),
            settings.Version.ToString(CultureInfo.InvariantCulture));
        return TextDigest.Of(text);
    }

    private static string Source(bool tenant, bool installation) => tenant ? "tenant" : installation ? "installation" : "default";
}
