using System.Collections.Immutable;

namespace SomaStack.Agents.Workflows;

/// <summary>What events do to one unit, and to what is due because of it.</summary>
internal static partial class RunApply
{
    private static RunState Start(RunState state, StepStarted started)
    {
        var at = RunPath.Parse(started.Path, state.Graph);
        if (at.Kind == PathKind.Undo && state.UndoPath != started.Path) state = state with { UndoPath = started.Path, Undo = Unit.Pending with { Attempt = state.UndoAttempts.GetValueOrDefault(started.Path) } };
        var old = Get(state, at);
        if (old.Status == StepStatus.Retrying) state = Close(state, started.Path, old);
        else if (RunActions.Works(started.Action)) state = state with { Slots = state.Slots + 1 };
        var order = state.Order + 1;
        var unit = old with
        {
            Status = RunActions.Works(started.Action) || RunActions.IsInstant(started.Action) || started.Action == RunActions.ApprovalsRequest ? StepStatus.Running : StepStatus.Waiting,
            Attempt = started.Attempt,
            Tries = old.Tries + 1,
            Action = started.Action,
            Params = started.Params,
            ParamTaints = started.Taints,
            Order = order,
            Timer = started.Timer,
            TimerOrder = order + 1,
            Due = started.Due ?? 0,
            LimitFrom = started.At,
            Left = started.Left,
            TokensLeft = started.TokensLeft,
            Approval = null,
            Approved = false,
            Failure = null,
            StartedAt = old.StartedAt == 0 ? started.At : old.StartedAt,
        };
        state = state with
        {
            Order = order + 1,
            Timers = Math.Max(state.Timers, started.Timer ?? 0),
            Used = state.Used with { Steps = state.Used.Steps + 1 },
            Stops = state.Stops.Remove(started.Path),
            UndoAttempts = at.Kind == PathKind.Undo ? state.UndoAttempts.SetItem(started.Path, started.Attempt) : state.UndoAttempts,
        };
        if (at is { Kind: PathKind.Step, Item: >= 0 } && old.Status == StepStatus.Pending) state = Count(state, at, static (fan, item) => fan with { Open = fan.Open + 1, Next = Math.Max(fan.Next, item + 1) });
        return Put(Open(state, started.Path, unit), started.Path, unit);
    }

    private static RunState Suspend(RunState state, StepSuspended suspended)
    {
        var unit = Get(state, RunPath.Parse(suspended.Path, state.Graph));
        state = Close(state, suspended.Path, unit);
        unit = unit with { Status = StepStatus.Waiting, Approval = suspended.Approval, Approved = false, Timer = null };
        return Put(Open(state, suspended.Path, unit), suspended.Path, unit);
    }

    private static RunState Resume(RunState state, StepResumed resumed)
    {
        var unit = Get(state, RunPath.Parse(resumed.Path, state.Graph));
        state = Close(state, resumed.Path, unit);
        var order = state.Order + 1;
        unit = unit with
        {
            Status = StepStatus.Running, Approval = resumed.Approval, Approved = true, By = resumed.By, Order = order,
            Timer = resumed.Timer, TimerOrder = order + 1, Due = resumed.Due ?? 0, LimitFrom = resumed.At,
        };
        state = Spend(state with { Order = order + 1, Timers = Math.Max(state.Timers, resumed.Timer ?? 0) }, unit);
        return Put(Open(state, resumed.Path, unit), resumed.Path, unit);
    }

    private static RunState Retry(RunState state, StepRetrying retrying)
    {
        var unit = Get(state, RunPath.Parse(retrying.Path, state.Graph));
        state = Close(state, retrying.Path, unit);
        if (retrying.Stop) state = WithStop(state, retrying.Path, unit);
        var order = state.Order + 1;
        unit = unit with
        {
            Status = StepStatus.Retrying, Failure = retrying.Failure, Timer = retrying.Timer, TimerOrder = order, Due = retrying.Due, LimitFrom = retrying.At,
            Left = null, Used = RunLimits.Sum(unit.Used, retrying.Used),
        };
        state = state with { Order = order, Timers = Math.Max(state.Timers, retrying.Timer), Used = RunLimits.Sum(state.Used, retrying.Used) };
        return Put(Open(state, retrying.Path, unit), retrying.Path, unit);
    }

