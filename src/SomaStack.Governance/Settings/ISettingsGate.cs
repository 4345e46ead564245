using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings.Contracts;

/// <summary>Port: the gate, which stands above this room, is asked before a risky change of settings takes effect (action <c>settings.change</c>).</summary>
public interface ISettingsGate
{
    /// <summary>Null when it is allowed. Else what a second person has to agree to first: the caller asks for it, or claims it in the transaction that changes the settings.</summary>
    /// <param name="context">Whose tenant is the one whose settings change; <c>*</c> for those of the installation.</param>
    /// <exception cref="Problem">403 <c>settings_denied</c> with the reasons.</exception>
    Task<ApprovalRequest?> AskAsync(RequestContext context, RiskyChange change, CancellationToken cancellationToken);
}

/// <param name="Risks">Some of <see cref="SettingsRisks"/>; never empty.</param>
/// <param name="RestoredFrom">The version whose values are brought back; null when they are new.</param>
public sealed record RiskyChange(TenantSettings Before, TenantSettings Next, IReadOnlyList<string> Risks, long? RestoredFrom);

public static class SettingsRisks
{
    /// <summary>Above 1000 US dollars a day, and higher than before.</summary>
    public const string BudgetRaised = "daily_budget_raised";

    public const string ResidencyCleared = "residency_cleared";

    /// <summary>To a region that did not serve the tenant before.</summary>
    public const string ResidencyWidened = "residency_widened";
}
