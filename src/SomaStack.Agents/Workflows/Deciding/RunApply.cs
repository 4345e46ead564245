using System.Collections.Immutable;

namespace SomaStack.Agents.Workflows;

/// <summary>Folds events into the state. It decides nothing and evaluates nothing, so a history reads the same under every later program.</summary>
internal static partial class RunApply
{
    public static RunState Apply(RunState state, RunEvent happened)
    {
        var next = happened switch
        {
            RunBegan began => Begin(state, began),
            RunForked forked => Fork(state, forked),
            RunContinued continued => continued.Snapshot.ToState(continued.At),
            StepStarted started => Start(state, started),
            StepSuspended suspended => Suspend(state, suspended),
            StepResumed resumed => Resume(state, resumed),
            StepRetrying retrying => Retry(state, retrying),
            StepCompleted completed => Complete(state, completed),
            StepFailed failed => Fail(state, failed),
            StepSkipped skipped => Skip(state, skipped),
            FanOutOpened opened => OpenFanOut(state, opened),
            FanOutClosed closed => CloseFanOut(state, closed),
            SignalReceived received => Receive(state, received),
            ApprovalNoted noted => state with { EarlyApprovals = state.EarlyApprovals.SetItem(noted.Approval, noted) },
            FormRefused => state,
            LateResultNoted late => state with { Stops = state.Stops.Remove(late.Path), Used = RunLimits.Sum(state.Used, late.Used) },
            RunStopping stopping => Stop(state, stopping),
            RunCompleted completed => state with { Phase = RunPhase.Completed, Outputs = completed.Outputs, Taints = completed.Taints, Open = state.Open.Clear() },
            RunFailed failed => state with { Phase = RunPhase.Failed, Failure = failed.Failure, FailedPath = failed.Path, Open = state.Open.Clear() },
            RunCancelled cancelled => state with { Phase = RunPhase.Cancelled, CancelledBy = cancelled.By, CancelReason = cancelled.Reason, Open = state.Open.Clear() },
            RunRetried => TryAgain(state),
            _ => throw new InvalidOperationException($"There is no rule for {happened.GetType().Name}."),
        };
        return next with { Now = Math.Max(next.Now, happened.At), Events = happened is RunContinued ? 1 : state.Events + 1 };
    }

    public static RunState Begin(RunState state, RunBegan began)
    {
        var graph = RunGraph.Of(began.Plan.Capsule);
        var steps = new StepState[began.Plan.Capsule.Steps.Count];
        Array.Fill(steps, StepState.Pending);
        return WithDeadline(state with
        {
            Phase = began.Plan.Capsule.RequiresReview ? RunPhase.Review : RunPhase.Working,
            Version = began.Decider,
            Plan = began.Plan,
            Graph = graph,
            Inputs = began.Inputs,
            Limit = RunLimits.Tighter(began.Plan.Budget, began.Plan.Capsule.Budget, began.At),
            BeganAt = began.At,
            Steps = ImmutableCollectionsMarshal(steps),
            Unfinished = steps.Length,
            Order = 1,
            Timers = 1,
        });
    }

    /// <summary>Items that were counted while they happened, counted again.</summary>
    public static FanOut Recount(FanOut fan)
    {
        int open = 0, done = 0, failed = 0, next = fan.Count;
        for (var i = fan.Count - 1; i >= 0; i--)
        {
            var unit = fan.Units[i];
            if (unit.Status == StepStatus.Pending) next = i;
            else if (unit.IsOpen) open++;
            else if (unit.Status == StepStatus.Failed) failed++;
            else done++;
        }
        return fan with { Next = next, Open = open, Done = done, Failed = failed };
    }

    /// <summary>What is due and held, from the units alone.</summary>
    public static RunState Reopen(RunState state)
    {
        state = state with { Unfinished = state.Steps.Count(static step => !step.Own.HasEnded) };
        if (state.Review.IsOpen) state = Reopen(state, RunPath.Review, state.Review);
        if (state.UndoPath is { } undo && state.Undo.IsOpen) state = Reopen(state, undo, state.Undo);
        for (var i = 0; i < state.Steps.Length; i++)
        {
            var (step, name) = (state.Steps[i], state.Graph.Capsule.Steps[i].Name);
            if (step.Fan is not { } fan)
            {
                if (step.Own.IsOpen) state = Reopen(state, name, step.Own);
                continue;
            }
            for (var j = 0; j < fan.Count; j++)
                if (fan.Units[j].IsOpen) state = Reopen(state, RunPath.OfItem(name, j), fan.Units[j]);
        }
        return state.Phase is RunPhase.Review or RunPhase.Working ? WithDeadline(state) : state;
    }

    private static RunState Reopen(RunState state, string path, Unit unit)
    {
        var opened = Open(state, path, unit);
        return RunActions.Works(unit.Action) ? opened with { Slots = opened.Slots + 1 } : opened;
    }

    private static ImmutableArray<StepState> ImmutableCollectionsMarshal(StepState[] steps) => System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(steps);

    /// <summary>The wall clock's timer is the first of every run that has one.</summary>
    private static RunState WithDeadline(RunState state) => state.Limit.Deadline is not { } deadline ? state : state with
    {
        Open = state.Open.SetItem(1, new StartTimer(RunPath.Deadline, 1, RunPath.Key(state.Plan!.Run, RunPath.Deadline, 1), 1, deadline)),
    };

