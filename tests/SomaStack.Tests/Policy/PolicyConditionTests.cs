using System.Text.Json;
using CsCheck;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Policy;

/// <summary>Conditions, obligations and sequences in rules.</summary>
public sealed class PolicyConditionTests
{
    private static readonly PolicyInForce Starter = PolicyDeciderTests.InForce(StarterPolicy.Text());

    [Theory]
    [InlineData("action.kind == 'tool.call' && action.resource.startsWith('mail:') && action.risk < 0.3 && action.confidence > 0.8 && action.budget_ratio == 1.0")]
    [InlineData("args.amount > 1000 && 'eu' in args.regions && !has(args.currency)")]
    [InlineData("principal.id == 'ada' && principal.kind == 'user'")]
    [InlineData("context.tenant == 'demo' && context.mode == 'developer-light' && context.client_type == 'web' && context.region == 'eu-west'")]
    [InlineData("context.mfa_age_seconds == null && !has(context.mfa_age_seconds)")]
    [InlineData("session.id == 's1' && session.persona == 'guide' && session.capsule == null")]
    [InlineData("session.events.exists(e, e.kind == 'memory.read' && 'memory' in e.taints) && size(session.events) == 2")]
    [InlineData("session.taints == ['user', 'memory'] && taints.exists(t, t == 'web')")]
    public void Every_variable_says_what_was_set(string condition)
    {
        var decision = Decide(Rule(condition));
        Assert.Equal((Verdict.Deny, "matched"), (decision.Verdict, decision.Reasons[0].Code));
        Assert.Equal(Verdict.Allow, Decide(Rule($"!({condition})")).Verdict);
    }

    [Fact]
    public void The_age_of_the_second_factor_is_a_number_when_there_is_one()
    {
        var policy = PolicyDeciderTests.InForce(PolicyDeciderTests.WithRules(Rule("context.mfa_age_seconds == null || context.mfa_age_seconds > 300")));
        Assert.Equal(Verdict.Deny, PolicyDecider.Decide(policy, Action, Setting).Verdict);
        Assert.Equal(Verdict.Deny, PolicyDecider.Decide(policy, Action, Setting with { MfaAgeSeconds = 301 }).Verdict);
        Assert.Equal(Verdict.Allow, PolicyDecider.Decide(policy, Action, Setting with { MfaAgeSeconds = 300 }).Verdict);
    }

    [Theory]
    [InlineData("args.nothing == 1", "nothing")]
    [InlineData("args.amount / 0 == 1", "types")]
    [InlineData("args.amount", "types")]
    [InlineData("int(args.amount) / 0 == 1", "divided")]
    [InlineData("args.regions.all(a, args.many.all(b, args.many.all(c, a != b)))", "steps")]
    public void A_condition_that_fails_denies_and_names_the_rule(string condition, string part)
    {
        foreach (var effect in new[] { "deny", "needs_approval", "allow" })
        {
            var decision = Decide(Rule(condition, effect, """[{"kind":"require_mfa"}]"""));
            var reason = decision.Reasons.Single(one => one.Code == "rule_broken");
            Assert.Equal((Verdict.Deny, "the-rule", 7L), (decision.Verdict, reason.Rule, reason.Version));
            Assert.Contains("'the-rule'", reason.Message, StringComparison.Ordinal);
            Assert.Contains(part, reason.Message, StringComparison.Ordinal);
            Assert.Empty(decision.Obligations);
        }
    }

    [Fact]
    public void Conditions_of_one_decision_share_a_bound()
    {
        var rules = string.Join(",", Enumerable.Range(0, 400).Select(i => Rule("args.many.all(a, a >= 0) && args.many.all(a, a < 0)").Replace("the-rule", $"r{i}", StringComparison.Ordinal)));
        var decision = Decide(rules);
        Assert.Contains(decision.Reasons, reason => reason is { Code: "rule_broken", Rule: not "r0" } && reason.Message.Contains("steps", StringComparison.Ordinal));
        Assert.DoesNotContain(decision.Reasons, reason => reason.Rule == "r0");
    }

