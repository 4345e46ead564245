using System.Text.Json.Serialization;
using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Agents.Workflows;

internal enum RunStatus
{
    Running,

    /// <summary>Nothing can go on before something comes from outside; it costs a row.</summary>
    Waiting,
    Compensating,
    Completed,
    Failed,
    Cancelled,
}

internal enum StepStatus
{
    Pending,
    Running,
    Waiting,
    Retrying,
    Completed,
    Skipped,
    Failed,
    Cancelled,
    Compensated,
}

/// <summary>What came from outside; the time is given, never read. The decider turns it into events or ignores it when it has come before.</summary>
/// <param name="At">Unix microseconds, of the host's clock.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(BeginRun), "begin_run")]
[JsonDerivedType(typeof(EffectSucceeded), "effect_succeeded")]
[JsonDerivedType(typeof(EffectFailed), "effect_failed")]
[JsonDerivedType(typeof(EffectSuspended), "effect_suspended")]
[JsonDerivedType(typeof(TimerFired), "timer_fired")]
[JsonDerivedType(typeof(SignalCame), "signal_came")]
[JsonDerivedType(typeof(ApprovalEnded), "approval_ended")]
[JsonDerivedType(typeof(FormAnswered), "form_answered")]
[JsonDerivedType(typeof(NestedEnded), "nested_ended")]
[JsonDerivedType(typeof(CancelRun), "cancel_run")]
[JsonDerivedType(typeof(RetryRun), "retry_run")]
internal abstract record RunInput(long At);

/// <param name="Decider">Version of the rules under which the whole history is read.</param>
internal sealed record BeginRun(long At, RunPlan Plan, string Inputs, int Decider) : RunInput(At);

/// <param name="Path">The step and, in a fan-out, its item: <c>Collect</c>, <c>Publish[3]</c>, <c>undo:Publish</c>.</param>
internal sealed record EffectSucceeded(long At, string Path, int Attempt, EffectResult Result) : RunInput(At);

/// <param name="Retryable">False fails the step at once, whatever attempts are left.</param>
internal sealed record EffectFailed(long At, string Path, int Attempt, StepFailure Failure, bool Retryable, EffectUse Used) : RunInput(At);

/// <summary>An effect waits for a second person; it is asked for again when the yes is there.</summary>
internal sealed record EffectSuspended(long At, string Path, int Attempt, string ApprovalId) : RunInput(At);

internal sealed record TimerFired(long At, string Path, int Timer) : RunInput(At);

/// <param name="Id">Of the sender; the same id counts once.</param>
/// <param name="Data">JSON.</param>
internal sealed record SignalCame(long At, string Id, string Name, string Data, string By) : RunInput(At);

/// <param name="Code">Null for a yes, else why there is none: <c>approval_rejected</c>, <c>approval_expired</c>, …</param>
internal sealed record ApprovalEnded(long At, string ApprovalId, string? Code, string? Detail, string By) : RunInput(At);

internal sealed record FormAnswered(long At, string Path, string Data, string By) : RunInput(At);

internal sealed record NestedEnded(long At, string Path, int Attempt, RunStatus Status, string Outputs, StepFailure? Failure, EffectUse Used) : RunInput(At)
{
    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];
}

internal sealed record CancelRun(long At, string By, string Reason) : RunInput(At);

/// <summary>A person tries a failed run again from the steps that failed.</summary>
internal sealed record RetryRun(long At, string By) : RunInput(At);

