using System.Text.Json;

namespace SomaStack.Agents.Workflows;

/// <summary>One input under the rules of version 1: events are made one by one, and each is applied before the next is thought of.</summary>
internal sealed partial class RunDecision(RunState state, long at)
{
    /// <summary>UTF-16 units of filled parameters, and of a result.</summary>
    private const int ParamsMax = 256 * 1024;
    private const int OutputMax = 1024 * 1024;

    /// <summary>Signals that nobody has taken; more are not kept, so that a sender in a loop cannot fill the history.</summary>
    private const int SignalsMax = 1000;
    private const int EarlyApprovalsMax = 1000;

    private readonly List<RunEvent> _events = [];
    private RunState _state = state;

    public IReadOnlyList<RunEvent> Take(RunInput input)
    {
        if (_state.Phase == RunPhase.None)
        {
            if (input is BeginRun begin) Begin(begin);
        }
        else if (input is RetryRun retry)
        {
            // What could not be run then cannot be run now.
            if (_state.Phase == RunPhase.Failed && Unsound(_state.Plan!, _state.Inputs) is null) Emit(new RunRetried(at, retry.By));
        }
        else if (!_state.Ended) Hear(input);
        return _events.Count == 0 ? [] : GoOn();
    }

    /// <summary>All that follows from what has happened: steps begin, fan-outs and the run end.</summary>
    public IReadOnlyList<RunEvent> GoOn()
    {
        Advance();
        return _events;
    }

    private void Hear(RunInput input)
    {
        switch (input)
        {
            case EffectSucceeded succeeded: Succeed(succeeded); break;
            case EffectFailed failed: Fail(failed.Path, failed.Attempt, failed.Failure, failed.Retryable, RunLimits.Sound(failed.Used)); break;
            case EffectSuspended suspended: Suspend(suspended); break;
            case TimerFired fired: Fire(fired); break;
            case SignalCame signal: Receive(signal); break;
            case ApprovalEnded ended: EndApproval(ended); break;
            case FormAnswered answered: Answer(answered); break;
            case NestedEnded ended: EndNested(ended); break;
            case CancelRun cancel when _state.Phase is RunPhase.Review or RunPhase.Working: Emit(new RunStopping(at, null, null, cancel.By, cancel.Reason)); break;
        }
    }

    private void Begin(BeginRun begin)
    {
        Emit(new RunBegan(begin.At, begin.Plan, begin.Inputs, begin.Decider));
        if (Unsound(begin.Plan, begin.Inputs) is { } failure) Emit(new RunFailed(at, failure, null));
    }

    private StepFailure? Unsound(RunPlan plan, string inputs)
    {
        if (_state.Graph.Fault() is { } fault) return new StepFailure("capsule_invalid", $"The capsule cannot be run: {fault}.");
        if (plan.Depth > RunInputs.DepthMax) return new StepFailure("nested_too_deep", $"Runs are nested at most {RunInputs.DepthMax} deep.");
        try
        {
            _ = _state.Graph.Program;
        }
        catch (Exception exception) when (exception is Platform.Cel.CelException or JsonException)
        {
            return new StepFailure("capsule_invalid", $"The capsule cannot be run: {exception.Message}");
        }
        var faults = RunInputs.Faults(plan.Capsule, inputs);
        return faults.Count == 0 ? null : new StepFailure("inputs_invalid", string.Join(" ", faults));
    }

    private void Succeed(EffectSucceeded succeeded)
    {
        var used = RunLimits.Sound(succeeded.Result.Used);
        if (Working(succeeded.Path, succeeded.Attempt) is not { } unit)
        {
            NoteLate(succeeded.Path, succeeded.Attempt, used, succeeded: true);
            return;
        }
        if (!IsJson(succeeded.Result.Output)) FailUnit(succeeded.Path, unit, new StepFailure("result_invalid", "The result is no JSON, or larger than 1 MiB."), retryable: false, used);
        else Emit(new StepCompleted(at, succeeded.Path, succeeded.Attempt, succeeded.Result.Output, used) { Taints = Sorted(succeeded.Result.Taints), Record = succeeded.Result.Record });
        CheckBudget();
    }

