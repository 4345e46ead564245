using SomaStack.Agents.Workflows;
using SomaStack.Bench;

namespace SomaStack.Tests.Workflows.Deciding;

public sealed class RunDeciderTests
{
    private const string Two = """
        workflow:
          steps:
            - {name: A, action: tools.a, params: {x: "{{ n + 1 }}"}}
            - {name: B, action: tools.b, params: {y: "{{ steps.A.value }} of {{ n }}", z: "{{ steps.A.list }}"}}
        inputs: [{name: n, type: integer, required: true}]
        outputs: {result: "{{ steps.B }}", first: "{{ steps.A.value | default('none') }}"}
        """;

    [Fact]
    public void Steps_follow_each_other_and_pass_values_on_with_their_types()
    {
        var run = ScriptedRun.Begin(Two, """{"n":2}""");
        Assert.Equal("""{"x":3}""", run.Find<CallTool>("A").Params);
        Assert.Equal("run/run1/A/1", run.Find<CallTool>("A").Key);
        Assert.False(run.IsDue("B"));
        run.Succeed("A", """{"value":"v","list":[1,{"a":2.5}]}""");
        Assert.Equal("""{"y":"v of 2","z":[1,{"a":2.5}]}""", run.Find<CallTool>("B").Params);
        run.Succeed("B", """{"ok":true}""");
        Assert.Equal(RunStatus.Completed, run.State.Status);
        Assert.Equal("""{"first":"v","result":{"ok":true}}""", run.State.Outputs);
        Assert.Empty(run.Due);
    }

    [Fact]
    public void An_answer_counts_once_and_only_for_its_attempt()
    {
        var run = ScriptedRun.Begin(Two, """{"n":2}""");
        var answer = new EffectSucceeded(run.Now, "A", 1, new EffectResult("""{"value":1,"list":[]}""", new EffectUse(5, 7)));
        Assert.Empty(run.Tell(answer with { Attempt = 2 }));
        Assert.Empty(run.Tell(answer with { Path = "B" }));
        Assert.Empty(run.Tell(answer with { Path = "Unknown" }));
        Assert.Empty(run.Tell(answer with { Path = "A[0]" }));
        Assert.NotEmpty(run.Tell(answer));
        Assert.Empty(run.Tell(answer));
        Assert.Equal(new EffectUse(5, 7, 2), run.State.Used);
        Assert.Empty(run.Tell(run.Inputs[0]));
    }

    [Theory]
    [InlineData("{}", "The input 'n' is missing.")]
    [InlineData("""{"n":1.5}""", "The input 'n' must be of the type integer.")]
    [InlineData("""{"n":1,"m":2}""", "The capsule has no input 'm'.")]
    [InlineData("[]", "The inputs must be an object.")]
    [InlineData("{", "The inputs are no JSON.")]
    public void Inputs_that_do_not_fit_end_the_run_before_anything_is_done(string inputs, string detail)
    {
        var run = ScriptedRun.Begin(Two, inputs);
        Assert.Equal(RunStatus.Failed, run.State.Status);
        Assert.Equal(new StepFailure("inputs_invalid", detail), run.State.Failure);
        Assert.Empty(run.Tell(new RetryRun(run.Now, "me")));
        Assert.Empty(run.Due);
    }

    [Fact]
    public void Steps_that_do_not_wait_for_each_other_go_on_together_within_the_limit()
    {
        var run = ScriptedRun.Begin("""
            workflow:
              max_parallel: 2
              steps:
                - {name: A, action: tools.a, after: []}
                - {name: B, action: tools.b, after: []}
                - {name: C, action: tools.c, after: []}
                - {name: D, action: tools.d, after: [A, C]}
            """);
        Assert.Equal(["A", "B"], run.Due.Select(static effect => effect.Path));
        run.Succeed("B");
        Assert.Equal(["A", "C"], run.Due.Select(static effect => effect.Path));
        run.Succeed("C");
        Assert.Equal(["A"], run.Due.Select(static effect => effect.Path));
        run.Succeed("A");
        run.Succeed("D");
        Assert.Equal(RunStatus.Completed, run.State.Status);
    }

