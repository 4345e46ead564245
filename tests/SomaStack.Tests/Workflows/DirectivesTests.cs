using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Workflows;
using SomaStack.Platform;

namespace SomaStack.Tests.Workflows;

/// <summary>Agents one after the other, as a graph.</summary>
public sealed class DirectivesTests
{
    [Fact]
    public void Each_agent_waits_for_the_one_before_it()
    {
        var (capsule, _) = Directives.Compile("x", [new Directive("a", "1"), new Directive("b", "2"), new Directive("c", "3")]);
        string[][] before = [[], ["agent_1"], ["agent_2"]];
        Assert.Equal(before, capsule.Steps.Select(static step => step.After.ToArray()).ToArray());
        Assert.All(capsule.Steps, static step => Assert.Equal("agent.ask", step.Action));
    }

    [Theory]
    [InlineData("{{ inputs.secret }}")]
    [InlineData("\"}}{{")]
    [InlineData("a\nb\u2028c")]
    public void Words_are_data_whatever_they_look_like(string words)
    {
        var (capsule, inputs) = Directives.Compile(null, [new Directive("guide", words)]);
        Assert.DoesNotContain("secret", capsule.Steps[0].Params, StringComparison.Ordinal);
        var state = RunDecider.Apply(RunState.None, RunDecider.Decide(RunState.None, new BeginRun(1, new RunPlan(capsule, "r", null, 0, new RunBudget(null, null, null, null)), inputs, RunDecider.Version)));
        var ask = Assert.IsType<AskAgent>(Assert.Single(RunDecider.Due(state)));
        Assert.Equal(words, RunActions.Text(ask.Params, "prompt"));
    }

    [Fact]
    public void Every_fault_is_named_with_its_place()
    {
        var refused = Assert.Throws<Problem>(() => Directives.Compile(null, [new Directive("", "x"), new Directive("a", ""), new Directive("a", "x", Capabilities: ["made:up"])]));
        Assert.Equal(["directives[0].agent_id", "directives[1].prompt", "directives[2].capabilities"], refused.Errors.Select(static one => one.Field));
        Assert.Throws<Problem>(() => Directives.Compile(null, []));
        Assert.Throws<Problem>(() => Directives.Compile(null, [.. Enumerable.Repeat(new Directive("a", "x"), 51)]));
    }

    [Fact]
    public void A_structured_answer_keeps_its_members_and_gains_its_text()
    {
        Assert.Equal("""{"n":1,"text":"one"}""", RunEffects.OutputOf("one", """{"n":1}"""));
        Assert.Equal("""{"text":"own"}""", RunEffects.OutputOf("one", """{"text":"own"}"""));
        Assert.Equal("""{"text":"one","value":[1]}""", RunEffects.OutputOf("one", "[1]"));
        Assert.Equal("""{"text":"one"}""", RunEffects.OutputOf("one", null));
    }
}