    private static RunState Complete(RunState state, StepCompleted completed)
    {
        var at = RunPath.Parse(completed.Path, state.Graph);
        var old = Get(state, at);
        if (completed.Signal is not null) state = Take(state, old.Action, old);
        state = Spend(state, old);
        state = End(state, completed.Path, old);
        var unit = old with
        {
            Status = StepStatus.Completed, Output = completed.Output, Taints = completed.Taints, Record = completed.Record, By = completed.By ?? old.By, Failure = null,
            Used = RunLimits.Sum(old.Used, completed.Used), Left = null, Timer = null, Params = null, EndedAt = completed.At, StartedAt = old.StartedAt == 0 ? completed.At : old.StartedAt,
        };
        state = Put(state with { Used = RunLimits.Sum(state.Used, completed.Used) }, completed.Path, unit);
        switch (at.Kind)
        {
            case PathKind.Review: return state with { Phase = RunPhase.Working };
            case PathKind.Undo: return Undone(state, completed.Path[RunPath.UndoPrefix.Length..]) with { UndoPath = null };
        }
        if (state.Graph.Capsule.Steps[at.Step].Compensate is not null) state = state with { Undoable = state.Undoable.Push(completed.Path) };
        if (at.Item < 0) return state with { Unfinished = state.Unfinished - 1 };
        return Count(state, at, (fan, _) => fan with { Open = fan.Open - 1, Done = fan.Done + 1, Taints = Union(fan.Taints, completed.Taints) });
    }

    private static RunState Fail(RunState state, StepFailed failed)
    {
        var at = RunPath.Parse(failed.Path, state.Graph);
        if (at.Kind == PathKind.Undo && state.UndoPath != failed.Path) state = state with { UndoPath = failed.Path, Undo = Unit.Pending };
        var old = Get(state, at);
        state = End(state, failed.Path, old);
        if (failed.Stop) state = WithStop(state, failed.Path, old);
        state = Spend(state, old);
        var unit = old with
        {
            Status = StepStatus.Failed, Failure = failed.Failure, Used = RunLimits.Sum(old.Used, failed.Used), Left = null, Timer = null,
            EndedAt = failed.At, StartedAt = old.StartedAt == 0 ? failed.At : old.StartedAt,
        };
        state = Put(state with { Used = RunLimits.Sum(state.Used, failed.Used) }, failed.Path, unit);
        if (at.Kind == PathKind.Undo)
        {
            var undone = failed.Path[RunPath.UndoPrefix.Length..];
            return state with { UndoPath = null, UndoFailures = state.UndoFailures.Add(new UndoFailure(undone, failed.Failure)), Undoable = Without(state.Undoable, undone) };
        }
        if (at.Kind != PathKind.Step) return state;
        if (at.Item < 0) return state with { Unfinished = state.Unfinished - 1 };
        var began = old.Status != StepStatus.Pending;
        return Count(state, at, (fan, item) => fan with
        {
            Open = fan.Open - (began ? 1 : 0), Failed = fan.Failed + 1, Next = Math.Max(fan.Next, began ? fan.Next : item + 1), FirstFailure = fan.FirstFailure ?? failed.Failure,
        });
    }

    private static RunState Spend(RunState state, Unit unit) => unit.Approval is not { } approval ? state : state with
    {
        EarlyApprovals = state.EarlyApprovals.Remove(approval), SpentApprovals = state.SpentApprovals.Add(approval),
    };

    private static RunState Skip(RunState state, StepSkipped skipped)
    {
        var unit = Get(state, RunPath.Parse(skipped.Path, state.Graph));
        return Put(state, skipped.Path, unit with { Status = StepStatus.Skipped, StartedAt = skipped.At, EndedAt = skipped.At }) with { Unfinished = state.Unfinished - 1 };
    }

    private static RunState OpenFanOut(RunState state, FanOutOpened opened)
    {
        var at = RunPath.Parse(opened.Path, state.Graph);
        var own = state.Steps[at.Step].Own with { Status = StepStatus.Running, StartedAt = opened.At };
        var fan = new FanOut(opened.Items, UnitVector.Of(opened.Items.Count, Unit.Pending with { Attempt = own.Attempt })) { ItemTaints = opened.Taints };
        return state with { Steps = state.Steps.SetItem(at.Step, new StepState(own) { Fan = fan }) };
    }

    private static RunState CloseFanOut(RunState state, FanOutClosed closed)
    {
        var at = RunPath.Parse(closed.Path, state.Graph);
        var step = state.Steps[at.Step];
        var own = step.Own with { Status = closed.Failure is null ? StepStatus.Completed : StepStatus.Failed, Failure = closed.Failure, Taints = step.Fan!.Taints, EndedAt = closed.At };
        return state with { Steps = state.Steps.SetItem(at.Step, step with { Own = own }), Unfinished = state.Unfinished - 1 };
    }

    private static RunState Undone(RunState state, string path)
    {
        var at = RunPath.Parse(path, state.Graph);
        if (at.Kind != PathKind.Step) return state;
        state = Put(state with { Undoable = Without(state.Undoable, path) }, path, Get(state, at) with { Status = StepStatus.Compensated });
        return at.Item < 0 ? state : state with { Steps = state.Steps.SetItem(at.Step, state.Steps[at.Step] with { Own = state.Steps[at.Step].Own with { Status = StepStatus.Compensated } }) };
    }