    [Fact]
    public void A_condition_leaves_a_step_out_and_what_comes_after_goes_on()
    {
        var run = ScriptedRun.Begin("""
            workflow:
              steps:
                - {name: A, action: tools.a}
                - {name: B, action: tools.b, when: steps.A.go == true}
                - {name: C, action: tools.c, params: {was: "{{ run.status.B }}", b: "{{ steps.B }}"}}
            """);
        run.Succeed("A", """{"go":false}""");
        Assert.Equal("""{"b":null,"was":"skipped"}""", run.Find<CallTool>("C").Params);
        Assert.Equal("A=completed B=skipped C=running", run.Steps);
    }

    [Fact]
    public void A_condition_or_template_without_an_answer_fails_its_step()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a}, {name: B, action: tools.b, when: steps.A.missing > 1}]}");
        run.Succeed("A");
        Assert.Equal("condition_failed", run.State.Failure!.Code);
        run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a}, {name: B, action: tools.b, params: {x: '{{ steps.A.missing }}'}}]}");
        run.Succeed("A");
        Assert.Equal("template_failed", run.State.Failure!.Code);
        Assert.Equal(RunStatus.Failed, run.State.Status);
    }

    [Fact]
    public void A_fan_out_does_each_item_within_its_limit_and_keeps_their_order()
    {
        var run = ScriptedRun.Begin("""
            inputs: [{name: list, type: list, required: true}]
            workflow:
              steps:
                - {name: Each, action: tools.a, for_each: list, max_parallel: 2, params: {item: "{{ item }}", at: "{{ index }}"}}
            outputs: {all: "{{ steps.Each }}"}
            """, """{"list":["x","y","z"]}""");
        Assert.Equal(["Each[0]", "Each[1]"], run.Due.Select(static effect => effect.Path));
        Assert.Equal("""{"at":1,"item":"y"}""", run.Find<CallTool>("Each[1]").Params);
        run.Succeed("Each[1]", "\"second\"");
        Assert.Equal(["Each[0]", "Each[2]"], run.Due.Select(static effect => effect.Path));
        // Found by CsCheck: the fan-out itself is no effect that could fail.
        Assert.Empty(run.Tell(new EffectFailed(run.Now, "Each", 0, new StepFailure("x", "y"), true, default)));
        run.Succeed("Each[2]", "\"third\"");
        run.Succeed("Each[0]", "\"first\"");
        Assert.Equal("""{"all":["first","second","third"]}""", run.State.Outputs);
    }

    [Fact]
    public void An_empty_fan_out_is_done_at_once_and_an_optional_one_says_how_many_failed()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: Each, action: tools.a, for_each: '[]'}]}\noutputs: {all: '{{ steps.Each }}'}");
        Assert.Equal("""{"all":[]}""", run.State.Outputs);
        run = ScriptedRun.Begin("workflow: {steps: [{name: Each, action: tools.a, for_each: '[1, 2, 3]', optional: true}]}\noutputs: {all: '{{ steps.Each }}', why: '{{ run.failures.Each.detail }}'}");
        run.Fail("Each[1]");
        run.Succeed("Each[0]", "1");
        run.Succeed("Each[2]", "3");
        Assert.Equal(RunStatus.Completed, run.State.Status);
        Assert.Equal("Each=failed", run.Steps);
        Assert.Equal("""{"all":[1,null,3],"why":"1 of 3 items failed. The first: It did not work."}""", run.State.Outputs);
    }

    [Fact]
    public void Taints_flow_into_whatever_is_made_of_a_result()
    {
        var run = ScriptedRun.Begin("""
            workflow:
              steps:
                - {name: A, action: tools.a}
                - {name: B, action: tools.b, params: {x: "{{ steps.A.v }}"}}
                - {name: C, action: tools.c, params: {x: fixed}}
                - {name: Each, action: agent.ask, for_each: steps.A.list, params: {prompt: "{{ item }}"}}
            outputs: {b: "{{ steps.B }}"}
            """);
        run.Succeed("A", """{"v":1,"list":["i"]}""", default, "web", "tool");
        Assert.Equal(["tool", "web"], run.Find<CallTool>("B").Taints);
        run.Succeed("B", "{}", default, "mail");
        Assert.Empty(run.Find<CallTool>("C").Taints);
        run.Succeed("C");
        Assert.Equal(["tool", "web"], run.Find<AskAgent>("Each[0]").Taints);
        run.Succeed("Each[0]");
        Assert.Equal(["mail"], run.State.Taints);
    }

    [Fact]
    public void A_step_that_waits_for_a_person_is_asked_for_again_with_the_yes_and_the_same_key()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a, timeout: 30s}]}");
        var asked = run.Find<CallTool>("A");
        run.Tell(new EffectSuspended(run.Now, "A", 1, "ap1"));
        Assert.Empty(run.Due);
        Assert.Equal(RunStatus.Waiting, run.State.Status);
        Assert.Empty(run.Tell(new ApprovalEnded(run.Now, "other", null, null, "second")));
        run.Tell(new ApprovalEnded(run.Now, "ap1", null, null, "second"));
        var again = run.Find<CallTool>("A");
        Assert.Equal((asked.Key, "ap1"), (again.Key, again.Approval));
        Assert.Empty(run.Tell(new ApprovalEnded(run.Now, "ap1", null, null, "second")));
        // Found by seed 616 of the simulation: the report comes a second time after the yes.
        Assert.Empty(run.Tell(new EffectSuspended(run.Now, "A", 1, "ap1")));
        run.Succeed("A");
        Assert.Equal(RunStatus.Completed, run.State.Status);
    }

    [Fact]
    public void Two_approvals_that_end_before_they_are_known_of_go_where_they_belong()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a, after: []}, {name: B, action: approvals.request, after: [], params: {summary: May we?}}]}");
        run.Tell(new ApprovalEnded(run.Now, "ofB", null, null, "second"));
        run.Tell(new ApprovalEnded(run.Now, "ofA", "approval_rejected", "No.", "second"));
        run.Tell(new EffectSuspended(run.Now, "B", 1, "ofB"));
        Assert.Equal("A=running B=completed", run.Steps);
        Assert.Contains("\"approved\":true", run.State.Steps[1].Own.Output, StringComparison.Ordinal);
        run.Tell(new EffectSuspended(run.Now, "A", 1, "ofA"));
        Assert.Equal(new StepFailure("approval_rejected", "No."), run.State.Failure);
    }

    [Fact]
    public void Signals_are_kept_until_somebody_waits_and_each_counts_once()
    {
        var run = ScriptedRun.Begin("""
            workflow:
              steps:
                - {name: A, action: tools.a}
                - {name: W, action: wait.signal, params: {name: go}}
                - {name: V, action: wait.signal, params: {name: go}}
            outputs: {w: "{{ steps.W.data.x }}", v: "{{ steps.V.data.x }}"}
            """);
        run.Tell(new SignalCame(run.Now, "s1", "go", """{"x":1}""", "me"));
        Assert.Empty(run.Tell(new SignalCame(run.Now, "s1", "go", """{"x":9}""", "me")));
        run.Tell(new SignalCame(run.Now, "s0", "other", "null", "me"));
        run.Succeed("A");
        Assert.Equal("A=completed W=completed V=waiting", run.Steps);
        Assert.Equal(RunStatus.Waiting, run.State.Status);
        run.Tell(new SignalCame(run.Now, "s2", "go", """{"x":2}""", "me"));
        Assert.Equal("""{"v":2,"w":1}""", run.State.Outputs);
    }

    [Fact]
    public void A_notification_is_a_signal_with_a_name_of_its_own()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: W, action: wait.notification, params: {event: build_done}}]}");
        run.Tell(new SignalCame(run.Now, "s1", "build_done", "{}", "me"));
        Assert.Equal("W=waiting", run.Steps);
        run.Tell(new SignalCame(run.Now, "s2", "notification:build_done", "{}", "me"));
        Assert.Equal("W=completed", run.Steps);
    }

    [Fact]
    public void A_form_is_open_until_the_answer_fits_its_schema()
    {
        var run = ScriptedRun.Begin("""
            workflow:
              steps:
                - name: F
                  action: human.ask
                  params:
                    title: Which?
                    form: {type: object, properties: {size: {type: integer, minimum: 1}, how: {type: string, enum: [a, b]}}, required: [size]}
            """);
        Assert.Equal("Which?", run.Find<AskPerson>("F").Title);
        var refused = Assert.IsType<FormRefused>(Assert.Single(run.Tell(new FormAnswered(run.Now, "F", """{"size":0,"how":"c","x":1}""", "me"))));
        Assert.Equal(["'size' must be at least 1.", "'how' is none of the choices.", "The form has no field 'x'."], refused.Faults);
        Assert.True(run.IsDue("F"));
        run.Tell(new FormAnswered(run.Now, "F", """{"size":3}""", "me"));
        Assert.Equal("me", run.State.Steps[0].Own.By);
        Assert.Equal(RunStatus.Completed, run.State.Status);
    }

    [Fact]
    public void A_timer_waits_for_its_time_and_a_late_one_does_nothing()
    {
        var run = ScriptedRun.Begin("workflow: {steps: [{name: T, action: wait.timer, params: {for: 1h30m}}, {name: U, action: wait.timer, params: {until: '2027-01-16T00:00:00Z'}}]}");
        Assert.Equal(ScriptedRun.Start + 5_400_000_000, run.Find<StartTimer>("T").Due);
        Assert.Empty(run.Tell(new TimerFired(run.Now, "T", 99)));
        run.Fire("T");
        Assert.Equal(1_800_057_600_000_000, run.Find<StartTimer>("U").Due);
        Assert.Empty(run.Tell(new TimerFired(run.Now, "T", 2)));
        run.Fire("U");
        Assert.Equal(RunStatus.Completed, run.State.Status);
    }

    [Fact]
    public void A_capsule_that_wants_a_review_begins_nothing_before_the_yes()
    {
        const string Yaml = "policies: {requires_review: true}\nworkflow: {steps: [{name: A, action: tools.a}]}";
        var run = ScriptedRun.Begin(Yaml);
        Assert.IsType<RequestApproval>(Assert.Single(run.Due));
        run.Tell(new EffectSuspended(run.Now, "run:review", 1, "ap"));
        Assert.Equal(RunStatus.Waiting, run.State.Status);
        run.Tell(new ApprovalEnded(run.Now, "ap", null, null, "second"));
        Assert.True(run.IsDue("A"));
        run = ScriptedRun.Begin(Yaml);
        run.Tell(new EffectSuspended(run.Now, "run:review", 1, "ap"));
        run.Tell(new ApprovalEnded(run.Now, "ap", "approval_rejected", "Not now.", "second"));
        Assert.Equal(("approval_rejected", RunStatus.Failed), (run.State.Failure!.Code, run.State.Status));
    }

    [Fact]
    public void The_history_reads_back_from_json_as_the_same_state()
    {
        var run = ScriptedRun.Begin(Two, """{"n":2}""");
        run.Succeed("A", """{"value":null,"list":[ 1 , "é" ]}""", default, "web");
        var json = System.Text.Json.JsonSerializer.Serialize(run.History, RunHistoryJson.Default.IReadOnlyListRunEvent);
        var read = System.Text.Json.JsonSerializer.Deserialize(json, RunHistoryJson.Default.IReadOnlyListRunEvent)!;
        Assert.True(SimulationChecks.Same(run.State, RunDecider.Apply(RunState.None, read)));
        Assert.Contains("\"type\":\"step_completed\"", json, StringComparison.Ordinal);
    }

    /// <summary>The generated reader gives null for a list that is absent, whatever its initializer says.</summary>
    [Fact]
    public void What_an_older_history_does_not_have_reads_as_empty()
    {
        var completed = Assert.IsType<StepCompleted>(System.Text.Json.JsonSerializer.Deserialize("""{"type":"step_completed","at":1,"path":"A","attempt":1,"output":null}""", RunHistoryJson.Default.RunEvent));
        Assert.Equal(("null", 0), (completed.Output, completed.Taints.Count));
        var succeeded = Assert.IsType<EffectSucceeded>(System.Text.Json.JsonSerializer.Deserialize("""{"type":"effect_succeeded","at":1,"path":"A","attempt":1,"result":{"output":"{}"}}""", RunHistoryJson.Default.RunInput));
        Assert.Empty(succeeded.Result.Taints);
        var continued = Assert.IsType<RunContinued>(System.Text.Json.JsonSerializer.Deserialize("""{"type":"run_continued","at":1,"snapshot":{"decider":1,"phase":"working","plan":{"capsule":{"id":"a","steps":[]}},"inputs":{},"began_at":1}}""", RunHistoryJson.Default.RunEvent));
        Assert.Equal((0, 0, "{}"), (continued.Snapshot.Steps.Count, continued.Snapshot.Review.Taints.Count, continued.Snapshot.Inputs));
    }
}
