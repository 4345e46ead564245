using SomaStack.Governance.Settings.Contracts;

namespace SomaStack.Governance.Settings;

/// <summary>Which changes of settings are more than housekeeping. Pure.</summary>
internal static class SettingsRisk
{
    /// <summary>A budget may be raised to this without asking: 1000 US dollars a day.</summary>
    public const long BudgetFreeNanos = 1000L * 1_000_000_000;

    public static List<string> Of(TenantSettings before, TenantSettings next)
    {
        var risks = new List<string>();
        // No budget is the largest one.
        var (from, to) = (before.DailyBudgetNanos ?? long.MaxValue, next.DailyBudgetNanos ?? long.MaxValue);
        if (to > from && to > BudgetFreeNanos) risks.Add(SettingsRisks.BudgetRaised);
        if (before.ResidencyRegions.Count > 0 && next.ResidencyRegions.Count == 0) risks.Add(SettingsRisks.ResidencyCleared);
        else if (before.ResidencyRegions.Count > 0 && next.ResidencyRegions.Except(before.ResidencyRegions, StringComparer.Ordinal).Any()) risks.Add(SettingsRisks.ResidencyWidened);
        return risks;
    }
}
