using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

/// <summary>An obligation that nobody meets is a denial: a rule must not be lost because its caller does not know it. Pure.</summary>
internal static class Obligations
{
    /// <summary>How long ago a second factor may have been proven; what the edge asks of dangerous routes too.</summary>
    public static readonly TimeSpan MfaAge = RequestContext.StepUpWindow;

    /// <param name="mfaAge">Since the caller proved a second factor; null when it did not.</param>
    /// <param name="policy">Whose moderation rules a redaction must name; null when there is none to look at.</param>
    public static Decision Enforce(Decision decision, IReadOnlyList<string> meets, TimeSpan? mfaAge, CompiledPolicy? policy = null)
    {
        if (decision.Verdict == Verdict.Deny || decision.Obligations.Count == 0) return decision;
        var unmet = new List<Reason>();
        foreach (var obligation in decision.Obligations)
            if (Unmet(decision, obligation, meets, mfaAge, policy) is { } reason) unmet.Add(reason);
        return unmet.Count == 0 ? decision : decision with { Verdict = Verdict.Deny, Reasons = [.. unmet, .. decision.Reasons] };
    }

    private static Reason? Unmet(Decision decision, Obligation obligation, IReadOnlyList<string> meets, TimeSpan? mfaAge, CompiledPolicy? policy) => obligation.Kind switch
    {
        // Who waits for a second person does not act yet; the obligation then binds whoever decides.
        Obligation.RequireMfa when decision.Verdict == Verdict.NeedsApproval || mfaAge <= MfaAge => null,
        Obligation.RequireMfa => new Reason("mfa_required", "The rule asks for a second factor within the last minutes.", obligation.Rule, decision.PolicyVersion, "Call POST /v1/auth/step-up and try again."),
        Obligation.Redact when meets.Contains(Obligation.Redact) && policy is not null && !Redaction.Knows(policy, obligation.Target ?? "") => new Reason(
            "obligation_unmet", $"The rule obliges to redact '{obligation.Target}', and no moderation rule of the policy has this id or category.", obligation.Rule, decision.PolicyVersion,
            "Name the id or category of a moderation rule."),
        _ when meets.Contains(obligation.Kind) => null,
        _ => new Reason(
            "obligation_unmet", $"The rule obliges to '{obligation.Kind}', and this kind of action does not carry that out.", obligation.Rule, decision.PolicyVersion,
            "Take the obligation out of the rule, or limit the rule to kinds of action that carry it out."),
    };
}
