using SomaStack.Platform;

namespace SomaStack.Governance.Settings.Contracts;

/// <summary>Server-side state that governs a tenant.</summary>
public interface ISettings
{
    /// <summary>The installation's mode; developer-light until an operator changes it.</summary>
    DeploymentMode Mode { get; }

    ValueTask<TenantSettings> OfTenantAsync(string tenant, CancellationToken cancellationToken);

    /// <summary>The same inside a transaction: what is not in memory is read through it, as waiting for a second connection while one is held can stop all.</summary>
    ValueTask<TenantSettings> OfTenantAsync(DbWork work, string tenant);
}

/// <param name="ResidencyRegions">Regions that may serve the tenant; empty means any.</param>
/// <param name="RequestsPerMinute">Per tenant; null means no limit.</param>
/// <param name="DailyBudgetNanos">Spend per UTC day in nanos of USD; null means no limit.</param>
/// <param name="Version">Grows with every change.</param>
public sealed record TenantSettings(
    string Tenant, string DisplayName, IReadOnlyList<string> ResidencyRegions, long? RequestsPerMinute, long? DailyBudgetNanos, long Version);
