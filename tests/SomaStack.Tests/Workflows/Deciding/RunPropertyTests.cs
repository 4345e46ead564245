using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using CsCheck;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Workflows;
using SomaStack.Bench;

namespace SomaStack.Tests.Workflows.Deciding;

/// <summary>What holds of every run of every capsule, whatever order things come in. CsCheck prints the seed of a failure.</summary>
public sealed class RunPropertyTests
{
    private static readonly Action<string> Print = line => TestContext.Current.TestOutputHelper?.WriteLine(line);

    [Fact]
    public void Any_order_of_answers_gives_what_one_after_the_other_gives()
    {
        var completed = 0;
        Gen.Int[0, 1_000_000].Select(Gen.Int[0, 1_000_000]).Sample(
            (seed, order) =>
            {
                var capsule = SimulatedCapsules.Make(new Random(seed), "calm", 0, calm: true);
                var straight = Play(capsule, seed, null);
                var shuffled = Play(capsule, seed, new Random(order));
                Assert.Equal(Shown(straight), Shown(shuffled));
                if (straight.Status == RunStatus.Completed) Interlocked.Increment(ref completed);
            },
            iter: 400, writeLine: Print);
        Assert.True(completed > 200, $"Only {completed} of 400 runs were completed; the rest show little.");
    }

    [Fact]
    public void Whatever_comes_in_replay_is_state_something_is_due_and_no_key_means_two_things() => Gen.Int[0, 10_000_000].Sample(
        seed =>
        {
            var random = new Random(seed);
            var capsule = SimulatedCapsules.Make(random, "wild", 0, calm: false);
            var (state, history, keys) = (RunState.None, new List<RunEvent>(), new Dictionary<string, string>(StringComparer.Ordinal));
            var services = new SimulatedServices(seed, calm: false);
            var now = ScriptedRun.Start;
            RunInput input = new BeginRun(now, new RunPlan(capsule, "r", null, 0, new RunBudget(null, null, null, null)), """{"n":2}""", RunDecider.Version);
            for (var i = 0; i < 300; i++)
            {
                var events = RunDecider.Decide(state, input);
                history.AddRange(events);
                state = RunDecider.Apply(state, events);
                var due = RunDecider.Due(state);
                foreach (var effect in due.Where(static effect => effect is not StopEffect and not CallTool { Approval: not null }))
                    Assert.True(keys.TryAdd(effect.Key, effect.ToString()) || keys[effect.Key] == effect.ToString(), $"{effect.Key} means two things");
                if (state.Status == RunStatus.Running) Assert.Contains(due, static effect => effect is CallTool or AskAgent or StartNested or RequestApproval);
                if (state.Status == RunStatus.Waiting) Assert.True(due.Count > 0 || !state.Waiters.IsEmpty || !state.Approvals.IsEmpty, "It waits for nothing.");
                Assert.True(state.Slots <= capsule.MaxParallel, $"{state.Slots} of {capsule.MaxParallel} places are taken");
                now += random.Next(0, 5_000_000);
                input = Next(random, state, due, services, now);
            }
            Assert.True(SimulationChecks.Same(state, RunDecider.Apply(RunState.None, history)));
            Assert.True(SimulationChecks.Same(state, RunDecider.Apply(RunState.None, [RunDecider.Fold(state)])));
            var cancelled = RunDecider.Apply(state, RunDecider.Decide(state, new CancelRun(now, "me", "enough")));
            Ends(cancelled, services, now);
        },
        iter: 400, writeLine: Print);

    [Fact]
    public void A_history_of_ten_thousand_items_is_replayed_as_fast_as_a_short_one()
    {
        const int Items = 10_000;
        var run = ScriptedRun.Begin("inputs: [{name: list, type: list, required: true}]\nworkflow: {max_parallel: 50, steps: [{name: E, action: tools.a, for_each: list, max_parallel: 50, params: {x: '{{ item }}'}}]}",
            "{\"list\":[" + string.Join(',', Enumerable.Range(0, Items)) + "]}");
        var begun = Stopwatch.GetTimestamp();
        while (run.State.Status == RunStatus.Running) run.Succeed(run.Due[0].Path, """{"ok":true}""");
        var decided = Stopwatch.GetElapsedTime(begun);
        Assert.Equal((RunStatus.Completed, (2 * Items) + 4), (run.State.Status, run.History.Count));
        begun = Stopwatch.GetTimestamp();
        var again = RunDecider.Apply(RunState.None, run.History);
        var replayed = Stopwatch.GetElapsedTime(begun);
        Print($"{Items} items: decided in {decided.TotalMilliseconds:0} ms, replayed at {run.History.Count / replayed.TotalSeconds:0} events/s");
        Assert.Equal(RunStatus.Completed, again.Status);
        // Bounds of shape, not of speed: quadratic work would be far beyond them on any machine.
        Assert.True(replayed < TimeSpan.FromSeconds(3), $"The replay took {replayed}.");
        Assert.True(decided < TimeSpan.FromSeconds(20), $"Deciding took {decided}.");
    }

