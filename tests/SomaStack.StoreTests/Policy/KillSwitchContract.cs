using Microsoft.AspNetCore.Http.HttpResults;
using SomaStack.Governance.Approvals;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Policy;

/// <summary>One key stops, two release; here at once, elsewhere with the next look.</summary>
public sealed class KillSwitchContract(Databases databases)
{
    private static readonly RequestContext Operator = House.Caller("demo", "ops", Capability.KillSwitchEngage, Capability.PlatformAdmin);
    private static readonly RequestContext Second = House.Caller("demo", "bob", Capability.ApprovalDecide, Capability.KillSwitchEngage, Capability.PlatformAdmin);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task It_stops_at_once_here_and_with_the_next_look_elsewhere_and_survives_a_restart(string name)
    {
        await using var one = await StartAsync(name);
        await using var two = await House.StartAsync(one.Options.Database!, one.Options.DataDirectory);
        await EngageAsync(one, KillScope.Tenant, "fire drill");
        var stopped = await Assert.ThrowsAsync<Problem>(() => one.CheckAsync(House.Caller()));
        Assert.Equal("kill_switch_engaged", stopped.Code.Code);
        Assert.Contains("fire drill", stopped.Detail, StringComparison.Ordinal);
        Assert.Equal(Verdict.Allow, (await one.CheckAsync(House.Caller("other"))).Verdict);
        await two.Get<WatchKillSwitches>().ReadAsync(Stop);
        await Assert.ThrowsAsync<Problem>(() => two.CheckAsync(House.Caller()));

        await ReleaseAsync(two, KillScope.Tenant);
        Assert.Equal(Verdict.Allow, (await two.CheckAsync(House.Caller())).Verdict);
        await EngageAsync(two, KillScope.Platform, "all of it");
        await Assert.ThrowsAsync<Problem>(() => two.CheckAsync(House.Caller("other")));
        await using var three = await House.StartAsync(one.Options.Database!, one.Options.DataDirectory);
        await Assert.ThrowsAsync<Problem>(() => three.CheckAsync(House.Caller("other")));
        Assert.Equal(2, (await one.JournalAsync("demo")).Count(type => type == PolicyEvents.KillSwitchChanged));
        Assert.Equal(1, (await one.JournalAsync(Db.AllTenants)).Count(type => type == PolicyEvents.KillSwitchChanged));
        await ReleaseAsync(three, KillScope.Platform);
        Assert.Equal(Verdict.Allow, (await three.CheckAsync(House.Caller("other"))).Verdict);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task One_key_does_not_release_and_the_second_is_somebody_else(string name)
    {
        await using var house = await StartAsync(name);
        await EngageAsync(house, KillScope.Tenant, "drill");
        var wanted = await AskAsync(house, KillScope.Tenant);
        Assert.Equal(["approval:decide", "killswitch:engage"], wanted.Needs.Capabilities);
        await RefusedAsync("approval_pending", () => ChangeAsync(house, Operator with { Approval = wanted.Id }, false, KillScope.Tenant));
        await RefusedAsync("approval_own", () => DecideAsync(house, wanted, Operator with { Capabilities = Second.Capabilities }));
        await RefusedAsync("capability_missing", () => DecideAsync(house, wanted, House.Caller("demo", "bob", Capability.ApprovalDecide)));
        await Assert.ThrowsAsync<Problem>(() => house.CheckAsync(House.Caller()));
        await DecideAsync(house, wanted, Second);
        await RefusedAsync("approval_void", () => ChangeAsync(house, Operator with { Approval = wanted.Id }, false, KillScope.Tenant, "another reason"));
        await house.Get<ReturnApprovals>().DrainAsync(Stop);
        await ReleaseAsync(house, KillScope.Tenant);
        Assert.Equal(Verdict.Allow, (await house.CheckAsync(House.Caller())).Verdict);
        Assert.IsType<Ok<KillSwitchAnswer>>(await ChangeAsync(house, Operator, false, KillScope.Tenant));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Whoever_engages_again_voids_a_release_that_was_approved(string name)
    {
        await using var house = await StartAsync(name);
        await EngageAsync(house, KillScope.Tenant, "first");
        var wanted = await AskAsync(house, KillScope.Tenant);
        await DecideAsync(house, wanted, Second);
        await EngageAsync(house, KillScope.Tenant, "second, and worse");
        await RefusedAsync("approval_void", () => ChangeAsync(house, Operator with { Approval = wanted.Id }, false, KillScope.Tenant));
        await Assert.ThrowsAsync<Problem>(() => house.CheckAsync(House.Caller()));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_persona_a_capsule_or_a_tool_stops_alone(string name)
    {
        await using var house = await StartAsync(name);
        await EngageAsync(house, KillScope.Persona, "rude", "guide");
        await EngageAsync(house, KillScope.Capsule, "leaks", "planner");
        await EngageAsync(house, KillScope.Tool, "rm", "shell");
        var gate = house.Get<IGate>();
        foreach (var stopped in new GatedAction[] { new("session.start", "guide", "{}") { Persona = "guide" }, new("session.start", "x", "{}") { Capsule = "planner" }, new("tool.call", "shell", "{}") })
            await RefusedAsync("kill_switch_engaged", () => gate.CheckAsync(House.Caller(), stopped, Stop).AsTask());
        foreach (var free in new GatedAction[] { new("session.start", "shell", "{}") { Persona = "other" }, new("session.start", "guide", "{}"), new("session.start", "x", "{}") { Persona = "Guide" } })
            Assert.Equal(Verdict.Allow, (await gate.CheckAsync(House.Caller(), free, Stop)).Verdict);
        Assert.Equal(Verdict.Allow, (await gate.CheckAsync(House.Caller("other"), new GatedAction("session.start", "guide", "{}") { Persona = "guide" }, Stop)).Verdict);
        await ReleaseAsync(house, KillScope.Persona, "guide");
        Assert.Equal(Verdict.Allow, (await gate.CheckAsync(House.Caller(), new GatedAction("session.start", "guide", "{}") { Persona = "guide" }, Stop)).Verdict);
        await RefusedAsync("kill_switch_engaged", () => gate.CheckAsync(House.Caller(), new GatedAction("tool.call", "shell", "{}"), Stop).AsTask());
        foreach (var (scope, target) in new[] { (KillScope.Persona, null), (KillScope.Tenant, "guide"), (KillScope.Tool, ""), (KillScope.Tool, "a\nb") })
            await RefusedAsync("invalid_request", () => ChangeAsync(house, Operator, true, scope, "x", target));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Those_who_run_something_hear_of_it_here_and_on_other_replicas(string name)
    {
        await using var one = await StartAsync(name);
        await using var two = await House.StartAsync(one.Options.Database!, one.Options.DataDirectory);
        var heard = new List<string>();
        one.Get<IKillSwitch>().Engaged += () => throw new InvalidOperationException("A listener fails.");
        one.Get<IKillSwitch>().Engaged += () => heard.Add("one: " + one.Get<IKillSwitch>().Stopped("demo")?.Code.Code);
        two.Get<IKillSwitch>().Engaged += () => heard.Add("two: " + two.Get<IKillSwitch>().Stopped("demo")?.Code.Code);
        await EngageAsync(one, KillScope.Tenant, "drill");
        one.Get<WatchKillSwitches>().Tell();
        await two.Get<WatchKillSwitches>().ReadAsync(Stop);
        two.Get<WatchKillSwitches>().Tell();
        two.Get<WatchKillSwitches>().Tell();
        Assert.Equal(["one: kill_switch_engaged", "two: kill_switch_engaged"], heard);
    }

    [Fact]
    public async Task A_tenants_operator_cannot_stop_the_platform()
    {
        await using var house = await StartAsync("sqlite");
        await RefusedAsync("capability_missing", () => ChangeAsync(house, House.Caller("demo", "ops", Capability.KillSwitchEngage), true, KillScope.Platform));
        Assert.Equal(Verdict.Allow, (await house.CheckAsync(House.Caller())).Verdict);
    }

    [Fact]
    public void A_slow_read_never_undoes_a_newer_state()
    {
        var killSwitch = new KillSwitch();
        killSwitch.Learn(new KillState(KillKey.Of("demo"), 2, true, "stop", "ops", default));
        killSwitch.Learn(new KillState(KillKey.Of("demo"), 1, false, "old", "ops", default));
        Assert.Throws<Problem>(() => killSwitch.ThrowIfEngaged("demo"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task What_an_older_release_had_engaged_stays_engaged(string name)
    {
        await using var db = Db.Open(await databases.CreateEmptyAsync(name));
        var room = PolicyModule.Room;
        await db.MigrateAsync(async work =>
        {
            foreach (var (file, script) in Migrator.Scripts(room, db.Name).Where(item => string.CompareOrdinal(item.File, "0004") < 0))
                foreach (var statement in script.Split(";\n").Where(statement => statement.Contains("CREATE", StringComparison.Ordinal))) await work.ExecuteAsync($"{statement:raw}");
            await work.ExecuteAsync($"INSERT INTO kill_switches (tenant, version, engaged, reason, changed_by, changed_at) VALUES ({"demo"}, {3L}, {true}, {"old"}, {"ops"}, {5L}), ({Db.AllTenants}, {1L}, {false}, {"over"}, {"ops"}, {5L})");
            foreach (var (_, script) in Migrator.Scripts(room, db.Name).Where(item => item.File == "0004_kill_switch_scopes"))
                foreach (var statement in script.Split(";\n").Select(statement => statement.Trim().TrimEnd(';')).Where(statement => statement.Length > 0)) await work.ExecuteAsync($"{statement:raw}");
        }, Stop);
        var states = (await new KillSwitchStore(db).AllAsync(Stop)).OrderBy(state => state.Version).ToList();
        Assert.Equal([(KillKey.Platform, 1L, false), (KillKey.Of("demo"), 3L, true)], states.Select(state => (state.Key, state.Version, state.Engaged)));
    }

    private async Task<House> StartAsync(string name)
    {
        var house = await House.StartAsync(databases, name);
        await house.AddAsync("bob", Capability.ApprovalDecide, Capability.KillSwitchEngage, Capability.PlatformAdmin);
        return house;
    }

    private static async Task EngageAsync(House house, KillScope scope, string reason, string? target = null) =>
        Assert.True(Assert.IsType<Ok<KillSwitchAnswer>>(await ChangeAsync(house, Operator, true, scope, reason, target)).Value!.Engaged);

    private static async Task<WantedApproval> AskAsync(House house, KillScope scope, string? target = null)
    {
        var asked = Assert.IsType<Accepted<ApprovalWanted>>(await ChangeAsync(house, Operator, false, scope, "over", target));
        Assert.Equal($"/v1/approvals/{asked.Value!.Approval.Id}", asked.Location);
        return asked.Value.Approval;
    }

    private static async Task ReleaseAsync(House house, KillScope scope, string? target = null)
    {
        var wanted = await AskAsync(house, scope, target);
        await DecideAsync(house, wanted, Second);
        Assert.False(Assert.IsType<Ok<KillSwitchAnswer>>(await ChangeAsync(house, Operator with { Approval = wanted.Id }, false, scope, "over", target)).Value!.Engaged);
    }

    private static Task<Ok<DecideAnswer>> DecideAsync(House house, WantedApproval wanted, RequestContext by) =>
        house.Get<DecideApproval>().RunAsync(by, wanted.Id, new DecideRequest(ApprovalVote.Approve, wanted.Digest), Stop);

    private static async Task<Microsoft.AspNetCore.Http.IResult> ChangeAsync(House house, RequestContext context, bool engaged, KillScope scope, string reason = "over", string? target = null) =>
        (await house.Get<ChangeKillSwitch>().RunAsync(context, new KillSwitchRequest(engaged, scope, reason, target), Stop)).Result;

    private static async Task RefusedAsync(string code, Func<Task> action) => Assert.Equal(code, (await Assert.ThrowsAsync<Problem>(action)).Code.Code);
}
