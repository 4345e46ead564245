using SomaStack.Governance.Approvals.Contracts;

namespace SomaStack.Governance.Policy.Contracts;

public static class DecisionApprovals
{
    /// <summary>What to ask a second person for after <see cref="Verdict.NeedsApproval"/>; the same when it is claimed, if nothing has changed.</summary>
    /// <param name="arguments">What the decider is shown and what is bound; the gate's own arguments when not given.</param>
    public static ApprovalRequest ToApproval(this Decision decision, GatedAction action, string summary, string? arguments = null) =>
        new(action.Kind, action.Resource, arguments ?? action.Arguments, decision.ConstitutionHash, decision.PolicyVersion, summary)
        {
            Session = action.Session,
            Reasons = decision.Reasons,
            StepUp = decision.Obligations.Any(static obligation => obligation.Kind == "require_mfa"),
        };
}