    private static RunState Fork(RunState state, RunForked forked)
    {
        foreach (var kept in forked.Kept)
        {
            var at = RunPath.Parse(kept.Step, state.Graph);
            if (at.Kind != PathKind.Step) continue;
            var unit = new Unit { Status = kept.Status, Output = kept.Output, Taints = kept.Taints, Failure = kept.Failure, Kept = true, StartedAt = forked.At, EndedAt = forked.At };
            state = state with { Steps = state.Steps.SetItem(at.Step, new StepState(unit)), Unfinished = state.Unfinished - 1 };
        }
        return state;
    }

    private static RunState Receive(RunState state, SignalReceived signal)
    {
        var held = state.Signals.GetValueOrDefault(signal.Name) ?? [];
        return state with { SignalIds = state.SignalIds.Add(signal.Id), Signals = state.Signals.SetItem(signal.Name, held.Enqueue(signal)), SignalsHeld = state.SignalsHeld + 1 };
    }

    private static RunState Take(RunState state, string action, Unit unit)
    {
        var name = RunActions.SignalName(action, unit.Params ?? "{}");
        if (!state.Signals.TryGetValue(name, out var held) || held.IsEmpty) return state;
        held = held.Dequeue();
        return state with { Signals = held.IsEmpty ? state.Signals.Remove(name) : state.Signals.SetItem(name, held), SignalsHeld = state.SignalsHeld - 1 };
    }

    private static RunState Stop(RunState state, RunStopping stopping)
    {
        var paths = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var effect in state.Open.Values) paths.Add(effect.Path);
        foreach (var waiters in state.Waiters.Values) paths.UnionWith(waiters.Values);
        paths.UnionWith(state.Approvals.Values);
        paths.Remove(RunPath.Deadline);
        foreach (var path in paths)
        {
            if (state.Find(path) is not { IsOpen: true } unit) continue;
            state = Spend(Close(state, path, unit), unit);
            if (unit.Status != StepStatus.Retrying && (RunActions.EffectOf(state.Plan!.Run, path, unit) is not null)) state = WithStop(state, path, unit);
            state = Put(state, path, unit with { Status = StepStatus.Cancelled, EndedAt = stopping.At });
        }
        var steps = state.Steps.ToBuilder();
        for (var i = 0; i < steps.Count; i++)
            if (steps[i].Fan is { } fan && steps[i].Own.IsOpen)
                steps[i] = steps[i] with { Own = steps[i].Own with { Status = StepStatus.Cancelled, EndedAt = stopping.At }, Fan = Recount(fan) };
        return state with
        {
            Phase = RunPhase.Compensating,
            Steps = steps.ToImmutable(),
            Unfinished = steps.Count(static step => !step.Own.HasEnded),
            Slots = 0,
            Open = state.Open.Clear(),
            Failure = stopping.Failure,
            FailedPath = stopping.Path,
            CancelledBy = stopping.By,
            CancelReason = stopping.Reason,
        };
    }

    private static RunState WithStop(RunState state, string path, Unit unit) =>
        state with { Stops = state.Stops.SetItem(path, new StopEffect(path, unit.Attempt, RunPath.Key(state.Plan!.Run, path, unit.Attempt))) };

    /// <summary>
    /// Back to work from the steps that failed. What was undone is to be done again, and so is all that was built on it; every other
    /// result stays, so nothing whose result is known is repeated.
    /// </summary>
    private static RunState TryAgain(RunState state)
    {
        var graph = state.Graph;
        var undone = Enumerable.Range(0, state.Steps.Length).Where(i => state.Steps[i].Own.Status == StepStatus.Compensated).ToList();
        var again = new HashSet<int>(undone);
        for (var i = 0; i < state.Steps.Length; i++)
        {
            var own = state.Steps[i].Own;
            if (undone.Any(step => graph.IsAfter(i, step)) || own.Status == StepStatus.Cancelled || (own.Status == StepStatus.Failed && !graph.Capsule.Steps[i].Optional)) again.Add(i);
        }
        bool Whole(int step) => undone.Any(one => one == step || graph.IsAfter(step, one));
        var undoable = state.Undoable.Reverse().Where(path => RunPath.Parse(path, graph) is { Kind: PathKind.Step } at && (!again.Contains(at.Step) || (at.Item >= 0 && !Whole(at.Step))));
        state = state with
        {
            Phase = state.Review.Status == StepStatus.Completed || !graph.Capsule.RequiresReview ? RunPhase.Working : RunPhase.Review,
            Steps = [.. state.Steps.Select((step, i) => again.Contains(i) ? Fresh(step, Whole(i)) : step)],
            Review = state.Review.Status == StepStatus.Completed ? state.Review : Fresh(state.Review),
            UndoPath = null,
            UndoFailures = [],
            Failure = null,
            FailedPath = null,
            Undoable = ImmutableStack.CreateRange(undoable),
        };
        return Reopen(state with { Open = state.Open.Clear(), Active = 0, Slots = 0, Reserved = default });
    }

    private static Unit Fresh(Unit unit) => new() { Attempt = unit.Attempt };

    /// <param name="whole">Items that were done are done again too.</param>
    private static StepState Fresh(StepState step, bool whole)
    {
        if (step.Fan is not { } fan) return new StepState(Fresh(step.Own));
        // The items are found anew; their attempts count on from the highest there was.
        if (whole) return new StepState(new Unit { Attempt = Math.Max(step.Own.Attempt, fan.Units.All().Select(static unit => unit.Attempt).DefaultIfEmpty().Max()) });
        var units = fan.Units.All().Select(static unit => unit.Status == StepStatus.Completed ? unit : Fresh(unit)).ToList();
        return new StepState(step.Own with { Status = StepStatus.Running, Failure = null, EndedAt = 0 }) { Fan = Recount(fan with { Units = UnitVector.Of(units), FirstFailure = null }) };
    }
}
