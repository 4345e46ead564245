using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using SomaStack.Governance.Constitution;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Policy;

/// <summary>The constitution's rules in decisions: an overlay only ever makes them stricter, and what cannot be understood denies.</summary>
public sealed class ConstitutionRulesTests
{
    private static readonly string[] Kinds = ["tool.call", "session.start", "model.call", "external.action"];
    private static readonly string[] Names = ["risk", "input_tokens", "output_tokens", "cost", "electricity"];
    private static readonly PolicyInForce Starter = new("demo", 1, "", CompiledPolicy.Parse(StarterPolicy.Text(), []), null);

    private static readonly Gen<JsonObject> RuleTexts = Gen.Select(
        Gen.Shuffle(Kinds, 0, 2), Map(Names, Gen.Double[0, 10]), Map(Kinds, Gen.Int[1, 3].Select(static count => (double)count)), static (prohibitions, ceilings, approvals) => new JsonObject
        {
            ["prohibitions"] = new JsonArray([.. prohibitions.Select(static kind => JsonValue.Create(kind))]),
            ["ceilings"] = new JsonObject(ceilings.Select(static pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create(pair.Value)))),
            ["required_approvals"] = new JsonObject(approvals.Select(static pair => KeyValuePair.Create(pair.Key, (JsonNode?)JsonValue.Create((int)pair.Value)))),
        });

    private static readonly Gen<GatedAction> Actions = Gen.Select(
        Gen.Int[0, Kinds.Length - 1].Select(static i => Kinds[i]), Gen.Double[0, 1], Gen.Double[0, 12].Nullable(), Gen.Double[0, 12].Nullable(), Gen.Double[0, 12].Nullable(), Gen.Bool, Gen.Bool,
        static (kind, risk, input, output, cost, stated, caps) => new GatedAction(kind, "x", "{}", risk, 1)
        {
            Quantities = stated ? new ActionQuantities(input, output, cost) : null, Meets = caps ? [Obligation.CapTokens] : [],
        });

    [Fact]
    public void No_overlay_makes_a_decision_more_permissive()
    {
        var tightened = 0;
        Gen.Select(RuleTexts, RuleTexts, Actions).Sample((document, overlay, action) =>
        {
            var whole = new JsonObject { ["enforcement"] = document.DeepClone() };
            var (plain, added) = (Element(whole), Element(overlay));
            var before = Decide(new CompiledConstitution(1, 0, Rules.Governing(plain, plain, null)), action);
            var after = Decide(new CompiledConstitution(1, 1, Rules.Governing(Overlay.Apply(plain, added), plain, added)), action);
            if (after.Verdict < before.Verdict) Interlocked.Increment(ref tightened);
            Assert.True(after.Verdict <= before.Verdict, $"{before.Verdict} became {after.Verdict}");
            if (after.Verdict != Verdict.Deny) Assert.True((Obligation.CapOf(after.Obligations) ?? long.MaxValue) <= (Obligation.CapOf(before.Obligations) ?? long.MaxValue));
        }, iter: 20_000, writeLine: TestContext.Current.TestOutputHelper!.WriteLine);
        Assert.True(tightened > 500, $"only {tightened} overlays changed anything, so the test says little");
    }

    /// <summary>The contract's own sentence is the oracle.</summary>
    [Fact]
    public void What_the_constitution_permits_with_every_figure_stated_is_what_the_gate_lets_through() =>
        Gen.Select(RuleTexts, Actions, Gen.Double[0, 12], Gen.Double[0, 12], Gen.Double[0, 12]).Sample((document, action, input, output, cost) =>
        {
            var rules = Rules.Of(Element(document));
            action = action with { Quantities = new ActionQuantities(input, output, cost) };
            var quantities = new Dictionary<string, double> { ["risk"] = action.Risk!.Value, ["input_tokens"] = input, ["output_tokens"] = output, ["cost"] = cost };
            var verdict = new CompiledConstitution(1, 0, rules).Judge(action, action.Risk!.Value, [], []);
            Assert.Equal(rules.Permits(action.Kind, quantities, 0), verdict == Verdict.Allow);
            // One person's yes is all that there is.
            Assert.Equal(rules.Permits(action.Kind, quantities, 1), verdict != Verdict.Deny);
        }, iter: 20_000);

    [Theory]
    [InlineData("""{"enforcement":[]}""", "enforcement")]
    [InlineData("""{"enforcement":{"prohibitions":"tool.call"}}""", "prohibitions")]
    [InlineData("""{"enforcement":{"ceilings":{"risk":"low"}}}""", "ceilings")]
    [InlineData("""{"enforcement":{"required_approvals":{"tool.call":0}}}""", "required_approvals")]
    public void A_signed_rule_that_cannot_be_read_denies_everything_even_under_an_overlay_that_has_the_field(string document, string field)
    {
        var signed = JsonDocument.Parse(document).RootElement;
        var overlay = JsonDocument.Parse("""{"prohibitions":["capsule.install"],"ceilings":{"risk":1},"required_approvals":{"capsule.install":1}}""").RootElement;
        foreach (var rules in new[] { Rules.Governing(signed, signed, null), Rules.Governing(JsonDocument.Parse("{}").RootElement, signed, overlay) })
        {
            var decision = Decide(new CompiledConstitution(4, 0, rules), new GatedAction("session.start", "x", "{}"));
            Assert.Equal((Verdict.Deny, "constitution_rule_broken", 4L), (decision.Verdict, decision.Reasons[0].Code, decision.Reasons[0].Version));
            Assert.Contains(field, decision.Reasons[0].Message, StringComparison.Ordinal);
        }
        var odd = JsonDocument.Parse("""{"wishes":[]}""").RootElement;
        var plain = JsonDocument.Parse("{}").RootElement;
        Assert.Equal(Verdict.Deny, Decide(new CompiledConstitution(4, 1, Rules.Governing(plain, plain, odd)), new GatedAction("session.start", "x", "{}")).Verdict);
    }

    [Theory]
    [InlineData("input_tokens", "model.call", Verdict.Deny)]
    [InlineData("output_tokens", "model.call", Verdict.Allow)]
    [InlineData("cost", "model.call", Verdict.Deny)]
    [InlineData("cost", "tool.call", Verdict.Deny)]
    [InlineData("input_tokens", "tool.call", Verdict.Allow)]
    [InlineData("cost", "session.start", Verdict.Allow)]
    [InlineData("cost", "something.new", Verdict.Deny)]
    public void What_is_not_known_is_not_below_a_ceiling_but_an_answer_without_a_limit_is_capped(string name, string kind, Verdict expected)
    {
        var rules = ConstitutionRules.None with { Ceilings = new Dictionary<string, double> { [name] = 5 } };
        var obligations = new List<Obligation>();
        foreach (var quantities in new[] { null, new ActionQuantities() })
        {
            // Stated as unknown is unknown, whatever the kind.
            var wanted = quantities is null || name == "output_tokens" ? expected : Verdict.Deny;
            Assert.Equal(wanted, new CompiledConstitution(1, 0, rules).Judge(new GatedAction(kind, "x", "{}") { Quantities = quantities }, 0, [], obligations));
        }
        if (name == "output_tokens") Assert.Equal(new Obligation("cap_tokens", "constitution/ceilings/output_tokens", null, 5), Assert.Single(obligations));
        else Assert.Empty(obligations);
        Assert.Equal(Verdict.Deny, new CompiledConstitution(1, 0, rules with { Ceilings = new Dictionary<string, double> { ["output_tokens"] = 0.5 } }).Judge(new GatedAction("model.call", "x", "{}"), 0, [], []));
    }

    [Fact]
    public void It_is_compiled_once_for_each_version_and_overlay()
    {
        var compiled = new CompiledConstitutions();
        var active = new ActiveConstitution("h", 1, default);
        Assert.Same(compiled.Of(active), compiled.Of(active with { Document = JsonDocument.Parse("{}").RootElement }));
        Assert.NotSame(compiled.Of(active), compiled.Of(active with { Version = 2 }));
        Assert.NotSame(compiled.Of(active), compiled.Of(active with { OverlayVersion = 1 }));
        Assert.NotSame(compiled.Of(active), compiled.Of(active with { Hash = "i" }));
    }

    private static Decision Decide(CompiledConstitution constitution, GatedAction action) =>
        Obligations.Enforce(PolicyDecider.Decide(Starter, action, new DecisionSetting("demo", DeploymentMode.Test, "h") { Constitution = constitution }), action.Meets, null, Starter.Policy);

    private static JsonElement Element(JsonObject value) => JsonDocument.Parse(value.ToJsonString()).RootElement;

    private static Gen<Dictionary<string, double>> Map(string[] names, Gen<double> values) =>
        Gen.Select(Gen.Shuffle(names, 0, 2), values.Array[names.Length], static (chosen, drawn) => chosen.Select((name, i) => (name, drawn[i])).ToDictionary(static pair => pair.name, static pair => pair.Item2));
}
