using SomaStack.Agents.Workflows;

namespace SomaStack.Tests.Workflows.Deciding;

/// <summary>Retries, time-outs, compensation, budgets, cancellation, nesting, retry and fork.</summary>
public sealed class RunFailureTests
{
    private const string Undoable = """
        workflow:
          steps:
            - {name: A, action: tools.a, compensate: {action: tools.undo_a, params: {id: "{{ steps.A.id }}"}}}
            - {name: B, action: tools.b, compensate: {action: tools.undo_b}}
            - {name: C, action: tools.c}
        """;

    [Fact]
    public void A_failure_is_tried_again_after_a_growing_wait_that_is_the_same_in_every_replay()
    {
        const string Yaml = "workflow: {steps: [{name: A, action: tools.a, retry: {attempts: 3, first: 10s, factor: 3, longest: 20s}}]}";
        var run = ScriptedRun.Begin(Yaml);
        run.Fail("A");
        var first = run.Find<StartTimer>("A").Due - run.Now;
        Assert.InRange(first, 5_000_000, 10_000_000);
        Assert.Equal(RunStatus.Waiting, run.State.Status);
        run.Fire("A");
        Assert.Equal("run/run1/A/2", run.Find<CallTool>("A").Key);
        run.Fail("A");
        Assert.InRange(run.Find<StartTimer>("A").Due - run.Now, 10_000_000, 20_000_000);
        run.Fire("A");
        run.Fail("A");
        Assert.Equal("A=failed", run.Steps);
        Assert.Equal(3, run.State.Used.Steps);
        var again = ScriptedRun.Begin(Yaml);
        again.Fail("A");
        Assert.Equal(first, again.Find<StartTimer>("A").Due - again.Now);
        run = ScriptedRun.Begin(Yaml);
        run.Fail("A", retryable: false);
        Assert.Equal(RunStatus.Failed, run.State.Status);
    }

