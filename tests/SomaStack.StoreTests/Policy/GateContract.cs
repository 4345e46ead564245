using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using SomaStack.Governance.Approvals.Contracts;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.StoreTests.Policy;

public sealed class GateContract(Databases databases)
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Names => Databases.Names;

    [Theory, MemberData(nameof(Names))]
    public async Task A_new_tenant_is_governed_by_the_installations_policy_and_constitution(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        var decision = await house.CheckAsync(House.Caller("quite-new"));
        Assert.Equal((Verdict.Allow, 1L), (decision.Verdict, decision.PolicyVersion));
        Assert.Equal(64, decision.ConstitutionHash.Length);
        Assert.Equal(["somastack.constitution.updated.v1", "somastack.policy.updated.v1"], await house.JournalAsync(Db.AllTenants));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_written_policy_counts_at_once_for_its_tenant_alone(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        Assert.Equal(Verdict.Allow, (await house.CheckAsync(House.Caller())).Verdict);
        var written = await PutAsync(house, Changed("\"session.start\":{\"confidence\":0.95,\"risk\":0.1}", "\"session.start\":{\"confidence\":0.1,\"risk\":0.9}"), 1);
        Assert.Equal((2L, false), (written.Version, written.Inherited));
        var decision = await house.CheckAsync(House.Caller());
        Assert.Equal((Verdict.Deny, 2L, "score_below_threshold"), (decision.Verdict, decision.PolicyVersion, decision.Reasons.Single().Code));
        Assert.Equal(Verdict.Allow, (await house.CheckAsync(House.Caller("other"))).Verdict);
        Assert.Equal(["somastack.policy.updated.v1"], await house.JournalAsync("demo"));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Two_writers_of_one_version_do_not_both_win(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        var wanted = await AskAsync(house, StarterPolicy.Text(), 1);
        await house.ApproveAsync(wanted);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 6).Select(async _ => await Record.ExceptionAsync(() => ClaimAsync(house, StarterPolicy.Text(), 1, wanted.Id))));
        Assert.Single(outcomes, outcome => outcome is null);
        Assert.All(outcomes.Where(outcome => outcome is not null), outcome => Assert.Contains(Assert.IsType<Problem>(outcome).Code.Code, (string[])["version_mismatch", "approval_spent"]));
        var stale = await Assert.ThrowsAsync<Problem>(() => PutAsync(house, StarterPolicy.Text(), 1));
        Assert.Equal("version_mismatch", stale.Code.Code);
        Assert.Equal(3, (await PutAsync(house, StarterPolicy.Text(), 2)).Version);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_policy_that_cannot_govern_is_refused_and_changes_nothing(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        foreach (var text in new[] { "[]", "{}", Changed("\"weights\"", "\"wieghts\""), Changed("\"default\":0.7", "\"default\":7") })
            Assert.Equal("invalid_request", (await Assert.ThrowsAsync<Problem>(() => PutAsync(house, text, 1))).Code.Code);
        Assert.Equal(1, (await house.CheckAsync(House.Caller())).PolicyVersion);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task A_policy_that_was_altered_in_the_database_denies_everything(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        await house.Db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"UPDATE policies SET document = {StarterPolicy.Text() + " "} WHERE tenant = {Db.AllTenants}"), Stop);
        Assert.Equal("policy_broken", (await house.CheckAsync(House.Caller())).Reasons.Single().Code);
        await house.Db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"DELETE FROM policies WHERE tenant = {Db.AllTenants}"), Stop);
        house.Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal("policy_broken", (await house.CheckAsync(House.Caller())).Reasons.Single().Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Another_replicas_policy_counts_within_ten_seconds(string name)
    {
        await using var one = await House.StartAsync(databases, name);
        await using var two = await House.StartAsync(one.Options.Database!, one.Options.DataDirectory);
        Assert.Equal(1, (await two.CheckAsync(House.Caller())).PolicyVersion);
        await PutAsync(one, StarterPolicy.Text(), 1);
        Assert.Equal(1, (await two.CheckAsync(House.Caller())).PolicyVersion);
        two.Clock.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(2, (await two.CheckAsync(House.Caller())).PolicyVersion);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Evaluate_answers_the_roadmaps_vector_and_a_missing_capability(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        var evaluate = house.Get<EvaluateAction>();
        var caller = House.Caller("demo", "ada", Capability.PolicyRead) with { Mode = DeploymentMode.DeveloperLight };
        var allowed = (await evaluate.RunAsync(caller, new EvaluateRequest("deploy", null, 0.2, 0.9, 100, 50), Stop)).Value!;
        Assert.Equal((Verdict.Allow, 0.78, 0.7), (allowed.Decision, allowed.Score, allowed.Threshold));
        var production = caller with { Mode = DeploymentMode.Production };
        var denied = (await evaluate.RunAsync(production, new EvaluateRequest("deploy", null, 0.1, 0.9, 0, null, true), Stop)).Value!;
        Assert.Equal((Verdict.Deny, 0.77, 0.8), (denied.Decision, denied.Score, denied.Threshold));
        var missing = (await evaluate.RunAsync(caller, new EvaluateRequest("deploy", Capability.ToolExecute, 0, 1), Stop)).Value!;
        Assert.Equal((Verdict.Deny, "capability_missing"), (missing.Decision, missing.Reasons[0].Code));
        var unknown = (await evaluate.RunAsync(caller, new EvaluateRequest(Kind: "rocket.launch"), Stop)).Value!;
        Assert.Equal((Verdict.Deny, (double?)null), (unknown.Decision, unknown.Score));
        foreach (var wrong in new[] { new EvaluateRequest(RiskScore: 2), new EvaluateRequest(BudgetRequired: -1), new EvaluateRequest(Capability: "nope"), new EvaluateRequest(Kind: "") })
            Assert.Equal("invalid_request", (await Assert.ThrowsAsync<Problem>(() => evaluate.RunAsync(caller, wrong, Stop))).Code.Code);
    }

    [Theory, MemberData(nameof(Names))]
    public async Task History_is_read_only_when_a_rule_asks_for_it_and_when_it_cannot_be_read_the_answer_is_deny(string name)
    {
        var trail = new RecordedTrail();
        await using var house = await House.StartAsync(databases, name, services => services.AddSingleton<ISessionTrail>(trail));
        Task<Decision> CheckAsync(string kind, string? session) => house.Get<IGate>().CheckAsync(House.Caller(), new GatedAction(kind, "mail:send", "{}") { Session = session }, Stop).AsTask();

        Assert.Equal(Verdict.Allow, (await CheckAsync("session.message", "s1")).Verdict);
        Assert.Equal(Verdict.Allow, (await CheckAsync("tool.call", null)).Verdict);
        Assert.Empty(trail.Asked);
        Assert.Equal(Verdict.Allow, (await CheckAsync("tool.call", "s1")).Verdict);
        trail.Answer = () => new SessionTrail([], ["web"]);
        var tainted = await CheckAsync("tool.call", "s1");
        Assert.Equal((Verdict.NeedsApproval, "untrusted_content_read"), (tainted.Verdict, tainted.Reasons.Single().Code));
        Assert.Equal(["demo/s1", "demo/s1"], trail.Asked);
        trail.Answer = () => throw new InvalidOperationException("The disk is gone.");
        var unread = await CheckAsync("tool.call", "s1");
        Assert.Equal((Verdict.Deny, "trail_unavailable"), (unread.Verdict, unread.Reasons.Single().Code));
        var shown = (await house.Get<EvaluateAction>().RunAsync(House.Caller(), new EvaluateRequest(Kind: "tool.call", Session: "s1"), Stop)).Value!;
        Assert.Equal((Verdict.Deny, "trail_unavailable"), (shown.Decision, shown.Reasons.Single().Code));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Without_a_room_that_keeps_sessions_a_rule_over_sequences_denies(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        var decision = await house.Get<IGate>().CheckAsync(House.Caller(), new GatedAction("tool.call", "mail:send", "{}") { Session = "s1" }, Stop);
        Assert.Equal((Verdict.Deny, "trail_unavailable"), (decision.Verdict, decision.Reasons.Single().Code));
    }

    [Theory, MemberData(nameof(Names))]
    public async Task Conditions_see_the_caller_and_the_clock(string name)
    {
        await using var house = await House.StartAsync(databases, name);
        await PutAsync(house, Changed("\"rules\":[{\"code\":\"secret_in_text\"", "\"rules\":[" + """
            {"code":"stale","condition":"principal.id == 'ada' && principal.kind == 'user' && context.tenant == 'demo' && (context.mfa_age_seconds == null || context.mfa_age_seconds > 60)",
             "effect":"deny","id":"fresh","kinds":["session.start"],"message":"No.","remedy":"Prove it.","obligations":[{"kind":"require_mfa"}]},
            {"code":"secret_in_text"
            """), 1);
        var caller = House.Caller();
        Assert.Equal("stale", (await house.CheckAsync(caller)).Reasons[0].Code);
        Assert.Equal([new Obligation("require_mfa", "fresh")], (await house.CheckAsync(caller)).Obligations);
        var proven = caller with { MfaAt = house.Clock.GetUtcNow() };
        Assert.Equal(Verdict.Allow, (await house.CheckAsync(proven)).Verdict);
        house.Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(Verdict.Deny, (await house.CheckAsync(proven)).Verdict);
        Assert.Equal(Verdict.Allow, (await house.CheckAsync(House.Caller("demo", "grace"))).Verdict);
    }

    /// <summary>An implementation of the port that remembers whom it was asked about.</summary>
    private sealed class RecordedTrail : ISessionTrail
    {
        public List<string> Asked { get; } = [];

        public Func<SessionTrail> Answer { get; set; } = static () => SessionTrail.Empty;

        public ValueTask<SessionTrail> OfAsync(RequestContext context, string session, CancellationToken cancellationToken)
        {
            Asked.Add($"{context.Tenant}/{session}");
            return ValueTask.FromResult(Answer());
        }
    }

    private static string Changed(string from, string to)
    {
        Assert.Contains(from, StarterPolicy.Text(), StringComparison.Ordinal);
        return StarterPolicy.Text().Replace(from, to, StringComparison.Ordinal);
    }

    private static readonly RequestContext Writer = House.Caller("demo", "ada", Capability.PolicyWrite);

    private static async Task<PolicyAnswer> PutAsync(House house, string text, long expected)
    {
        var wanted = await AskAsync(house, text, expected);
        await house.ApproveAsync(wanted);
        return await ClaimAsync(house, text, expected, wanted.Id);
    }

    private static async Task<WantedApproval> AskAsync(House house, string text, long expected) =>
        Assert.IsType<Accepted<ApprovalWanted>>(await RunAsync(house, text, expected, null)).Value!.Approval;

    private static async Task<PolicyAnswer> ClaimAsync(House house, string text, long expected, string approval) =>
        Assert.IsType<Ok<PolicyAnswer>>(await RunAsync(house, text, expected, approval)).Value!;

    private static Task<IResult> RunAsync(House house, string text, long expected, string? approval)
    {
        using var document = JsonDocument.Parse(text);
        return house.Get<WritePolicy>().RunAsync(Writer with { Approval = approval }, PolicyText.Canonical(document.RootElement), expected, new DefaultHttpContext().Response, Stop);
    }
}
