using CsCheck;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Approvals;

/// <summary>Random commands against the decider: nobody gets more than one use out of one yes, and never his own.</summary>
public sealed class ApprovalDeciderTests
{
    private const string Id = "a1";
    private const string Digest = "d1";
    private const string Requester = "ada";

    /// <summary>An account that the requester may be behind.</summary>
    private const string Puppet = "eve";

    private static readonly DateTimeOffset Start = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Expiry = Start + TimeSpan.FromHours(1);

    private static readonly Gen<string> People = OneOf(Requester, "bob", "eve");
    private static readonly Gen<DateTimeOffset> Times = Gen.Int[0, 75].Select(minutes => Start.AddMinutes(minutes));
    private static readonly Gen<CapabilitySet> Held = OneOf(
        CapabilitySet.None, CapabilitySet.Of([Capability.ApprovalDecide]), CapabilitySet.Of([Capability.ApprovalDecide, Capability.PlatformAdmin]));

    private static readonly Gen<ApprovalCommand> Commands = Gen.OneOf<ApprovalCommand>(
        Gen.Select(Gen.Bool, People, Held, Times.Nullable(), OneOf(Digest, "other"), Times,
            (yes, by, held, mfa, digest, at) => (ApprovalCommand)new DecideCommand(Id, yes, by, held, mfa, digest, null, at) { OneHand = by == Puppet }),
        Gen.Select(People, OneOf(Digest, "other"), Gen.Bool, Times, (by, digest, holds, at) => (ApprovalCommand)new ClaimCommand(Id, by, digest, holds, at) { OneHand = at.Minute % 2 == 0 }),
        People.Select(by => (ApprovalCommand)new WithdrawCommand(Id, by, "no longer")),
        OneOf("action_changed", "rights_changed", "one_hand").Select(code => (ApprovalCommand)new VoidCommand(Id, code)),
        Times.Select(at => (ApprovalCommand)new ExpireCommand(Id, at)));

    [Fact]
    public void No_sequence_of_commands_gets_two_uses_or_an_own_yes_out_of_an_approval() =>
        Gen.Select(Commands.Array[0, 40], Gen.Bool, OneOf<string?>(null, Capability.PlatformAdmin)).Sample((commands, stepUp, needs) =>
        {
            var state = Pending() with { StepUp = stepUp, Needs = needs };
            var (uses, yes) = (0, false);
            foreach (var command in commands)
            {
                var before = state;
                var (happened, refusal) = ApprovalDecider.Decide(state, command);
                Assert.True(happened is null ^ refusal is null, "a decision is one event or one refusal");
                if (happened is null) continue;
                state = ApprovalDecider.Apply(state, happened);
                Assert.Equal(before.Version + 1, state.Version);
                Assert.True(before.State is ApprovalState.Pending or ApprovalState.Approved, "nothing happens after the end");
                switch (happened)
                {
                    case ApprovalDecided { Decision: "approve" } decided:
                        var decide = (DecideCommand)command;
                        Assert.False(decided.Decider is Requester or Puppet);
                        Assert.True(decide.Held.Has(Capability.ApprovalDecide) && (needs is null || decide.Held.Has(needs)));
                        Assert.True(decide.At < Expiry && decide.Digest == Digest);
                        if (stepUp) Assert.True(decide.MfaAt is { } at && decide.At - at is { Ticks: >= 0 } age && age < TimeSpan.FromMinutes(5));
                        yes = true;
                        break;
                    case ApprovalExecuted executed:
                        var claim = (ClaimCommand)command;
                        Assert.True(yes && before.State == ApprovalState.Approved, "a use follows a yes");
                        Assert.True(executed.Executor == Requester && claim is { Digest: Digest, DeciderHolds: true, OneHand: false } && claim.At < Expiry);
                        uses++;
                        break;
                    case ApprovalReturned { Code: "expired" }:
                        Assert.True(((ExpireCommand)command).At >= Expiry);
                        break;
                }
            }
            Assert.True(uses <= 1, "a yes is good for one use");
        }, iter: 20_000, writeLine: TestContext.Current.TestOutputHelper!.WriteLine);

