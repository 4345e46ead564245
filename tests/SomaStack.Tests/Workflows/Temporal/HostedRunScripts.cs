using SomaStack.Agents.Workflows;

namespace SomaStack.Tests.Workflows.Temporal;

/// <summary>What the golden histories of the current version were written from.</summary>
internal static class HostedRunScripts
{
    public static IReadOnlyList<(string Name, Func<HostedRun> Play)> All { get; } =
    [
        ("two_steps", static () => HostedRun.Open("inputs: [{name: n, type: integer, required: true}]\nworkflow: {steps: [{name: A, action: tools.a, params: {x: '{{ n + 1 }}'}}, {name: B, action: tools.b, params: {y: '{{ steps.A.v }}'}}]}\noutputs: {b: '{{ steps.B }}'}", """{"n":4}""")
            .Succeed("A", """{"v":"é"}""").Succeed("B", """{"done":true}""")),
        ("timer", static () => HostedRun.Open("workflow: {steps: [{name: T, action: wait.timer, params: {for: 90s}}, {name: A, action: tools.a}]}").Ring().Succeed("A")),
        ("retry", static () => HostedRun.Open("workflow: {steps: [{name: A, action: tools.a, timeout: 1h, retry: {attempts: 3, first: 4s}}]}").Fail("A").Ring().Fail("A").Ring().Succeed("A")),
        ("time_limit", static () => HostedRun.Open("workflow: {steps: [{name: A, action: tools.a, timeout: 10s, optional: true}, {name: B, action: tools.b}]}").Ring().HandOver("A", stops: true).Succeed("B")),
        ("parallel_with_a_limit", static () => HostedRun.Open("workflow: {steps: [{name: E, action: tools.a, for_each: '[1, 2, 3, 4]', max_parallel: 2, params: {i: '{{ item }}'}}]}")
            .Succeed("E[1]").Succeed("E[0]").Succeed("E[3]").Succeed("E[2]")),
        ("signal", static () =>
        {
            var run = HostedRun.Open("workflow: {steps: [{name: S, action: wait.signal, params: {name: go}, timeout: 1d}, {name: A, action: tools.a, params: {x: '{{ steps.S.data.x }}'}}]}");
            run.Pass(1000).Tell(new SignalCame(run.Now, "1", "other", "{}", "you"));
            return run.Pass(1000).Tell(new SignalCame(run.Now, "2", "go", """{"x":[1,2.5,null]}""", "you"), new SignalCame(run.Now, "2", "go", "{}", "you")).Succeed("A");
        }),
        ("signal_while_recording", static () =>
        {
            var run = HostedRun.Open("workflow: {steps: [{name: A, action: tools.a}, {name: S, action: wait.signal, params: {name: go}}]}");
            return run.SucceedWhileTold("A", new SignalCame(run.Now, "1", "go", "{}", "you"));
        }),
        ("approval", static () =>
        {
            var run = HostedRun.Open("workflow: {steps: [{name: A, action: tools.a}]}").Suspend("A", "yes");
            return run.Pass(60_000).Tell(new ApprovalEnded(run.Now, "yes", null, null, "second")).Succeed("A");
        }),
        ("nested", static () =>
        {
            var run = HostedRun.Open("workflow: {steps: [{name: N, action: capsule.run, params: {capsule: child}}, {name: A, action: tools.a, params: {r: '{{ steps.N.r }}'}}]}").HandOver("N");
            return run.Pass(30_000).Tell(new NestedEnded(run.Now, "N", 1, RunStatus.Completed, """{"r":1}""", null, default)).Succeed("A");
        }),
        ("cancel_with_compensation", static () =>
        {
            var run = HostedRun.Open("workflow: {steps: [{name: A, action: tools.a, compensate: {action: tools.undo}}, {name: B, action: agent.ask, params: {prompt: 'Say {{ run.id }}'}}]}").Succeed("A");
            return run.Pass(1000).Tell(new CancelRun(run.Now, "me", "Enough.")).HandOver("B", stops: true).Succeed("undo:A");
        }),
        ("cancelled_in_temporal", static () => HostedRun.Open("workflow: {steps: [{name: A, action: tools.a}]}").CancelWorkflow().HandOver("A", stops: true)),
        ("continue_as_new", static () => HostedRun.Open("workflow: {max_parallel: 2, steps: [{name: A, action: tools.a, after: []}, {name: B, action: tools.b, after: []}, {name: C, action: tools.c, after: [A, B]}]}")
            .Succeed("A", suggestContinueAsNew: true).Succeed("B", suggestContinueAsNew: true)),
    ];
}