/// <summary>What happened, as the history keeps it. Applying all of them in order gives the state back, under any later version of the program.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(RunBegan), "run_began")]
[JsonDerivedType(typeof(RunForked), "run_forked")]
[JsonDerivedType(typeof(RunContinued), "run_continued")]
[JsonDerivedType(typeof(StepStarted), "step_started")]
[JsonDerivedType(typeof(StepSuspended), "step_suspended")]
[JsonDerivedType(typeof(StepResumed), "step_resumed")]
[JsonDerivedType(typeof(StepRetrying), "step_retrying")]
[JsonDerivedType(typeof(StepCompleted), "step_completed")]
[JsonDerivedType(typeof(StepFailed), "step_failed")]
[JsonDerivedType(typeof(StepSkipped), "step_skipped")]
[JsonDerivedType(typeof(FanOutOpened), "fan_out_opened")]
[JsonDerivedType(typeof(FanOutClosed), "fan_out_closed")]
[JsonDerivedType(typeof(SignalReceived), "signal_received")]
[JsonDerivedType(typeof(ApprovalNoted), "approval_noted")]
[JsonDerivedType(typeof(FormRefused), "form_refused")]
[JsonDerivedType(typeof(LateResultNoted), "late_result_noted")]
[JsonDerivedType(typeof(RunStopping), "run_stopping")]
[JsonDerivedType(typeof(RunCompleted), "run_completed")]
[JsonDerivedType(typeof(RunFailed), "run_failed")]
[JsonDerivedType(typeof(RunCancelled), "run_cancelled")]
[JsonDerivedType(typeof(RunRetried), "run_retried")]
internal abstract record RunEvent(long At);

/// <param name="Used">What it took of the budget.</param>
/// <param name="Output">JSON.</param>
internal sealed record EffectResult(string Output, EffectUse Used)
{
    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];

    /// <summary>Where the effect is recorded: <c>tool_call/ID</c>, <c>session/ID</c>, <c>run/ID</c>.</summary>
    public string? Record { get; init; }
}

/// <param name="Steps">Attempts that a nested run began; 0 for every other effect.</param>
internal readonly record struct EffectUse(long Tokens = 0, long CostNanos = 0, int Steps = 0);

internal sealed record StepFailure(string Code, string Detail);

/// <summary>What a run needs of its capsule, and of whoever started it; written into its first event.</summary>
/// <param name="Depth">0 for a run that nobody nested; a tree is at most 8 deep.</param>
internal sealed record RunPlan(Capsule Capsule, string Run, string? Parent, int Depth, RunBudget Budget)
{
    /// <summary>Labels of what its inputs were made from.</summary>
    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];
}

/// <param name="Deadline">Unix microseconds; null for none.</param>
internal sealed record RunBudget(long? Tokens, long? CostNanos, int? Steps, long? Deadline);

/// <summary>
/// What the host must see to, derived from the state and so never lost: it stays due until an input answers it. Hosts do each at least
/// once; <see cref="Key"/> makes its effect happen once.
/// </summary>
internal abstract record RunEffect(string Path, int Attempt, string Key);

/// <param name="Params">JSON with all templates filled.</param>
/// <param name="Approval">The yes for it, when one was asked and came.</param>
internal sealed record CallTool(string Path, int Attempt, string Key, string Adapter, string Action, string Params, string? Approval, TimeSpan? TimeLimit, IReadOnlyList<string> Taints) : RunEffect(Path, Attempt, Key);

internal sealed record AskAgent(string Path, int Attempt, string Key, string Params, TimeSpan? TimeLimit, long? TokensLeft, IReadOnlyList<string> Taints) : RunEffect(Path, Attempt, Key);

internal sealed record StartNested(string Path, int Attempt, string Key, string CapsuleId, string? Version, string Inputs, RunBudget Left) : RunEffect(Path, Attempt, Key)
{
    /// <summary>For <see cref="RunPlan.Taints"/> of the run that it begins.</summary>
    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];
}

internal sealed record RequestApproval(string Path, int Attempt, string Key, string Summary, string Params) : RunEffect(Path, Attempt, Key);

/// <summary>A form that a person fills in; it is told to whom it asks.</summary>
internal sealed record AskPerson(string Path, int Attempt, string Key, string Title, string Schema, string Params) : RunEffect(Path, Attempt, Key);

/// <param name="Timer">Counts a run's timers, so that a late one is known.</param>
/// <param name="Due">Unix microseconds.</param>
internal sealed record StartTimer(string Path, int Attempt, string Key, int Timer, long Due) : RunEffect(Path, Attempt, Key);

/// <summary>What is running or waiting is to be stopped: the host cancels it and reports nothing.</summary>
internal sealed record StopEffect(string Path, int Attempt, string Key) : RunEffect(Path, Attempt, Key);
