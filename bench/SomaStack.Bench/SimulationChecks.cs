using System.Text.Json;
using SomaStack.Agents.Workflows;

namespace SomaStack.Bench;

/// <summary>What must hold of every run, whatever happened to it.</summary>
internal static class SimulationChecks
{
    public static List<string> Of(SimulatedRun run, SimulatedServices services)
    {
        var faults = new List<string>();
        var state = run.State();
        void Must(bool holds, string promise)
        {
            if (!holds) faults.Add($"{run.Id}: {promise}");
        }

        Must(RunDecider.Due(state).All(static effect => effect is StopEffect), "an ended run has something due");
        Must(state is { Active: 0, Slots: 0 } && state.Reserved == default && state.Approvals.IsEmpty && state.Waiters.IsEmpty, "an ended run holds something");
        Must(state.Phase != RunPhase.Completed || state.Steps.All(static step => step.Own.Status is StepStatus.Completed or StepStatus.Skipped or StepStatus.Failed), "a completed run has a step that did not end");
        Must(state.Phase != RunPhase.Completed || !state.Steps.Where((step, i) => step.Own.Status == StepStatus.Failed && !state.Graph.Capsule.Steps[i].Optional).Any(), "a failure is kept as success");
        Must(Same(state, Read(run.Journal)), "the history read back gives another state");
        Must(Same(state, RunDecider.Apply(RunState.None, [RunDecider.Fold(state)])), "the folded history gives another state");
        // One effect a place may be on its way when the wall is met.
        Must(state.Limit.Steps is not { } steps || state.Used.Steps <= steps + Undone(run) + (50 * Nested(run)), $"it took {state.Used.Steps} steps of {state.Limit.Steps}");
        var late = run.Journal.Count(static happened => happened is LateResultNoted);
        Must(state.Limit.Tokens is not { } tokens || state.Used.Tokens <= tokens + 50L * (state.Graph.Capsule.MaxParallel + late + Undone(run) + (20 * Nested(run))), $"it used {state.Used.Tokens} tokens of {state.Limit.Tokens}");
        if (!run.Folded) faults.AddRange(OfHistory(run, services));
        return faults;
    }

    /// <summary>Once a result is known nothing is tried again, and a result that counts was really done.</summary>
    private static IEnumerable<string> OfHistory(SimulatedRun run, SimulatedServices services)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        var keys = new HashSet<string>(StringComparer.Ordinal);
        var actions = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var happened in run.Journal)
        {
            switch (happened)
            {
                case StepStarted started:
                    if (done.Contains(started.Path)) yield return $"{run.Id}: {started.Path} is begun again after its result is known";
                    if (!keys.Add($"{started.Path}/{started.Attempt}")) yield return $"{run.Id}: attempt {started.Attempt} of {started.Path} is begun twice";
                    actions[started.Path] = started.Action;
                    break;
                case StepCompleted completed:
                    if (!done.Add(completed.Path)) yield return $"{run.Id}: {completed.Path} is completed twice";
                    if (actions.GetValueOrDefault(completed.Path) is "tools.act" or "agent.ask" or "tools.undo" && !services.Did(RunPath.Key(run.Id, completed.Path, completed.Attempt)))
                        yield return $"{run.Id}: {completed.Path} is completed and nothing was done";
                    break;
                case RunRetried: done.Clear(); break;
            }
        }
    }

    private static int Undone(SimulatedRun run) => run.Journal.Count(static happened => happened is StepStarted started && started.Path.StartsWith(RunPath.UndoPrefix, StringComparison.Ordinal)) + (run.Folded ? 1000 : 0);

    /// <summary>A nested run may pass its own wall by what it had on its way.</summary>
    private static int Nested(SimulatedRun run) => run.Journal.Count(static happened => happened is StepStarted { Action: RunActions.CapsuleRun });

    private static RunState Read(List<RunEvent> journal)
    {
        var json = JsonSerializer.Serialize(journal, RunHistoryJson.Default.IReadOnlyListRunEvent);
        return RunDecider.Apply(RunState.None, JsonSerializer.Deserialize(json, RunHistoryJson.Default.IReadOnlyListRunEvent)!);
    }

    /// <summary>Equal in all that is kept, and in all that is derived from it.</summary>
    public static bool Same(RunState a, RunState b) =>
        Text(a) == Text(b) && Due(a) == Due(b) && a.Active == b.Active && a.Slots == b.Slots && a.Reserved == b.Reserved && a.Unfinished == b.Unfinished && a.Status == b.Status;

    private static string Text(RunState state) => JsonSerializer.Serialize(RunDecider.Fold(state), RunHistoryJson.Default.RunEvent);

    private static string Due(RunState state) => string.Join('\n', RunDecider.Due(state).Select(static effect => $"{effect.GetType().Name} {effect.Path} {effect.Attempt} {effect.Key}"));
}
