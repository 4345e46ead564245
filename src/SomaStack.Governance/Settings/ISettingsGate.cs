using SomaStack.Platform;

namespace SomaStack.Governance.Settings.Contracts;

/// <summary>Port: the gate, which stands above this room, is asked before a risky change of settings takes effect (action <c>settings.change</c>).</summary>
public interface ISettingsGate
{
    /// <exception cref="Problem">When the change is denied or wants a second person.</exception>
    Task CheckAsync(RequestContext context, RiskyChange change, CancellationToken cancellationToken);
}

/// <param name="Risks">Some of <see cref="SettingsRisks"/>; never empty.</param>
public sealed record RiskyChange(TenantSettings Before, TenantSettings Next, IReadOnlyList<string> Risks);

public static class SettingsRisks
{
    /// <summary>Above 1000 US dollars a day, and higher than before.</summary>
    public const string BudgetRaised = "daily_budget_raised";

    public const string ResidencyCleared = "residency_cleared";

    /// <summary>To a region that did not serve the tenant before.</summary>
    public const string ResidencyWidened = "residency_widened";
}
