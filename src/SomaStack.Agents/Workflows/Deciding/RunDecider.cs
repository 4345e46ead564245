namespace SomaStack.Agents.Workflows;

/// <summary>
/// The rules of a run: pure functions from a state and an input to events, and from a state and an event to the next state. They read no
/// clock and no chance, so any host may ask again and gets the same. See docs/decisions/0130-runs-are-a-pure-decider.md.
/// </summary>
internal static class RunDecider
{
    /// <summary>Of the rules that new runs begin under. A history names its own; a change of rules is a new number and a branch where they differ.</summary>
    public const int Version = 1;

    /// <summary>From here on a host folds the history; see <see cref="Fold"/>.</summary>
    public const int EventsMax = 10_000;

    /// <summary>What an input makes happen; empty when it is late, has come before or does not concern the run.</summary>
    /// <exception cref="NotSupportedException">The history was begun by a newer program.</exception>
    public static IReadOnlyList<RunEvent> Decide(RunState state, RunInput input)
    {
        var version = input is BeginRun begin && state.Phase == RunPhase.None ? begin.Decider : state.Version;
        return version switch
        {
            0 when state.Phase == RunPhase.None => [],
            1 => new RunDecision(state, Math.Max(input.At, state.Now)).Take(input),
            _ => throw new NotSupportedException($"The run follows rules of version {version}; this program knows versions up to {Version}."),
        };
    }

    public static RunState Apply(RunState state, RunEvent happened) => RunApply.Apply(state, happened);

    public static RunState Apply(RunState state, IEnumerable<RunEvent> events)
    {
        foreach (var happened in events) state = RunApply.Apply(state, happened);
        return state;
    }

    /// <summary>What the host must see to now. Costs what is due, not what the run is made of.</summary>
    public static IReadOnlyList<RunEffect> Due(RunState state)
    {
        if (state.Stops.IsEmpty && state.Open.IsEmpty) return [];
        var due = new List<RunEffect>(state.Stops.Count + state.Open.Count);
        due.AddRange(state.Stops.Values);
        due.AddRange(state.Open.Values);
        return due;
    }

    /// <summary>All of the history in one event. A new history that begins with it goes on exactly as the old one would.</summary>
    public static RunContinued Fold(RunState state) => new(state.Now, RunSnapshot.Of(state));

    /// <summary>
    /// The first events of a run that goes on from a step of another: it takes over what had ended when that step first began, except what
    /// comes after the step, and begins there.
    /// </summary>
    /// <exception cref="ArgumentException">The capsule has no such step.</exception>
    public static IReadOnlyList<RunEvent> Fork(IEnumerable<RunEvent> history, string step, BeginRun begin)
    {
        var state = RunState.None;
        foreach (var happened in history)
        {
            if (StepOf(happened) == step) break;
            state = RunApply.Apply(state, happened);
        }
        var began = new RunBegan(begin.At, begin.Plan, begin.Inputs, begin.Decider);
        var fresh = RunApply.Apply(RunState.None, began);
        if (!fresh.Graph.TryFind(step, out var from)) throw new ArgumentException($"The capsule has no step '{step}'.", nameof(step));
        var kept = new List<KeptStep>();
        for (var i = 0; i < fresh.Steps.Length; i++)
        {
            var name = fresh.Graph.Capsule.Steps[i].Name;
            if (i == from || fresh.Graph.IsAfter(i, from) || !state.Graph.TryFind(name, out var old) || old >= state.Steps.Length) continue;
            var was = state.Steps[old];
            if (was.Own.Status is not (StepStatus.Completed or StepStatus.Skipped or StepStatus.Failed) || (was.Own.Status == StepStatus.Failed && !fresh.Graph.Capsule.Steps[i].Optional)) continue;
            kept.Add(new KeptStep(name, was.Own.Status) { Output = was.Fan is { } fan ? RunValues.Results(fan) : was.Own.Output, Taints = was.Own.Taints, Failure = was.Own.Failure });
        }
        var forked = new RunForked(begin.At, state.Plan?.Run ?? "", step, kept);
        return [began, forked, .. new RunDecision(RunApply.Apply(fresh, forked), begin.At).GoOn()];
    }

    private static string StepOf(RunEvent happened)
    {
        var path = happened switch { StepStarted started => started.Path, FanOutOpened opened => opened.Path, StepSkipped skipped => skipped.Path, StepFailed failed => failed.Path, _ => "" };
        var bracket = path.IndexOf('[', StringComparison.Ordinal);
        return bracket < 0 ? path : path[..bracket];
    }
}