    private void Fail(string path, int attempt, StepFailure failure, bool retryable, EffectUse used)
    {
        if (Working(path, attempt) is not { } unit)
        {
            NoteLate(path, attempt, used, succeeded: false);
            return;
        }
        FailUnit(path, unit, failure, retryable, used);
        CheckBudget();
    }

    private void EndNested(NestedEnded ended)
    {
        var used = RunLimits.Sound(ended.Used);
        if (Working(ended.Path, ended.Attempt) is not { Action: RunActions.CapsuleRun } unit)
        {
            NoteLate(ended.Path, ended.Attempt, used, ended.Status == RunStatus.Completed);
            return;
        }
        if (ended.Status == RunStatus.Completed && IsJson(ended.Outputs)) Emit(new StepCompleted(at, ended.Path, ended.Attempt, ended.Outputs, used) { Taints = Sorted(ended.Taints) });
        else
        {
            var failure = ended.Failure ?? (ended.Status == RunStatus.Cancelled ? new StepFailure("nested_cancelled", "The nested run was cancelled.") : new StepFailure("nested_failed", "The nested run failed."));
            FailUnit(ended.Path, unit, failure, ended.Status == RunStatus.Failed && failure.Code is not ("budget_exhausted" or "inputs_invalid" or "capsule_invalid" or "nested_too_deep"), used);
        }
        CheckBudget();
    }

    private void Suspend(EffectSuspended suspended)
    {
        // The same report may come again after the yes did; waiting for a yes that was spent would never end.
        if (Working(suspended.Path, suspended.Attempt) is not { } unit || (unit.Approval == suspended.ApprovalId && !unit.Approved) || _state.SpentApprovals.Contains(suspended.ApprovalId)) return;
        Emit(new StepSuspended(at, suspended.Path, suspended.Attempt, suspended.ApprovalId));
        if (_state.EarlyApprovals.TryGetValue(suspended.ApprovalId, out var early)) Approve(suspended.Path, early.Approval, early.Code, early.Detail, early.By);
    }

    private void EndApproval(ApprovalEnded ended)
    {
        if (_state.Approvals.TryGetValue(ended.ApprovalId, out var path)) Approve(path, ended.ApprovalId, ended.Code, ended.Detail, ended.By);
        else if (_state.Active > 0 && !_state.EarlyApprovals.ContainsKey(ended.ApprovalId) && _state.EarlyApprovals.Count < EarlyApprovalsMax && !_state.SpentApprovals.Contains(ended.ApprovalId))
            Emit(new ApprovalNoted(at, ended.ApprovalId, ended.Code, ended.Detail, ended.By));
    }

    private void Approve(string path, string approval, string? code, string? detail, string by)
    {
        var unit = _state.Find(path)!;
        if (code is not null) FailUnit(path, unit, new StepFailure(code, detail ?? "There is no approval."), retryable: false, default);
        else if (unit.Action == RunActions.ApprovalsRequest)
            Emit(new StepCompleted(at, path, unit.Attempt, Written(writer =>
            {
                writer.WriteBoolean("approved", true);
                writer.WriteString("approval_id", approval);
                writer.WriteString("by", by);
            })) { By = by, Record = $"approval/{approval}" });
        else if (_state.Phase == RunPhase.Working && RunLimits.After(_state, at) is { } exhausted) Emit(new RunStopping(at, exhausted, path));
        else
        {
            var (timer, due) = TimerFor(path, unit.Action, unit.Params ?? "{}");
            Emit(new StepResumed(at, path, unit.Attempt, approval, by, timer, due));
        }
    }

