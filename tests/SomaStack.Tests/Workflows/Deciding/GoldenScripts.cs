using SomaStack.Agents.Workflows;

namespace SomaStack.Tests.Workflows.Deciding;

/// <summary>What the golden histories of the current version were recorded from.</summary>
internal sealed record GoldenScript(string Name, Func<ScriptedRun> Play);

internal static class GoldenScripts
{
    public static IReadOnlyList<GoldenScript> All { get; } =
    [
        new("sequence", static () =>
        {
            var run = ScriptedRun.Begin("inputs: [{name: n, type: integer, required: true}]\nworkflow: {steps: [{name: A, action: tools.a, params: {x: '{{ n + 1 }}'}}, {name: B, action: tools.b, params: {y: '{{ steps.A.v }}'}}]}\noutputs: {b: '{{ steps.B }}'}", """{"n":4}""");
            run.Succeed("A", """{"v":"é"}""", new EffectUse(3, 9), "tool");
            run.Succeed("B", """{"done":true}""");
            return run;
        }),
        new("graph", static () =>
        {
            var run = ScriptedRun.Begin("workflow: {max_parallel: 2, steps: [{name: A, action: tools.a, after: []}, {name: B, action: tools.b, after: []}, {name: C, action: tools.c, after: [A], when: steps.A.v > 5}, {name: D, action: flow.set, after: [B, C], params: {s: '{{ run.status.C }}'}}]}\noutputs: {s: '{{ steps.D.s | upper }}'}");
            run.Succeed("B");
            run.Succeed("A", """{"v":3}""");
            return run;
        }),
        new("fan_out", static () =>
        {
            var run = ScriptedRun.Begin("workflow: {steps: [{name: E, action: tools.a, for_each: '[\"a\", \"b\", \"c\"]', max_parallel: 2, optional: true, retry: {attempts: 2, first: 4s}, params: {i: '{{ index }}{{ item }}'}}]}\noutputs: {e: '{{ steps.E }}', n: '{{ steps.E | length }}'}");
            run.Succeed("E[1]", "1");
            run.Fail("E[0]");
            run.Succeed("E[2]", "2");
            run.Fire("E[0]");
            run.Fail("E[0]", retryable: false);
            return run;
        }),
        new("retry_and_timeout", static () =>
        {
            var run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a, timeout: 10s, retry: {attempts: 4, first: 1s, factor: 2}}]}");
            run.Fail("A");
            run.Fire("A");
            run.Fire("A");
            run.Tell(new EffectSucceeded(run.Now, "A", 2, new EffectResult("{}", new EffectUse(11))));
            run.Fire("A");
            run.Succeed("A");
            return run;
        }),
        new("compensation", static () =>
        {
            var run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a, compensate: {action: tools.undo, params: {id: '{{ steps.A.id }}'}}}, {name: B, action: tools.b, for_each: '[1, 2]', compensate: {action: tools.undo, params: {i: '{{ item }}'}}}, {name: C, action: tools.c}]}");
            run.Succeed("A", """{"id":1}""");
            run.Succeed("B[1]");
            run.Succeed("B[0]");
            run.Fail("C", retryable: false);
            run.Succeed("undo:B[0]");
            run.Fail("undo:B[1]", retryable: false);
            run.Succeed("undo:A");
            run.Tell(new RetryRun(run.Now, "me"));
            run.Succeed("A", """{"id":2}""");
            return run;
        }),
        new("cancel", static () =>
        {
            var run = ScriptedRun.Begin("workflow: {steps: [{name: A, action: tools.a, compensate: {action: tools.undo}}, {name: B, action: agent.ask, params: {prompt: 'Say {{ run.id }}'}}]}");
            run.Succeed("A");
            run.Tell(new CancelRun(run.Now, "me", "Enough."));
            run.Succeed("undo:A");
            return run;
        }),
        new("approvals", static () =>
        {
            var run = ScriptedRun.Begin("policies: {requires_review: true}\nworkflow: {steps: [{name: A, action: approvals.request, params: {summary: May we?}}, {name: B, action: tools.b, timeout: 1h}]}");
            run.Tell(new EffectSuspended(run.Now, "run:review", 1, "r"));
            run.Tell(new ApprovalEnded(run.Now, "r", null, null, "second"));
            run.Tell(new ApprovalEnded(run.Now, "early", null, null, "second"));
            run.Tell(new EffectSuspended(run.Now, "A", 1, "early"));
            run.Tell(new EffectSuspended(run.Now, "B", 1, "b"));
            run.Now += 7_200_000_000;
            run.Tell(new ApprovalEnded(run.Now, "b", null, null, "second"));
            run.Succeed("B");
            return run;
        }),
        new("signals_and_timers", static () =>
        {
            var run = ScriptedRun.Begin("workflow: {steps: [{name: S, action: wait.signal, params: {name: go}, timeout: 1d}, {name: T, action: wait.timer, params: {for: 90s}}, {name: N, action: wait.notification, params: {event: built}, optional: true, timeout: 5s}]}\noutputs: {x: '{{ steps.S.data.x }}', n: '{{ run.failures.N.code }}'}");
            run.Tell(new SignalCame(run.Now, "1", "other", "{}", "you"));
            run.Tell(new SignalCame(run.Now, "2", "go", """{"x":[1,2.5,null]}""", "you"));
            run.Fire("T");
            run.Fire("N");
            return run;
        }),
        new("form", static () =>
        {
            var run = ScriptedRun.Begin("workflow: {steps: [{name: F, action: human.ask, params: {title: Size, form: {type: object, properties: {size: {type: integer, minimum: 1}}, required: [size]}}}]}\noutputs: {size: '{{ steps.F.size }}'}");
            run.Tell(new FormAnswered(run.Now, "F", """{"size":0}""", "me"));
            run.Tell(new FormAnswered(run.Now, "F", """{"size":2}""", "me"));
            return run;
        }),
        new("nested", static () =>
        {
            var run = ScriptedRun.Begin("policies: {budget_tokens: 1000, budget_steps: 90, budget_money: 2.5}\nworkflow: {steps: [{name: A, action: capsule.run, after: [], retry: {attempts: 2, first: 2s}, params: {capsule: child, inputs: {q: 1}}}, {name: B, action: capsule.run, after: [], params: {capsule: child}}]}\noutputs: {a: '{{ steps.A.r }}'}");
            run.Tell(new NestedEnded(run.Now, "A", 1, RunStatus.Failed, "{}", new StepFailure("broken", "It broke."), new EffectUse(40, 1_000_000, 3)));
            run.Fire("A");
            run.Succeed("A", """{"r":"ok"}""", new EffectUse(60, 0, 2), "web");
            run.Succeed("B", "{}", new EffectUse(1));
            return run;
        }),
        new("budget", static () =>
        {
            var run = ScriptedRun.Begin("policies: {budget_tokens: 10, budget_time: 1h}\nworkflow: {steps: [{name: A, action: agent.ask, params: {prompt: a}}, {name: B, action: agent.ask, params: {prompt: b}}]}");
            run.Succeed("A", """{"text":"t"}""", new EffectUse(10));
            return run;
        }),
        new("deadline", static () =>
        {
            var run = ScriptedRun.Begin("policies: {budget_time: 1h}\nworkflow: {steps: [{name: A, action: tools.a}]}");
            run.Fire("run:deadline");
            return run;
        }),
        new("fails_on_purpose", static () => ScriptedRun.Begin("workflow: {steps: [{name: S, action: flow.set, params: {a: [1, '{{ 1.5 * 2.0 }}']}}, {name: F, action: flow.fail, params: {code: stop, detail: 'a is {{ steps.S.a | json }}'}}]}")),
    ];
}