    [Fact]
    public void A_yes_is_spent_once_by_whoever_asked_for_the_very_action_that_was_approved()
    {
        var approved = Pending() with { State = ApprovalState.Approved, Version = 2 };
        var claim = new ClaimCommand(Id, Requester, Digest, true, Start.AddMinutes(1));
        Assert.Equal(ApprovalRefusal.ActionChanged, ApprovalDecider.Decide(approved, claim with { Digest = "other" }).Refusal);
        Assert.Equal(ApprovalRefusal.Unknown, ApprovalDecider.Decide(approved, claim with { By = "eve" }).Refusal);
        Assert.Equal(ApprovalRefusal.RightsChanged, ApprovalDecider.Decide(approved, claim with { DeciderHolds = false }).Refusal);
        Assert.Equal(ApprovalRefusal.Pending, ApprovalDecider.Decide(Pending(), claim).Refusal);
        var spent = ApprovalDecider.Apply(approved, ApprovalDecider.Decide(approved, claim).Event!);
        Assert.Equal(ApprovalRefusal.Spent, ApprovalDecider.Decide(spent, claim).Refusal);
    }

    [Fact]
    public void At_the_instant_of_its_expiry_it_is_expired_and_a_microsecond_before_it_is_not()
    {
        var last = Expiry.AddMicroseconds(-1);
        var approved = Pending() with { State = ApprovalState.Approved, Version = 2 };
        Assert.IsType<ApprovalDecided>(ApprovalDecider.Decide(Pending(), Yes(last)).Event);
        Assert.Equal(ApprovalRefusal.Expired, ApprovalDecider.Decide(Pending(), Yes(Expiry)).Refusal);
        Assert.IsType<ApprovalExecuted>(ApprovalDecider.Decide(approved, new ClaimCommand(Id, Requester, Digest, true, last)).Event);
        Assert.Equal(ApprovalRefusal.Expired, ApprovalDecider.Decide(approved, new ClaimCommand(Id, Requester, Digest, true, Expiry)).Refusal);
        Assert.Equal(ApprovalRefusal.NotDue, ApprovalDecider.Decide(approved, new ExpireCommand(Id, last)).Refusal);
        Assert.IsType<ApprovalReturned>(ApprovalDecider.Decide(approved, new ExpireCommand(Id, Expiry)).Event);
    }

    [Fact]
    public void Saying_no_needs_no_second_factor_and_saying_yes_needs_a_fresh_one()
    {
        var wary = Pending() with { StepUp = true };
        var yes = Yes(Start.AddMinutes(10));
        Assert.Equal(ApprovalRefusal.StepUp, ApprovalDecider.Decide(wary, yes).Refusal);
        Assert.Equal(ApprovalRefusal.StepUp, ApprovalDecider.Decide(wary, yes with { MfaAt = Start.AddMinutes(5) }).Refusal);
        Assert.Equal(ApprovalRefusal.StepUp, ApprovalDecider.Decide(wary, yes with { MfaAt = Start.AddMinutes(11) }).Refusal);
        Assert.IsType<ApprovalDecided>(ApprovalDecider.Decide(wary, yes with { MfaAt = Start.AddMinutes(5).AddTicks(1) }).Event);
        Assert.Equal("reject", Assert.IsType<ApprovalDecided>(ApprovalDecider.Decide(wary, yes with { Approves = false }).Event).Decision);
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static ApprovalFacts Pending() => new(ApprovalState.Pending, 1, Digest, Requester, Expiry, false, null, null, null);

    private static DecideCommand Yes(DateTimeOffset at) => new(Id, true, "bob", CapabilitySet.Of([Capability.ApprovalDecide]), null, Digest, null, at);
}