    private void Answer(FormAnswered answered)
    {
        if (_state.Find(answered.Path) is not { Action: RunActions.HumanAsk, IsOpen: true } unit) return;
        var faults = RunForms.Faults(RunActions.Raw(unit.Params ?? "{}", "form") ?? "{}", answered.Data);
        if (faults.Count > 0) Emit(new FormRefused(at, answered.Path, answered.By, faults));
        else Emit(new StepCompleted(at, answered.Path, unit.Attempt, answered.Data) { By = answered.By });
    }

    private void Receive(SignalCame signal)
    {
        if (_state.SignalIds.Contains(signal.Id) || _state.SignalsHeld >= SignalsMax || signal.Name.Length is 0 or > 200 || !IsJson(signal.Data)) return;
        Emit(new SignalReceived(at, signal.Id, signal.Name, signal.Data, signal.By));
        if (_state.Waiters.TryGetValue(signal.Name, out var waiters)) TakeSignal(waiters.First().Value);
    }

    /// <summary>The oldest signal that is held, to a unit that waits for one of its name.</summary>
    private void TakeSignal(string path)
    {
        var unit = _state.Find(path)!;
        if (!_state.Signals.TryGetValue(RunActions.SignalName(unit.Action, unit.Params ?? "{}"), out var held) || held.IsEmpty) return;
        var signal = held.Peek();
        var output = Written(writer =>
        {
            writer.WriteString("id", signal.Id);
            writer.WriteString("name", signal.Name);
            writer.WritePropertyName("data");
            writer.WriteRawValue(signal.Data);
            writer.WriteString("by", signal.By);
        });
        Emit(new StepCompleted(at, path, unit.Attempt, output) { By = signal.By, Signal = signal.Id, Taints = ["signal"] });
    }

    private void Fire(TimerFired fired)
    {
        if (fired.Path == RunPath.Deadline)
        {
            if (_state.Open.ContainsKey(1) && fired.Timer == 1) Emit(new RunStopping(at, RunLimits.After(_state, Math.Max(at, _state.Limit.Deadline ?? at))!, null));
            return;
        }
        if (_state.Find(fired.Path) is not { IsOpen: true } unit || unit.Timer != fired.Timer) return;
        if (unit.Status == StepStatus.Retrying) Begin(fired.Path, unit.Action, unit.Params ?? "{}", unit.ParamTaints, unit);
        else if (unit.Action == RunActions.WaitTimer) Emit(new StepCompleted(at, fired.Path, unit.Attempt, Written(writer => writer.WriteString("fired_at", RunTimes.Text(at)))));
        else FailUnit(fired.Path, unit, new StepFailure("step_timeout", "The attempt took longer than the step's timeout."), retryable: !RunActions.WaitsForSignal(unit.Action) && unit.Action != RunActions.HumanAsk, default, stop: true);
    }

    /// <summary>The unit, when an effect of exactly this attempt is going on. A fan-out itself has no action: only its items are done.</summary>
    private Unit? Working(string path, int attempt) =>
        _state.Find(path) is { Status: StepStatus.Running or StepStatus.Waiting } unit && unit.Attempt == attempt && unit.Action.Length > 0 && (RunActions.Works(unit.Action) || unit.Action == RunActions.ApprovalsRequest)
            ? unit : null;

    private void NoteLate(string path, int attempt, EffectUse used, bool succeeded)
    {
        if (!_state.Stops.TryGetValue(path, out var stop) || stop.Attempt != attempt) return;
        Emit(new LateResultNoted(at, path, attempt, used, succeeded));
        CheckBudget();
    }

    private void CheckBudget()
    {
        if (_state.Phase == RunPhase.Working && RunLimits.After(_state, at) is { } failure) Emit(new RunStopping(at, failure, null));
    }

    private void Emit(RunEvent happened)
    {
        _events.Add(happened);
        _state = RunApply.Apply(_state, happened);
    }

    private static IReadOnlyList<string> Sorted(IReadOnlyList<string> taints) => taints.Count < 2 ? taints : [.. taints.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private static bool IsJson(string text)
    {
        if (text.Length > OutputMax) return false;
        try
        {
            using var document = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string Written(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
