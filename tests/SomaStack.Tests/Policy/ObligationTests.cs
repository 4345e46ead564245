using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;

namespace SomaStack.Tests.Policy;

public sealed class ObligationTests
{
    private static readonly Decision Allowed = new(Verdict.Allow, 0.9, 0.7, [], [], "hash", 3, "digest");

    [Fact]
    public void What_nobody_carries_out_is_denied_and_names_its_rule()
    {
        var decision = Obligations.Enforce(Allowed with { Obligations = [new Obligation("redact", "r1", "email")] }, [], null);
        Assert.Equal((Verdict.Deny, "obligation_unmet", "r1"), (decision.Verdict, decision.Reasons[0].Code, decision.Reasons[0].Rule));
        Assert.Equal(Verdict.Allow, Obligations.Enforce(Allowed with { Obligations = [new Obligation("redact", "r1", "email")] }, ["redact"], null).Verdict);
        Assert.Equal(Verdict.Deny, Obligations.Enforce(Allowed with { Obligations = [new Obligation("redact", "r1", "email"), new Obligation("notify", "r2", "ops")] }, ["redact"], null).Verdict);
    }

    [Fact]
    public void A_second_factor_is_fresh_up_to_the_limit_and_binds_the_decider_where_one_is_asked()
    {
        var obliged = Allowed with { Obligations = [new Obligation("require_mfa", "r1")] };
        Assert.Equal(Verdict.Allow, Obligations.Enforce(obliged, [], Obligations.MfaAge).Verdict);
        Assert.Equal("mfa_required", Obligations.Enforce(obliged, [], Obligations.MfaAge + TimeSpan.FromTicks(1)).Reasons[0].Code);
        Assert.Equal(Verdict.Deny, Obligations.Enforce(obliged, ["require_mfa"], null).Verdict);
        Assert.Equal(Verdict.NeedsApproval, Obligations.Enforce(obliged with { Verdict = Verdict.NeedsApproval }, [], null).Verdict);
    }

    [Fact]
    public void A_denial_and_a_decision_without_obligations_stay_as_they_are()
    {
        var denied = Allowed with { Verdict = Verdict.Deny, Obligations = [new Obligation("redact", "r1")] };
        Assert.Same(denied, Obligations.Enforce(denied, [], null));
        Assert.Same(Allowed, Obligations.Enforce(Allowed, [], null));
    }
}