    /// <summary>The path that is undone is always the newest.</summary>
    private static ImmutableStack<string> Without(ImmutableStack<string> stack, string path) => !stack.IsEmpty && stack.Peek() == path ? stack.Pop() : stack;

    private static RunState End(RunState state, string path, Unit unit)
    {
        if (!unit.IsOpen) return state;
        state = Close(state, path, unit);
        return RunActions.Works(unit.Action) ? state with { Slots = state.Slots - 1 } : state;
    }

    /// <summary>Puts what follows from an open unit among what is due, waited for and held.</summary>
    private static RunState Open(RunState state, string path, Unit unit)
    {
        if (unit is { Approval: { } approval, Approved: false, Status: StepStatus.Waiting }) return state with { Approvals = state.Approvals.SetItem(approval, path) };
        var open = state.Open;
        var effect = unit.Status == StepStatus.Retrying ? null : RunActions.EffectOf(state.Plan!.Run, path, unit);
        if (effect is not null) open = open.SetItem(unit.Order, effect);
        if (unit.Timer is { } timer) open = open.SetItem(unit.TimerOrder, new StartTimer(path, unit.Attempt, TimerKey(state, path, timer), timer, unit.Due));
        var held = RunLimits.Held(unit.Left);
        state = state with { Open = open, Active = state.Active + (IsWork(effect) ? 1 : 0), Reserved = held == default ? state.Reserved : RunLimits.Sum(state.Reserved, held) };
        if (unit.Status != StepStatus.Waiting || !RunActions.WaitsForSignal(unit.Action)) return state;
        var name = RunActions.SignalName(unit.Action, unit.Params ?? "{}");
        var waiters = state.Waiters.GetValueOrDefault(name) ?? ImmutableSortedDictionary<long, string>.Empty;
        return state with { Waiters = state.Waiters.SetItem(name, waiters.SetItem(unit.Order, path)) };
    }

    private static RunState Close(RunState state, string path, Unit unit)
    {
        if (unit is { Approval: { } approval, Approved: false, Status: StepStatus.Waiting }) return state with { Approvals = state.Approvals.Remove(approval) };
        var effect = state.Open.GetValueOrDefault(unit.Order);
        var own = effect?.Path == path && unit.Status != StepStatus.Retrying ? effect : null;
        var open = own is null ? state.Open : state.Open.Remove(unit.Order);
        if (unit.Timer is not null) open = open.Remove(unit.TimerOrder);
        var held = RunLimits.Held(unit.Left);
        state = state with { Open = open, Active = state.Active - (IsWork(own) ? 1 : 0), Reserved = held == default ? state.Reserved : RunLimits.Without(state.Reserved, held) };
        if (unit.Status != StepStatus.Waiting || !RunActions.WaitsForSignal(unit.Action)) return state;
        var name = RunActions.SignalName(unit.Action, unit.Params ?? "{}");
        if (!state.Waiters.TryGetValue(name, out var waiters)) return state;
        waiters = waiters.Remove(unit.Order);
        return state with { Waiters = waiters.IsEmpty ? state.Waiters.Remove(name) : state.Waiters.SetItem(name, waiters) };
    }

    private static bool IsWork(RunEffect? effect) => effect is CallTool or AskAgent or StartNested or RequestApproval;

    private static string TimerKey(RunState state, string path, int timer) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"run/{state.Plan!.Run}/{path}/timer/{timer}");

    private static Unit Get(RunState state, RunPath at) => at switch
    {
        { Kind: PathKind.Review } => state.Review,
        { Kind: PathKind.Undo } => state.Undo,
        { Item: < 0 } => state.Steps[at.Step].Own,
        _ => state.Steps[at.Step].Fan!.Units[at.Item],
    };

    private static RunState Put(RunState state, string path, Unit unit)
    {
        var at = RunPath.Parse(path, state.Graph);
        switch (at.Kind)
        {
            case PathKind.Review: return state with { Review = unit };
            case PathKind.Undo: return state with { Undo = unit };
        }
        var step = state.Steps[at.Step];
        step = at.Item < 0 ? step with { Own = unit } : step with { Fan = step.Fan! with { Units = step.Fan.Units.With(at.Item, unit) } };
        return state with { Steps = state.Steps.SetItem(at.Step, step) };
    }

    private static RunState Count(RunState state, RunPath at, Func<FanOut, int, FanOut> change)
    {
        var step = state.Steps[at.Step];
        return state with { Steps = state.Steps.SetItem(at.Step, step with { Fan = change(step.Fan!, at.Item) }) };
    }

    public static IReadOnlyList<string> Union(IReadOnlyList<string> a, IReadOnlyList<string> b)
    {
        if (b.Count == 0 || ReferenceEquals(a, b)) return a;
        if (a.Count == 0) return b;
        return b.All(a.Contains) ? a : [.. a.Concat(b).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }
}
