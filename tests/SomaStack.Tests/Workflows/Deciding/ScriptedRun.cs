using SomaStack.Agents.Capsules;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Workflows;

namespace SomaStack.Tests.Workflows.Deciding;

/// <summary>Drives one run by hand: what is due is answered in words, every event is folded as a host would.</summary>
internal sealed class ScriptedRun
{
    public const long Start = 1_800_000_000_000_000;

    public RunState State { get; private set; } = RunState.None;

    public List<RunEvent> History { get; } = [];

    public List<RunInput> Inputs { get; } = [];

    public long Now { get; set; } = Start;

    public IReadOnlyList<RunEffect> Due => RunDecider.Due(State);

    public string Steps => string.Join(' ', State.Steps.Select((step, i) => $"{State.Graph.Capsule.Steps[i].Name}={RunNames.Of(step.Own.Status)}"));

    /// <param name="steps">The lines below <c>steps:</c>, and whatever other keys follow.</param>
    public static ScriptedRun Begin(string yaml, string inputs = "{}", RunBudget? budget = null, int depth = 0)
    {
        var run = new ScriptedRun();
        run.Tell(new BeginRun(run.Now, new RunPlan(Capsule(yaml), "run1", null, depth, budget ?? new RunBudget(null, null, null, null)), inputs, RunDecider.Version));
        return run;
    }

    public static Capsule Capsule(string yaml)
    {
        var text = yaml.StartsWith("id:", StringComparison.Ordinal) ? yaml : "id: sample\nversion: 1.0.0\nsummary: A capsule that a test made.\ntools: [tools]\n" + yaml;
        var reading = CapsuleReader.Read(text);
        Assert.True(reading.Passed, string.Join('\n', reading.Faults));
        return reading.Capsule!;
    }

    public IReadOnlyList<RunEvent> Tell(RunInput input)
    {
        Inputs.Add(input);
        var events = RunDecider.Decide(State, input);
        History.AddRange(events);
        State = RunDecider.Apply(State, events);
        return events;
    }

    public T Find<T>(string path) where T : RunEffect => Assert.IsType<T>(Due.Single(effect => effect.Path == path && effect is T));

    public bool IsDue(string path) => Due.Any(effect => effect.Path == path && effect is not StopEffect and not StartTimer);

    public IReadOnlyList<RunEvent> Succeed(string path, string output = "{}", EffectUse used = default, params string[] taints)
    {
        var effect = Due.Single(effect => effect.Path == path && effect is not StartTimer and not StopEffect);
        return Tell(effect is StartNested
            ? new NestedEnded(Now, path, effect.Attempt, RunStatus.Completed, output, null, used) { Taints = taints }
            : new EffectSucceeded(Now, path, effect.Attempt, new EffectResult(output, used) { Taints = taints }));
    }

    public IReadOnlyList<RunEvent> Fail(string path, string code = "tool_failed", bool retryable = true)
    {
        var effect = Due.Single(effect => effect.Path == path && effect is not StartTimer and not StopEffect);
        return Tell(new EffectFailed(Now, path, effect.Attempt, new StepFailure(code, "It did not work."), retryable, default));
    }

    /// <summary>The clock goes on to the newest timer of the path.</summary>
    public IReadOnlyList<RunEvent> Fire(string path)
    {
        var timer = Due.OfType<StartTimer>().Last(timer => timer.Path == path);
        Now = Math.Max(Now, timer.Due);
        return Tell(new TimerFired(Now, path, timer.Timer));
    }
}
