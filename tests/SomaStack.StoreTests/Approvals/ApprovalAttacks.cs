using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Identity;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Approvals;

/// <summary>What somebody tries who wants to act on a yes that he does not have.</summary>
public sealed class ApprovalAttacks(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_used_one_cannot_be_used_again(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var approval = await house.ApprovedAsync();
        await house.ClaimAsync(approval);
        await ApprovalHouse.RefusedAsync("approval_spent", () => house.ClaimAsync(approval));
        await ApprovalHouse.RefusedAsync("approval_decided", () => house.DecideAsync(approval, ApprovalHouse.Caller("eve")));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Of_many_executors_at_once_exactly_one_acts(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        for (var round = 0; round < 4; round++)
        {
            var approval = await house.ApprovedAsync(ApprovalHouse.Action with { Resource = "round " + round });
            var outcomes = await Task.WhenAll(Enumerable.Range(0, 24).Select(async _ => await Record.ExceptionAsync(() => house.ClaimAsync(approval, ApprovalHouse.Action with { Resource = "round " + round }))));
            Assert.Single(outcomes, outcome => outcome is null);
            Assert.All(outcomes.Where(outcome => outcome is not null), outcome => Assert.Equal("approval_spent", Assert.IsType<Problem>(outcome).Code.Code));
        }
        Assert.Equal(4, (await house.JournalAsync()).Count(entry => entry.StartsWith("somastack.approval.executed.v1", StringComparison.Ordinal)));
    }

    public static TheoryData<string, string> Changes()
    {
        var data = new TheoryData<string, string>();
        foreach (var name in new[] { "sqlite", "postgres" })
            foreach (var change in new[] { "arguments", "look-alike", "resource", "kind", "session", "policy", "constitution", "step-up", "capability" }) data.Add(name, change);
        return data.Marked();
    }

    [Theory, MemberData(nameof(Changes))]
    public async Task What_changed_between_the_yes_and_its_use_voids_it_for_good(string name, string change)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var approval = await house.ApprovedAsync();
        var action = ApprovalHouse.Action;
        var changed = change switch
        {
            "arguments" => action with { Arguments = """{"command":"rm -rf /","n":1}""" },
            "look-alike" => action with { Arguments = """{"command":"lѕ","n":1}""" },
            "resource" => action with { Resource = "root-shell" },
            "kind" => action with { Kind = "tool.install" },
            "session" => action with { Session = "another" },
            "policy" => action with { PolicyVersion = 8 },
            "constitution" => action with { ConstitutionHash = "c1" },
            "step-up" => action with { StepUp = true },
            _ => action with { Capability = Capability.PlatformAdmin },
        };
        await ApprovalHouse.RefusedAsync("approval_void", () => house.ClaimAsync(approval, changed));
        await house.Get<ReturnApprovals>().DrainAsync(Stop);
        Assert.Equal((ApprovalState.Voided, "action_changed"), ((await house.ReadAsync(approval)).Approval.State, (await house.ReadAsync(approval)).Approval.ReturnCode));
        await ApprovalHouse.RefusedAsync("approval_void", () => house.ClaimAsync(approval));
        Assert.Single(await house.JournalAsync(), entry => entry.StartsWith("somastack.approval.returned.v1", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Another_text_of_the_same_arguments_is_the_same_action_and_arguments_without_one_form_are_none(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var approval = await house.ApprovedAsync();
        foreach (var broken in new[] { """{"command":"ls","command":"ls","n":1}""", """{"command":"ls","n":9007199254740993}""", "[]", "{" })
        {
            await ApprovalHouse.RefusedAsync("invalid_request", () => house.ClaimAsync(approval, ApprovalHouse.Action with { Arguments = broken }));
            await ApprovalHouse.RefusedAsync("invalid_request", () => house.ProposeAsync(ApprovalHouse.Action with { Arguments = broken }));
        }
        Assert.Equal(ApprovalState.Claimed, (await house.ClaimAsync(approval, ApprovalHouse.Action with { Arguments = """{ "n": 1.0, "command": "\u006cs" }""" })).State);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Nobody_approves_his_own_by_token_or_key_or_refuses_it(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var approval = await house.ProposeAsync();
        var key = ApprovalHouse.Caller("ada") with { Principal = new Principal("ada", "key", "key-1") };
        foreach (var self in new[] { ApprovalHouse.Caller("ada"), ApprovalHouse.Caller("ada") with { TraceId = Ids.NewTraceId() }, key })
            foreach (var vote in Enum.GetValues<ApprovalVote>()) await ApprovalHouse.RefusedAsync("approval_own", () => house.DecideAsync(approval, self, vote));
        Assert.Equal(ApprovalState.Pending, (await house.ReadAsync(approval)).Approval.State);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_yes_of_somebody_who_was_deactivated_or_lost_his_right_is_void(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var (fired, demoted, narrowed, fine) = (await house.ApprovedAsync(), await ByAsync("eve", null), await ByAsync("eve", Capability.PlatformAdmin), await ByAsync("eve", null, "fine"));
        await house.PutAsync("bob", [Capability.ApprovalDecide, Capability.PlatformAdmin], active: false);
        await ApprovalHouse.RefusedAsync("approval_void", () => house.ClaimAsync(fired));
        await house.PutAsync("eve", [Capability.ApprovalDecide]);
        await ApprovalHouse.RefusedAsync("approval_void", () => house.ClaimAsync(narrowed, ApprovalHouse.Action with { Resource = "x", Capability = Capability.PlatformAdmin }));
        await house.ClaimAsync(fine, ApprovalHouse.Action with { Resource = "fine" });
        await house.PutAsync("eve", [Capability.PlatformAdmin]);
        await ApprovalHouse.RefusedAsync("approval_void", () => house.ClaimAsync(demoted, ApprovalHouse.Action with { Resource = "x" }));

        await house.Get<ReturnApprovals>().DrainAsync(Stop);
        await house.PutAsync("bob", [Capability.ApprovalDecide]);
        await ApprovalHouse.RefusedAsync("approval_void", () => house.ClaimAsync(fired));
        Assert.Equal("rights_changed", (await house.ReadAsync(fired)).Approval.ReturnCode);

        async Task<Approval> ByAsync(string decider, string? capability, string resource = "x")
        {
            var approval = await house.ProposeAsync(ApprovalHouse.Action with { Resource = resource, Capability = capability });
            await house.DecideAsync(approval, ApprovalHouse.Caller(decider));
            return approval;
        }
    }

    [Theory, MemberData(nameof(Names))]
    public async Task The_yes_that_came_through_a_key_dies_with_the_key(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var made = (await house.Get<ApiKeys>().CreateAsync(new CreateApiKeyRequest("approver", [Capability.ApprovalDecide], "bob"), Databases.Context("demo", "bob"), Stop)).Value!;
        var approval = await house.ProposeAsync();
        await house.DecideAsync(approval, ApprovalHouse.Caller("bob", "demo", Capability.ApprovalDecide) with { Principal = new Principal("bob", "key", made.ApiKey.Id) });
        await house.Get<ApiKeys>().RevokeAsync(made.ApiKey.Id, Databases.Context("demo", "owner"), Stop);
        await ApprovalHouse.RefusedAsync("approval_void", () => house.ClaimAsync(approval));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Expiry_holds_to_the_microsecond_at_the_decision_and_at_the_use(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var (late, used, unused) = (await house.ProposeAsync(), await house.ApprovedAsync(ApprovalHouse.Action with { Resource = "used" }), await house.ApprovedAsync(ApprovalHouse.Action with { Resource = "unused" }));
        house.Clock.Advance(ApprovalRequest.DefaultLifetime - TimeSpan.FromMicroseconds(1));
        await house.ClaimAsync(used, ApprovalHouse.Action with { Resource = "used" });
        house.Clock.Advance(TimeSpan.FromMicroseconds(1));
        await ApprovalHouse.RefusedAsync("approval_expired", () => house.DecideAsync(late));
        await ApprovalHouse.RefusedAsync("approval_expired", () => house.ClaimAsync(late));
        await ApprovalHouse.RefusedAsync("approval_expired", () => house.ClaimAsync(unused, ApprovalHouse.Action with { Resource = "unused" }));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Another_tenants_and_another_requesters_look_unknown_and_cannot_be_voided(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var approval = await house.ApprovedAsync();
        await ApprovalHouse.RefusedAsync("approval_unknown", () => house.ClaimAsync(approval, tenant: "other"));
        await ApprovalHouse.RefusedAsync("approval_unknown", () => house.ClaimAsync(approval, by: "eve"));
        await ApprovalHouse.RefusedAsync("approval_unknown", () => house.ClaimAsync(approval, ApprovalHouse.Action with { Arguments = "{}" }, by: "eve"));
        await ApprovalHouse.RefusedAsync("approval_unknown", () => house.DecideAsync(approval, ApprovalHouse.Caller("bob", "other")));
        await ApprovalHouse.RefusedAsync("approval_unknown", () => house.Get<ReadApprovals>().GetAsync(ApprovalHouse.Caller("bob", "other"), approval.Id, Stop));
        await ApprovalHouse.RefusedAsync("approval_unknown", () => house.Get<WithdrawApproval>().RunAsync(ApprovalHouse.Caller("ada", "other"), approval.Id, Stop));
        Assert.Empty((await house.Get<ReadApprovals>().ListAsync(ApprovalHouse.Caller("bob", "other"), null, null, null, null, Stop)).Value!.Data);
        await house.Get<ReturnApprovals>().DrainAsync(Stop);
        await house.ClaimAsync(approval);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_decision_stands_and_of_two_at_once_one_counts(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var approval = await house.ProposeAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i => await Record.ExceptionAsync(() =>
            house.DecideAsync(approval, ApprovalHouse.Caller(i % 2 == 0 ? "bob" : "eve"), i % 3 == 0 ? ApprovalVote.Reject : ApprovalVote.Approve))));
        Assert.Single(outcomes, outcome => outcome is null);
        Assert.All(outcomes.Where(outcome => outcome is not null), outcome => Assert.Equal("approval_decided", Assert.IsType<Problem>(outcome).Code.Code));
        Assert.Single(await house.JournalAsync(), entry => entry.StartsWith("somastack.approval.decided.v1", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_pending_or_refused_one_is_no_yes_and_what_was_seen_must_be_what_is_decided(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var approval = await house.ProposeAsync();
        await ApprovalHouse.RefusedAsync("approval_pending", () => house.ClaimAsync(approval));
        var seen = await house.ProposeAsync(ApprovalHouse.Action with { Arguments = "{}" });
        foreach (var digest in new[] { seen.Digest, approval.Digest.ToUpperInvariant(), new string('0', 64) })
            await ApprovalHouse.RefusedAsync("approval_digest_mismatch", () => house.DecideAsync(approval, digest: digest));
        await ApprovalHouse.RefusedAsync("invalid_request", () => house.DecideAsync(approval, digest: ""));
        await house.DecideAsync(approval, vote: ApprovalVote.Reject);
        await ApprovalHouse.RefusedAsync("approval_rejected", () => house.ClaimAsync(approval));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Step_up_and_the_extra_capability_are_asked_of_whoever_says_yes(string name)
    {
        await using var house = await ApprovalHouse.StartAsync(databases, name);
        var wary = ApprovalHouse.Action with { StepUp = true, Capability = Capability.PlatformAdmin };
        var approval = await house.ProposeAsync(wary);
        await ApprovalHouse.RefusedAsync("capability_missing", () => house.DecideAsync(approval, ApprovalHouse.Caller("bob", "demo", Capability.ApprovalDecide)));
        await ApprovalHouse.RefusedAsync("capability_missing", () => house.DecideAsync(approval, ApprovalHouse.Caller("bob", "demo", Capability.PlatformAdmin)));
        await ApprovalHouse.RefusedAsync("step_up_required", () => house.DecideAsync(approval));
        await ApprovalHouse.RefusedAsync("step_up_required", () => house.DecideAsync(approval, ApprovalHouse.Caller("bob") with { MfaAt = house.Clock.GetUtcNow() - TimeSpan.FromMinutes(5) }));
        await house.DecideAsync(approval, ApprovalHouse.Caller("bob") with { MfaAt = house.Clock.GetUtcNow() - TimeSpan.FromMinutes(4) });
        await house.ClaimAsync(approval, wary);
    }
}
