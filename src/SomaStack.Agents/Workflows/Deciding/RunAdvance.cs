using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Agents.Workflows;

/// <summary>What begins and ends by itself once an input was taken.</summary>
internal sealed partial class RunDecision
{
    private const int ItemsMax = 10_000;

    private void Advance()
    {
        while (true)
        {
            var before = _events.Count;
            switch (_state.Phase)
            {
                case RunPhase.Review: Review(); break;
                case RunPhase.Working: Work(); break;
                case RunPhase.Compensating: UndoNext(); break;
            }
            if (_events.Count == before) return;
        }
    }

    private void Review()
    {
        if (_state.Review.Status == StepStatus.Pending)
            Begin(RunPath.Review, RunActions.ApprovalsRequest, Written(writer =>
            {
                var capsule = _state.Plan!.Capsule;
                writer.WriteString("summary", $"Run {capsule.Id} {capsule.Version}");
                writer.WriteString("capsule", capsule.Id);
                writer.WriteString("version", capsule.Version);
                writer.WritePropertyName("inputs");
                writer.WriteRawValue(_state.Inputs);
            }), _state.Plan!.Taints, _state.Review);
        else if (_state.Review.Status == StepStatus.Failed) Emit(new RunStopping(at, _state.Review.Failure, RunPath.Review));
    }

    private void Work()
    {
        var steps = _state.Graph.Capsule.Steps;
        for (var i = 0; i < steps.Count && _state.Phase == RunPhase.Working; i++)
        {
            var step = _state.Steps[i];
            if (step.Own.Status == StepStatus.Pending && IsReady(i)) Open(i, steps[i]);
            if (_state.Phase == RunPhase.Working && _state.Steps[i].Fan is not null && _state.Steps[i].Own.IsOpen) Feed(i, steps[i]);
        }
        if (_state.Phase == RunPhase.Working && _state.Unfinished == 0) Finish();
    }

    private bool IsReady(int step)
    {
        foreach (var before in _state.Graph.After[step])
            if (!_state.Steps[before].Own.HasEnded) return false;
        return true;
    }

    private void Open(int index, CapsuleStep step)
    {
        var program = _state.Graph.Program.Steps[index];
        // A place must be free before the condition is looked at: what it reads may change until then.
        if (step.ForEach is null && RunActions.Works(step.Action) && _state.Slots >= _state.Graph.Capsule.MaxParallel) return;
        var values = new RunValues(_state, at);
        if (program.When is { } when)
        {
            var (holds, failure) = values.Test(when);
            if (failure is not null)
            {
                FailStep(step.Name, failure);
                return;
            }
            if (!holds)
            {
                Emit(new StepSkipped(at, step.Name));
                return;
            }
        }
        if (program.ForEach is { } source)
        {
            var (items, failure) = values.List(source, ItemsMax);
            if (failure is not null) FailStep(step.Name, failure);
            else Emit(new FanOutOpened(at, step.Name, items!) { Taints = values.Taints(source.Uses, null) });
            return;
        }
        var (json, wrong) = values.Json(program.Params, $"the step {step.Name}", ParamsMax);
        if (wrong is not null) FailStep(step.Name, wrong);
        else Begin(step.Name, step.Action, json!, values.Taints(program.Params.Uses, null), _state.Steps[index].Own);
    }

    /// <summary>Begins items while there are places; closes the fan-out when all have ended.</summary>
    private void Feed(int index, CapsuleStep step)
    {
        var program = _state.Graph.Program.Steps[index];
        while (_state.Phase == RunPhase.Working && _state.Steps[index].Fan is { } fan)
        {
            var next = fan.Next;
            while (next < fan.Count && fan.Units[next].Status != StepStatus.Pending) next++;
            if (next >= fan.Count)
            {
                if (fan.Done + fan.Failed == fan.Count) Close(step, fan);
                return;
            }
            if (fan.Open >= step.MaxParallel || (RunActions.Works(step.Action) && _state.Slots >= _state.Graph.Capsule.MaxParallel)) return;
            var values = new RunValues(_state, at, fan.Items[next], next);
            var path = RunPath.OfItem(step.Name, next);
            var (json, wrong) = values.Json(program.Params, $"the step {step.Name}", ParamsMax);
            if (wrong is not null) FailStep(path, wrong);
            else Begin(path, step.Action, json!, values.Taints(program.Params.Uses, fan), fan.Units[next]);
        }
    }