    [Fact]
    public void An_attempt_that_takes_too_long_is_stopped_and_its_late_answer_only_costs()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a, timeout: 30s, retry: 2}, {name: B, action: tools.b}]}");
        Assert.Equal(TimeSpan.FromSeconds(30), run.Find<CallTool>("A").TimeLimit);
        run.Fire("A");
        Assert.Equal("run/run1/A/1", run.Find<StopEffect>("A").Key);
        var late = Assert.IsType<LateResultNoted>(Assert.Single(run.Tell(new EffectSucceeded(run.Now, "A", 1, new EffectResult("{}", new EffectUse(7))))));
        Assert.True(late.Succeeded);
        Assert.Equal(7, run.State.Used.Tokens);
        Assert.DoesNotContain(run.Due, static effect => effect is StopEffect);
        run.Fire("A");
        run.Succeed("A");
        Assert.True(run.IsDue("B"));
    }

    [Fact]
    public void What_was_done_is_undone_newest_first_and_a_failure_of_that_is_kept()
    {
        var run = ScriptedRun.Begin(Undoable);
        run.Succeed("A", """{"id":7}""");
        run.Succeed("B");
        run.Fail("C", "broken", retryable: false);
        Assert.Equal(RunStatus.Compensating, run.State.Status);
        Assert.Equal(["undo:B"], run.Due.Select(static effect => effect.Path));
        run.Fail("undo:B", "stuck", retryable: false);
        Assert.Equal("""{"id":7}""", run.Find<CallTool>("undo:A").Params);
        run.Succeed("undo:A");
        Assert.Equal("A=compensated B=completed C=failed", run.Steps);
        Assert.Equal([new UndoFailure("B", new StepFailure("stuck", "It did not work."))], run.State.UndoFailures);
        Assert.Equal(("broken", "C", RunStatus.Failed), (run.State.Failure!.Code, run.State.FailedPath, run.State.Status));
    }

    [Fact]
    public void A_cancelled_run_stops_what_runs_undoes_what_was_done_and_ends()
    {
        var run = ScriptedRun.Begin("""
            workflow:
              steps:
                - {name: A, action: tools.a, compensate: {action: tools.undo_a}}
                - {name: B, action: tools.b, timeout: 1h, retry: 3}
                - {name: C, action: wait.signal, after: A, params: {name: s}}
                - {name: D, action: tools.d, after: A}
                - {name: E, action: tools.e, after: [B, C, D]}
            """);
        run.Succeed("A");
        run.Tell(new EffectSuspended(run.Now, "D", 1, "ap"));
        run.Tell(new CancelRun(run.Now, "me", "Not needed."));
        Assert.Equal(["B", "D"], run.Due.OfType<StopEffect>().Select(static effect => effect.Path));
        Assert.Equal("A=completed B=cancelled C=cancelled D=cancelled E=pending", run.Steps);
        Assert.Empty(run.Tell(new CancelRun(run.Now, "me", "Again.")));
        Assert.Single(run.Tell(new EffectSucceeded(run.Now, "B", 1, new EffectResult("{}", default))));
        Assert.Empty(run.Tell(new ApprovalEnded(run.Now, "ap", null, null, "second")));
        run.Succeed("undo:A");
        Assert.Equal(RunStatus.Cancelled, run.State.Status);
        Assert.Equal(("me", "Not needed."), (run.State.CancelledBy, run.State.CancelReason));
        Assert.Equal(["D"], run.Due.Select(static effect => effect.Path));
    }

    [Theory]
    [InlineData("budget_steps: 2", "The budget of steps is used up: 0 of any tokens, 0 of any money, 2 of 2 steps")]
    [InlineData("budget_tokens: 10", "The budget of tokens is used up: 12 of 10 tokens")]
    [InlineData("budget_money: 0.000000005", "The budget of money is used up: 12 of any tokens, 0.000000006 of 0.000000005 money")]
    public void A_budget_is_a_wall_and_says_which_it_was(string budget, string detail)
    {
        var run = ScriptedRun.Begin($"policies: {{{budget}}}\n" + """
            workflow:
              steps:
                - {name: A, action: agent.ask, params: {prompt: one}}
                - {name: B, action: agent.ask, params: {prompt: two}}
                - {name: C, action: agent.ask, params: {prompt: three}}
            """);
        for (var i = 0; i < 3 && run.State.Phase == RunPhase.Working; i++)
            run.Succeed(run.Due[0].Path, "{}", budget.Contains("steps", StringComparison.Ordinal) ? default : new EffectUse(6, 3));
        Assert.Equal((RunStatus.Failed, "budget_exhausted"), (run.State.Status, run.State.Failure!.Code));
        Assert.StartsWith(detail, run.State.Failure.Detail, StringComparison.Ordinal);
        Assert.Equal(2, run.State.Used.Steps);
    }

    [Fact]
    public void The_wall_clock_stops_a_run_that_only_waits()
    {
        var run = ScriptedRun.Begin("policies: {budget_time: 1h}\nworkflow: {steps: [{name: W, action: wait.signal, params: {name: s}}]}");
        var deadline = run.Find<StartTimer>("run:deadline");
        Assert.Equal(ScriptedRun.Start + 3_600_000_000, deadline.Due);
        run.Fire("run:deadline");
        Assert.Equal("budget_exhausted", run.State.Failure!.Code);
        Assert.Contains("3600 of 3600 seconds", run.State.Failure.Detail, StringComparison.Ordinal);
        Assert.Equal("W=cancelled", run.Steps);
    }

    [Fact]
    public void Nested_runs_share_what_is_left_and_give_back_what_they_did_not_use()
    {
        var run = ScriptedRun.Begin("""
            policies: {budget_tokens: 100, budget_steps: 50}
            workflow:
              steps:
                - {name: A, action: capsule.run, after: [], params: {capsule: child, inputs: {n: 1}}}
                - {name: B, action: capsule.run, after: [], params: {capsule: child}}
                - {name: C, action: capsule.run, after: [A, B], params: {capsule: child, version: 2.0.0}}
            """);
        Assert.Equal(((long?)50, (int?)24), (run.Find<StartNested>("A").Left.Tokens, run.Find<StartNested>("A").Left.Steps));
        Assert.Equal(50, run.Find<StartNested>("B").Left.Tokens);
        Assert.Equal("""{"n":1}""", run.Find<StartNested>("A").Inputs);
        run.Succeed("A", "{}", new EffectUse(10, 0, 4), "web");
        run.Succeed("B", "{}", new EffectUse(20, 0, 5));
        Assert.Equal(((long?)70, (string?)"2.0.0"), (run.Find<StartNested>("C").Left.Tokens, run.Find<StartNested>("C").Version));
        Assert.Equal(new EffectUse(30, 0, 12), run.State.Used);
        run.Tell(new NestedEnded(run.Now, "C", 1, RunStatus.Failed, "{}", new StepFailure("budget_exhausted", "All gone."), new EffectUse(70)));
        Assert.Equal("budget_exhausted", run.State.Failure!.Code);
        Assert.Equal(default, run.State.Reserved);
    }

    [Fact]
    public void A_tree_of_runs_is_at_most_eight_deep()
    {
        const string Yaml = "workflow: {steps: [{name: A, action: capsule.run, params: {capsule: child}}]}";
        Assert.True(ScriptedRun.Begin(Yaml, depth: 7).IsDue("A"));
        Assert.Equal("nested_too_deep", ScriptedRun.Begin(Yaml, depth: 8).State.Failure!.Code);
        Assert.Equal("nested_too_deep", ScriptedRun.Begin(Yaml, depth: 9).State.Failure!.Code);
    }

    [Fact]
    public void A_failed_run_is_tried_again_from_what_failed_with_new_keys()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a}, {name: E, action: tools.e, for_each: '[1, 2, 3]'}, {name: C, action: tools.c}]}");
        run.Succeed("A");
        run.Succeed("E[0]");
        run.Fail("E[1]", retryable: false);
        Assert.Equal(RunStatus.Failed, run.State.Status);
        Assert.Empty(run.Tell(new CancelRun(run.Now, "me", "late")));
        run.Tell(new RetryRun(run.Now, "me"));
        Assert.Equal(["run/run1/E[1]/2", "run/run1/E[2]/2"], run.Due.Where(static effect => effect is CallTool).Select(static effect => effect.Key));
        run.Succeed("E[1]");
        run.Succeed("E[2]");
        run.Succeed("C");
        Assert.Equal((RunStatus.Completed, null), (run.State.Status, run.State.Failure));
        Assert.Empty(run.Tell(new RetryRun(run.Now, "me")));
    }

    [Fact]
    public void What_was_undone_and_all_that_was_built_on_it_is_done_again()
    {
        var run = ScriptedRun.Begin(Undoable);
        run.Succeed("A", """{"id":7}""");
        run.Succeed("B");
        run.Fail("C", retryable: false);
        run.Fail("undo:B", retryable: false);
        run.Succeed("undo:A");
        run.Tell(new RetryRun(run.Now, "me"));
        Assert.Equal("A=running B=pending C=pending", run.Steps);
        Assert.Equal("run/run1/A/2", run.Find<CallTool>("A").Key);
        run.Succeed("A", """{"id":8}""");
        run.Succeed("B");
        run.Fail("C", retryable: false);
        Assert.Equal("run/run1/undo:B/2", run.Find<CallTool>("undo:B").Key);
    }

    [Fact]
    public void A_fork_takes_over_what_had_ended_and_goes_on_from_its_step()
    {
        var run = ScriptedRun.Begin(Undoable);
        run.Succeed("A", """{"id":7}""", new EffectUse(5), "web");
        run.Succeed("B", """{"b":1}""");
        run.Fail("C", retryable: false);
        run.Succeed("undo:B");
        run.Succeed("undo:A");
        var plan = run.State.Plan! with { Run = "run2" };
        var events = RunDecider.Fork(run.History, "B", new BeginRun(run.Now, plan, "{}", RunDecider.Version));
        var fork = RunDecider.Apply(RunState.None, events);
        Assert.Equal("A completed", $"A {RunNames.Of(fork.Steps[0].Own.Status)}");
        Assert.Equal("""{"id":7}""", fork.Steps[0].Own.Output);
        Assert.Equal("run/run2/B/1", Assert.Single(RunDecider.Due(fork)).Key);
        Assert.Equal(new EffectUse(0, 0, 1), fork.Used);
        // What the other run did is not this one's to undo.
        Assert.True(fork.Undoable.IsEmpty);
        Assert.Throws<ArgumentException>(() => RunDecider.Fork(run.History, "X", new BeginRun(run.Now, plan, "{}", RunDecider.Version)));
    }

    [Fact]
    public void A_capsule_that_fails_on_purpose_says_why()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: S, action: flow.set, params: {a: 1}}, {name: F, action: flow.fail, params: {code: too_small, detail: 'It is {{ steps.S.a }}.'}}]}");
        Assert.Equal(new StepFailure("too_small", "It is 1."), run.State.Failure);
    }

    [Fact]
    public void Results_that_are_no_json_or_take_away_are_not_believed()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a}]}");
        run.Succeed("A", "{", new EffectUse(-5, -5));
        Assert.Equal(("result_invalid", 0L), (run.State.Failure!.Code, run.State.Used.Tokens));
    }

    [Fact]
    public void A_run_of_a_newer_program_is_refused_and_not_guessed()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a}]}");
        Assert.Throws<NotSupportedException>(() => RunDecider.Decide(run.State with { Version = RunDecider.Version + 1 }, new CancelRun(0, "me", "")));
    }
}