    [Theory]
    [InlineData("action.kindd == 'x'", "line 1, column 1", "action.kindd")]
    [InlineData("true &&\\n  args.size() + 'x' == ''", "line 2, column 15", "+")]
    [InlineData("session.events.exists(e, e.kin == 'x')", "column 27", "kin")]
    [InlineData("action.risk", "double, not bool", "the-rule")]
    [InlineData("action.risk >", "ends too early", "the-rule")]
    [InlineData("'a'.matches('(')", "lacks a ')'", "the-rule")]
    public void A_wrong_condition_is_refused_when_it_is_written(string condition, string place, string part)
    {
        var issues = new List<string>();
        Assert.Null(CompiledPolicy.Parse(PolicyDeciderTests.WithRules(Rule(condition)), issues));
        var issue = Assert.Single(issues);
        Assert.Contains("'the-rule'", issue, StringComparison.Ordinal);
        Assert.Contains(place, issue, StringComparison.Ordinal);
        Assert.Contains(part, issue, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"kind":"redact"}]""")]
    [InlineData("""[{"kind":"notify","target":"ops","limit":3}]""")]
    [InlineData("""[{"kind":"cap_tokens","limit":0}]""")]
    [InlineData("""[{"kind":"require_mfa","target":"x"}]""")]
    [InlineData("""[{"kind":"dance"}]""")]
    [InlineData("[]", "allow")]
    public void Obligations_that_nobody_could_meet_are_refused(string obligations, string effect = "deny")
    {
        var issues = new List<string>();
        Assert.Null(CompiledPolicy.Parse(PolicyDeciderTests.WithRules(Rule("true", effect, obligations)), issues));
        Assert.Single(issues);
    }

    [Fact]
    public void Obligations_of_all_matching_rules_are_collected_in_order_and_the_smallest_cap_counts()
    {
        static string Named(string id, string condition, string obligations) => Rule(condition, "allow", obligations).Replace("the-rule", id, StringComparison.Ordinal);
        var decision = Decide(string.Join(",", [
            Named("one", "true", """[{"kind":"cap_tokens","limit":500},{"kind":"redact","target":"email"}]"""),
            Named("two", "false", """[{"kind":"require_mfa"}]"""),
            Named("three", "taints.size() > 0", """[{"kind":"cap_tokens","limit":200},{"kind":"redact","target":"email"},{"kind":"notify","target":"ops"}]"""),
            Named("four", "true", """[{"kind":"cap_tokens","limit":300},{"kind":"redact","target":"phone"}]"""),
        ]));
        Assert.Equal(Verdict.Allow, decision.Verdict);
        Assert.Equal(
            [new Obligation("cap_tokens", "three", null, 200), new Obligation("redact", "one", "email"), new Obligation("notify", "three", "ops"), new Obligation("redact", "four", "phone")],
            decision.Obligations);
    }

    [Fact]
    public void Deny_outweighs_approval_and_that_outweighs_allow_in_any_order()
    {
        string[] effects = ["allow", "needs_approval", "deny"];
        AnyOf(effects).Array[1, 6].Sample(
            drawn =>
            {
                var decision = Decide(string.Join(",", drawn.Select((effect, i) => Rule("true", effect, """[{"kind":"require_mfa"}]""").Replace("the-rule", $"r{i}", StringComparison.Ordinal))));
                var expected = drawn.Contains("deny") ? Verdict.Deny : drawn.Contains("needs_approval") ? Verdict.NeedsApproval : Verdict.Allow;
                Assert.Equal(expected, decision.Verdict);
                Assert.Single(decision.Obligations);
            },
            iter: 300, writeLine: TestContext.Current.TestOutputHelper!.WriteLine);
    }

    [Fact]
    public void After_untrusted_content_a_tool_needs_an_approval()
    {
        var tool = new GatedAction("tool.call", "mail:send", "{}") { Session = "s1" };
        foreach (var mode in new[] { DeploymentMode.DeveloperLight, DeploymentMode.Production })
        {
            var clean = Setting with { Mode = mode, Trail = new SessionTrail([new TrailEvent("session.message", "guide", ["user"])], ["user"]) };
            Assert.Equal((Verdict.Allow, 0.84), (PolicyDecider.Decide(Starter, tool, clean).Verdict, PolicyDecider.Decide(Starter, tool, clean).Score));
            foreach (var taint in new[] { "web", "tool", "memory" })
            {
                var before = PolicyDecider.Decide(Starter, tool, clean with { Trail = new SessionTrail([], ["user", taint]) });
                Assert.Equal((Verdict.NeedsApproval, "untrusted_content_read", "tool-after-untrusted"), (before.Verdict, before.Reasons.Single().Code, before.Reasons.Single().Rule));
                Assert.Equal(Verdict.NeedsApproval, PolicyDecider.Decide(Starter, tool with { Taints = [taint] }, clean).Verdict);
            }
            var unread = PolicyDecider.Decide(Starter, tool, clean with { Trail = null });
            Assert.Equal((Verdict.Deny, "trail_unavailable"), (unread.Verdict, unread.Reasons.Single().Code));
        }
        Assert.Contains("tool.call", Starter.Policy!.KindsWithHistory);
        Assert.DoesNotContain("model.call", Starter.Policy.KindsWithHistory);
    }

    [Theory]
    [InlineData("capsule.install", 0.88, Verdict.NeedsApproval)]
    [InlineData("settings.change", 0.9, Verdict.Allow)]
    public void Installs_need_an_approval_and_settings_do_not_in_every_mode(string kind, double score, Verdict verdict)
    {
        foreach (var mode in Enum.GetValues<DeploymentMode>())
        {
            var decision = PolicyDecider.Decide(Starter, new GatedAction(kind, "x", "{}"), Setting with { Mode = mode });
            Assert.Equal((verdict, score), (decision.Verdict, decision.Score));
        }
    }

    /// <summary>Pure: nothing of an earlier decision, of the thread or of the clock is in the answer.</summary>
    [Fact]
    public void The_same_inputs_give_the_same_bytes()
    {
        var policy = PolicyDeciderTests.InForce(PolicyDeciderTests.WithRules(string.Join(",",
            Rule("args.amount > 500 || taints.exists(t, t == 'web')", "needs_approval", """[{"kind":"cap_tokens","limit":9}]"""),
            Rule("args.nothing").Replace("the-rule", "broken", StringComparison.Ordinal), Rule("args.map(k, k)[0] == 'amount'").Replace("the-rule", "first", StringComparison.Ordinal))));
        Gen.Select(Gen.Double[0, 1000], Gen.Bool, Gen.String[Gen.Char['a', 'z'], 0, 2000], AnyOf("user", "web")).Sample(
            (amount, swap, text, taint) =>
            {
                var (a, b) = ($"\"amount\":{CanonicalJson.Number(amount)}", $"\"text\":\"{text}\"");
                var action = Action with { Arguments = "{" + a + "," + b + "}", Taints = [taint] };
                var other = action with { Arguments = swap ? "{ " + b + " , " + a + " }" : action.Arguments };
                Assert.Equal(Bytes(PolicyDecider.Decide(policy, action, Setting)), Bytes(PolicyDecider.Decide(policy, other, Setting)));
            },
            iter: 2_000, writeLine: TestContext.Current.TestOutputHelper!.WriteLine);
    }

    private static Gen<string> AnyOf(params string[] words) => Gen.Int[0, words.Length - 1].Select(i => words[i]);

    private static string Bytes(Decision decision) => JsonSerializer.Serialize(decision);

    private static readonly GatedAction Action = new("tool.call", "mail:send", $$"""{"amount":1200,"regions":["eu","us"],"many":[{{string.Join(',', Enumerable.Range(0, 400))}}]}""")
    {
        Session = "s1",
        Persona = "guide",
        Taints = ["web"],
    };

    private static readonly DecisionSetting Setting = new("demo", DeploymentMode.DeveloperLight, "h")
    {
        PrincipalId = "ada",
        PrincipalKind = "user",
        ClientType = "web",
        Region = "eu-west",
        Trail = new SessionTrail([new TrailEvent("session.message", "guide", ["user"]), new TrailEvent("memory.read", "memory", ["memory"])], ["user", "memory"]),
    };

    private static Decision Decide(string rules) => PolicyDecider.Decide(PolicyDeciderTests.InForce(PolicyDeciderTests.WithRules(rules)), Action, Setting);

    private static string Rule(string condition, string effect = "deny", string? obligations = null) =>
        $$"""{"id":"the-rule","kinds":["tool.call"],"effect":"{{effect}}","code":"matched","message":"It matched.","remedy":"Ask.","condition":"{{condition}}"{{(obligations is null ? "" : ",\"obligations\":" + obligations)}}}""";
}