    private void Close(CapsuleStep step, FanOut fan) => Emit(new FanOutClosed(at, step.Name, fan.Failed == 0 ? null : Failed(fan)));

    private static StepFailure Failed(FanOut fan) => new(fan.FirstFailure!.Code, $"{fan.Failed} of {fan.Count} items failed. The first: {fan.FirstFailure.Detail}");

    /// <summary>A new attempt, unless the budget forbids it; what needs no host is over at once.</summary>
    private void Begin(string path, string action, string parameters, IReadOnlyList<string> taints, Unit unit)
    {
        var undoing = _state.Phase == RunPhase.Compensating;
        if (!undoing && RunLimits.Before(_state, action, at) is { } exhausted)
        {
            Emit(new RunStopping(at, exhausted, path));
            return;
        }
        if (Wrong(action, parameters) is { } wrong)
        {
            FailStep(path, wrong);
            return;
        }
        var attempt = (undoing && _state.UndoPath != path ? _state.UndoAttempts.GetValueOrDefault(path) : unit.Attempt) + 1;
        var (timer, due) = TimerFor(path, action, parameters);
        Emit(new StepStarted(at, path, attempt, action, parameters, timer, due)
        {
            Left = action == RunActions.CapsuleRun ? undoing ? new RunBudget(null, null, null, null) : RunLimits.Share(_state, Parts(path)) : null,
            TokensLeft = action == RunActions.AgentAsk && !undoing ? RunLimits.TokensLeft(_state) : null,
            Taints = taints,
        });
        if (action == RunActions.FlowSet) Emit(new StepCompleted(at, path, attempt, parameters) { Taints = taints });
        else if (action == RunActions.FlowFail) FailUnit(path, _state.Find(path)!, new StepFailure(RunActions.Text(parameters, "code") ?? "flow_failed", RunActions.Text(parameters, "detail") ?? "The capsule says so."), retryable: false, default);
        else if (RunActions.WaitsForSignal(action)) TakeSignal(path);
    }

    /// <summary>What can only be seen once the templates are filled.</summary>
    private StepFailure? Wrong(string action, string parameters) => action switch
    {
        RunActions.WaitTimer when RunTimes.Due(parameters, at) is null => new StepFailure("timer_invalid", "'for' must be a time such as 90s, 15m or 2h30m, or 'until' a time such as 2026-01-31T09:00:00Z."),
        RunActions.WaitSignal when RunActions.SignalName(action, parameters).Length == 0 => new StepFailure("signal_invalid", "'name' must be the name of a signal."),
        RunActions.CapsuleRun when _state.Plan!.Depth + 1 > RunInputs.DepthMax => new StepFailure("nested_too_deep", $"Runs are nested at most {RunInputs.DepthMax} deep."),
        RunActions.CapsuleRun when string.IsNullOrEmpty(RunActions.Text(parameters, "capsule")) => new StepFailure("nested_invalid", "'capsule' must name a capsule."),
        _ => null,
    };

    private (int? Timer, long? Due) TimerFor(string path, string action, string parameters)
    {
        if (action == RunActions.WaitTimer) return (_state.Timers + 1, RunTimes.Due(parameters, at));
        return StepOf(path)?.TimeLimit is { } limit && !RunActions.IsInstant(action) ? (_state.Timers + 1, at + (long)limit.TotalMicroseconds) : (null, null);
    }

    private CapsuleStep? StepOf(string path) => RunPath.Parse(path, _state.Graph) is { Step: >= 0 } at1 ? _state.Graph.Capsule.Steps[at1.Step] : null;

