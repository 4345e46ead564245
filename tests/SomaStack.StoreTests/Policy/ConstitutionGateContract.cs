using System.Text.Json;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Constitution;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Policy;

/// <summary>What the constitution forbids, the gate forbids, whatever the policy says.</summary>
public sealed class ConstitutionGateContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task Every_rule_of_an_overlay_counts_with_its_commit_for_its_tenant_alone_and_in_simulations(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        Assert.Equal(Verdict.Allow, (await CheckAsync(house, "session.start")).Verdict);
        await house.Get<ActionRecorder>().FlushAsync(Stop);
        await OverlayAsync(house, """{"prohibitions":["session.start"],"ceilings":{"output_tokens":100,"risk":0.5},"required_approvals":{"memory.write":1,"memory.read":2}}""");

        var prohibited = await CheckAsync(house, "session.start");
        var why = prohibited.Reasons[0];
        Assert.Equal((Verdict.Deny, "constitution_prohibits", "constitution/prohibitions/session.start", 1L), (prohibited.Verdict, why.Code, why.Rule, why.Version));
        Assert.Contains("overlay 1", why.Message, StringComparison.Ordinal);
        Assert.NotEmpty(why.Remedy!);
        Assert.Equal(Verdict.Allow, (await house.CheckAsync(House.Caller("other"))).Verdict);

        Assert.Equal((Verdict.NeedsApproval, "constitution_approval_required"), Said(await CheckAsync(house, "memory.write")));
        Assert.Equal((Verdict.Deny, "constitution_approvals_out_of_reach"), Said(await CheckAsync(house, "memory.read")));
        Assert.Equal((Verdict.Deny, "constitution_ceiling"), Said(await CheckAsync(house, "session.message", risk: 0.51)));
        Assert.Equal(Verdict.Allow, (await CheckAsync(house, "session.message", risk: 0.2)).Verdict);
        Assert.Equal((Verdict.Deny, "constitution_ceiling"), Said(await CheckAsync(house, "model.call", new ActionQuantities(5, 101, 0))));
        Assert.Equal(Verdict.Allow, (await CheckAsync(house, "model.call", new ActionQuantities(5, 100, 0))).Verdict);
        // No limit is stated: whoever caps the answer may go on, nobody else.
        var capped = await CheckAsync(house, "model.call", new ActionQuantities(5, null, 0), Obligation.CapTokens);
        Assert.Equal((Verdict.Allow, 100L), (capped.Verdict, capped.Obligations.Single().Limit));
        Assert.Equal((Verdict.Deny, "obligation_unmet"), Said(await CheckAsync(house, "model.call", new ActionQuantities(5, null, 0))));

        var trial = await house.Get<SimulatePolicy>().TryAsync(House.Caller(), StarterPolicy.Text(), 10, Stop);
        Assert.Equal((1, 1, 1), (trial.Actions, trial.Before.Deny, trial.After.Deny));
        var shown = (await house.Get<EvaluateAction>().RunAsync(House.Caller(), new EvaluateRequest(Kind: "model.call", Quantities: new ActionQuantities(1, 200, 0)), Stop)).Value!;
        Assert.Equal("constitution_ceiling", shown.Reasons[0].Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_ceiling_on_what_nobody_measures_denies_and_says_so(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        await OverlayAsync(house, """{"ceilings":{"electricity":5}}""");
        var decision = await CheckAsync(house, "session.start");
        Assert.Equal((Verdict.Deny, "constitution_rule_unknown"), Said(decision));
        Assert.Equal("constitution/ceilings/electricity", decision.Reasons[0].Rule);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_risky_change_of_settings_is_denied_waits_or_passes_as_policy_and_constitution_say(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        var gate = house.Get<ISettingsGate>();
        var before = new TenantSettings("demo", "Demo", ["eu"], null, null, 3);
        var change = new RiskyChange(before, before with { ResidencyRegions = [], Version = 4, DailyBudgetNanos = 8_999_999_999_999_999_999 }, [SettingsRisks.ResidencyCleared], null);
        Assert.Null(await gate.AskAsync(House.Caller(), change, Stop));
        await OverlayAsync(house, """{"required_approvals":{"settings.change":1}}""");
        var asked = (await gate.AskAsync(House.Caller(), change, Stop))!;
        Assert.Equal(("settings.change", Capability.TenantAdmin), (asked.Kind, asked.Capability));
        var approvals = house.Get<IApprovals>();
        var wanted = await house.Db.WriteAsync("demo", work => approvals.ProposeAsync(work, House.Caller(), asked), Stop);
        // The same change is the same approval; a value, or the version that it replaces, makes another.
        foreach (var (other, same) in new[]
        {
            (change, true), (change with { Next = change.Next with { DailyBudgetNanos = 8_999_999_999_999_999_998 } }, false), (change with { Before = before with { Version = 2 } }, false),
            (change with { RestoredFrom = 1 }, false),
        })
        {
            var next = (await gate.AskAsync(House.Caller(), other, Stop))!;
            Assert.Equal(same, wanted.Digest == (await house.Db.WriteAsync("demo", work => approvals.ProposeAsync(work, House.Caller(), next), Stop)).Digest);
        }
        await OverlayAsync(house, """{"required_approvals":{"settings.change":1},"prohibitions":["settings.change"]}""", 1);
        var refused = await Assert.ThrowsAsync<Problem>(() => gate.AskAsync(House.Caller(), change, Stop));
        Assert.Equal(("settings_denied", "constitution_prohibits"), (refused.Code.Code, refused.Reasons[0].Code));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_notice_is_a_line_of_the_journal_in_the_transaction_that_acts(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        var decision = new Decision(Verdict.Allow, 1, 0, [], [], "h", 7, "d") { Obligations = [new Obligation(Obligation.Notify, "big", "treasury"), new Obligation(Obligation.CapTokens, "small", Limit: 3)] };
        var journal = house.Get<Platform.Journal>();
        await Assert.ThrowsAsync<InvalidOperationException>(() => house.Db.WriteAsync("demo", async work =>
        {
            await journal.NoticeAsync(work, House.Caller(), decision, "model.call", "gpt", "call/1");
            throw new InvalidOperationException("It does not happen.");
        }, Stop));
        Assert.Empty(await house.JournalAsync("demo"));
        await house.Db.WriteAsync("demo", work => journal.NoticeAsync(work, House.Caller(), decision, "model.call", "gpt", "call/1"), Stop);
        var data = await house.Db.QueryAsync("demo", static row => row.GetString(0), $"SELECT data FROM journal WHERE tenant = {"demo"} AND type = {PolicyEvents.Notify}", Stop);
        using var notice = JsonDocument.Parse(Assert.Single(data));
        Assert.Equal(("info", "treasury", "call/1", "big", 7L), (
            notice.RootElement.GetProperty("severity").GetString(), notice.RootElement.GetProperty("target").GetString(), notice.RootElement.GetProperty("subject").GetString(),
            notice.RootElement.GetProperty("rule").GetString(), notice.RootElement.GetProperty("policy_version").GetInt64()));
    }

    private static (Verdict, string) Said(Decision decision) => (decision.Verdict, decision.Reasons[0].Code);

    private static Task<Decision> CheckAsync(House house, string kind, ActionQuantities? quantities = null, params string[] meets) => CheckAsync(house, kind, null, quantities, meets);

    private static Task<Decision> CheckAsync(House house, string kind, double? risk, ActionQuantities? quantities = null, params string[] meets) =>
        house.Get<IGate>().CheckAsync(House.Caller(), new GatedAction(kind, "it", "{}", risk) { Quantities = quantities, Meets = meets }, Stop).AsTask();

    private static async Task OverlayAsync(House house, string overlay, long version = 0)
    {
        using var document = JsonDocument.Parse(overlay);
        var (wanted, _) = await house.Get<ChangeOverlay>().RunAsync(House.Caller("demo", "ada", Capability.ConstitutionLoad), document.RootElement, version, Stop);
        Assert.Null(wanted);
    }
}