    [Theory]
    [InlineData(0, 150)]
    [InlineData(150, 150)]
    public void Three_hundred_worlds_with_crashes_lost_leases_and_wrong_clocks_keep_their_promises(int first, int count)
    {
        var (failed, statuses, events, crashes) = (new StringBuilder(), new SortedDictionary<RunStatus, int>(), 0, 0);
        for (var seed = first; seed < first + count; seed++)
        {
            var outcome = RunSimulation.Of(seed);
            foreach (var fault in outcome.Faults) failed.AppendLine(CultureInfo.InvariantCulture, $"seed {seed}: {fault}");
            statuses[outcome.Status] = statuses.GetValueOrDefault(outcome.Status) + 1;
            (events, crashes) = (events + outcome.Events, crashes + outcome.Crashes);
        }
        Print($"seeds {first} to {first + count - 1}: {events} events, {crashes} crashes, {string.Join(", ", statuses.Select(static pair => $"{pair.Value} {pair.Key}"))}");
        Assert.True(failed.Length == 0, failed.ToString());
        Assert.True(statuses.Count >= 2 && crashes > count, "The worlds were too quiet to show anything.");
    }

    /// <summary>Answers everything; in the order in which it became due, or in a random one with answers that come twice.</summary>
    private static RunState Play(Capsule capsule, int seed, Random? order)
    {
        var services = new SimulatedServices(seed, calm: true);
        var state = RunState.None;
        var faults = new List<string>();
        RunInput input = new BeginRun(ScriptedRun.Start, new RunPlan(capsule, "r", null, 0, new RunBudget(null, null, null, null)), """{"n":2}""", RunDecider.Version);
        for (var i = 0; i < 5000; i++)
        {
            state = RunDecider.Apply(state, RunDecider.Decide(state, input));
            if (order?.Next(4) == 0) state = RunDecider.Apply(state, RunDecider.Decide(state, input));
            if (state.Ended) return state;
            var approval = services.Pending.FirstOrDefault();
            var due = RunDecider.Due(state).Where(static effect => effect is not StopEffect).ToList();
            if (approval is not null && (due.Count == 0 || order?.Next(2) == 0))
            {
                services.Pending.Remove(approval);
                input = new ApprovalEnded(ScriptedRun.Start, approval, null, null, "second");
                continue;
            }
            input = Answer(due[order?.Next(due.Count) ?? 0], services, ScriptedRun.Start, faults);
        }
        throw new InvalidOperationException("The run does not end.");
    }

    private static RunInput Answer(RunEffect effect, SimulatedServices services, long now, List<string> faults) => effect switch
    {
        StartTimer timer => new TimerFired(now, timer.Path, timer.Timer),
        AskPerson ask => new FormAnswered(now, ask.Path, """{"ok":true}""", "person"),
        StartNested nested => new NestedEnded(now, nested.Path, nested.Attempt, RunStatus.Completed, """{"last":1}""", null, new EffectUse(5, 0, 2)),
        _ => services.Do(effect, now, faults),
    };

    private static RunInput Next(Random random, RunState state, IReadOnlyList<RunEffect> due, SimulatedServices services, long now)
    {
        var some = due.Where(static effect => effect is not StopEffect).ToList();
        return random.Next(12) switch
        {
            0 => new SignalCame(now, $"s{random.Next(40)}", $"signal_{random.Next(2)}", "{}", "x"),
            1 when services.Pending.Count > 0 => new ApprovalEnded(now, services.Pending.First(), random.Next(3) == 0 ? "approval_expired" : null, null, "second"),
            2 when random.Next(20) == 0 => new CancelRun(now, "me", "no"),
            3 => new RetryRun(now, "me"),
            4 => new EffectFailed(now, $"S{random.Next(6)}", random.Next(3), new StepFailure("x", "y"), random.Next(2) == 0, new EffectUse(random.Next(9))),
            5 => new FormAnswered(now, $"S{random.Next(6)}", """{"ok":1}""", "x"),
            _ when some.Count > 0 => Answer(some[random.Next(some.Count)], services, now, []),
            _ when state.Approvals.Count > 0 => new ApprovalEnded(now, state.Approvals.Keys.First(), null, null, "second"),
            _ => new SignalCame(now, $"t{random.Next()}", $"signal_{random.Next(2)}", "{}", "x"),
        };
    }

    private static void Ends(RunState state, SimulatedServices services, long now)
    {
        for (var i = 0; !state.Ended; i++)
        {
            Assert.True(i < 500, "A cancelled run does not end.");
            var due = RunDecider.Due(state).FirstOrDefault(static effect => effect is not StopEffect);
            RunInput input = due is not null ? Answer(due, services, now, []) : new ApprovalEnded(now, state.Approvals.Keys.First(), null, null, "second");
            state = RunDecider.Apply(state, RunDecider.Decide(state, input));
        }
        Assert.True(state.Phase is RunPhase.Cancelled or RunPhase.Failed or RunPhase.Completed);
    }

    /// <summary>All that does not depend on when things came: no times, no order of effects.</summary>
    private static string Shown(RunState state)
    {
        var text = new StringBuilder($"{state.Status} {state.Outputs} {state.Used}\n");
        foreach (var (step, i) in state.Steps.Select(static (step, i) => (step, i)))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{state.Graph.Capsule.Steps[i].Name} {Shown(step.Own)}");
            foreach (var unit in step.Fan?.Units.All() ?? []) text.AppendLine("  " + Shown(unit));
        }
        return text.ToString();
    }

    private static string Shown(Unit unit) => $"{unit.Status} {unit.Attempt} {unit.Output} {JsonSerializer.Serialize(unit.Taints)} {unit.Failure}";
}