    /// <summary>How many nested runs may be going on at the same time as this one, itself included: what is left is shared among them.</summary>
    private int Parts(string path)
    {
        var self = RunPath.Parse(path, _state.Graph).Step;
        var steps = _state.Graph.Capsule.Steps;
        var parts = 0;
        for (var i = 0; i < steps.Count; i++)
        {
            if (steps[i].Action != RunActions.CapsuleRun || _state.Steps[i].Own.HasEnded || _state.Graph.IsAfter(i, self)) continue;
            var (own, fan) = (_state.Steps[i].Own, _state.Steps[i].Fan);
            // What is already going on holds its own part back.
            if (fan is not null) parts += Math.Min(steps[i].MaxParallel - fan.Open, fan.Count - fan.Done - fan.Failed - fan.Open);
            else if (own.Status is StepStatus.Pending or StepStatus.Retrying) parts += steps[i].ForEach is null ? 1 : steps[i].MaxParallel;
        }
        return Math.Clamp(parts, 1, Math.Max(1, _state.Graph.Capsule.MaxParallel - _state.Slots));
    }

    private void FailUnit(string path, Unit unit, StepFailure failure, bool retryable, EffectUse used, bool stop = false)
    {
        var step = StepOf(path);
        if (retryable && step is not null && unit.Tries < step.Retry.Attempts && _state.Phase is RunPhase.Working or RunPhase.Compensating)
        {
            var wait = RunTimes.BackOff(step.Retry, _state.Plan!.Run, path, unit.Attempt, unit.Tries);
            Emit(new StepRetrying(at, path, unit.Attempt, failure, used, _state.Timers + 1, at + wait, stop));
        }
        else
        {
            Emit(new StepFailed(at, path, unit.Attempt, failure, used, stop));
            AfterFailure(path, failure);
        }
    }

    /// <summary>A failure before anything was begun.</summary>
    private void FailStep(string path, StepFailure failure)
    {
        Emit(new StepFailed(at, path, _state.Find(path)?.Attempt ?? 0, failure));
        AfterFailure(path, failure);
    }

    private void AfterFailure(string path, StepFailure failure)
    {
        if (_state.Phase != RunPhase.Working) return;
        var place = RunPath.Parse(path, _state.Graph);
        if (place.Kind != PathKind.Step || _state.Graph.Capsule.Steps[place.Step].Optional) return;
        if (place.Item >= 0) Emit(new FanOutClosed(at, _state.Graph.Capsule.Steps[place.Step].Name, Failed(_state.Steps[place.Step].Fan!)));
        Emit(new RunStopping(at, failure, path));
    }

    /// <summary>One after the other, the newest first; one that fails is recorded and the next is done.</summary>
    private void UndoNext()
    {
        if (_state.UndoPath is not null) return;
        if (_state.Undoable.IsEmpty)
        {
            Emit(_state.Failure is { } failure ? new RunFailed(at, failure, _state.FailedPath) : new RunCancelled(at, _state.CancelledBy ?? "", _state.CancelReason ?? ""));
            return;
        }
        var path = _state.Undoable.Peek();
        var place = RunPath.Parse(path, _state.Graph);
        var (step, program) = (_state.Graph.Capsule.Steps[place.Step], _state.Graph.Program.Steps[place.Step]);
        var fan = _state.Steps[place.Step].Fan;
        var values = place.Item < 0 ? new RunValues(_state, at) : new RunValues(_state, at, fan!.Items[place.Item], place.Item);
        var (json, wrong) = values.Json(program.Undo!, $"the compensation of {step.Name}", ParamsMax);
        if (wrong is not null) FailStep(RunPath.UndoPrefix + path, wrong);
        else Begin(RunPath.UndoPrefix + path, step.Compensate!.Action, json!, values.Taints(program.Undo!.Uses, fan), _state.Undo);
    }

    private void Finish()
    {
        var outputs = new System.Text.StringBuilder("{");
        IReadOnlyList<string> taints = [];
        var values = new RunValues(_state, at);
        foreach (var (name, template) in _state.Graph.Program.Outputs)
        {
            if (template is null) continue;
            var (json, failure) = values.Json(template, $"the output {name}", OutputMax);
            if (failure is not null)
            {
                Emit(new RunStopping(at, failure with { Code = "output_failed" }, null));
                return;
            }
            if (outputs.Length > 1) outputs.Append(',');
            outputs.Append('"').Append(System.Text.Json.JsonEncodedText.Encode(name).ToString()).Append('"').Append(':').Append(json);
            taints = RunApply.Union(taints, values.Taints(template.Uses, null));
        }
        Emit(new RunCompleted(at, outputs.Append('}').ToString()) { Taints = taints });
    }
}
