using System.Text.Json.Serialization;

namespace SomaStack.Agents.Workflows;

/// <param name="Inputs">A JSON object, as it was given; defaults come from the capsule.</param>
internal sealed record RunBegan(long At, RunPlan Plan, [property: JsonConverter(typeof(RawJson))] string Inputs, int Decider) : RunEvent(At);

/// <summary>This run takes over results of another up to a step. What it took over is not its own to compensate.</summary>
internal sealed record RunForked(long At, string FromRun, string FromStep, IReadOnlyList<KeptStep> Kept) : RunEvent(At);

internal sealed record KeptStep(string Step, StepStatus Status)
{
    [JsonConverter(typeof(RawJson))]
    public string? Output { get; init; }

    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];

    public StepFailure? Failure { get; init; }
}

/// <summary>All of a long history in one event: the first of a new one.</summary>
internal sealed record RunContinued(long At, RunSnapshot Snapshot) : RunEvent(At);

/// <param name="Params">JSON with all templates filled.</param>
/// <param name="Timer">Of the attempt's limit, or of the wait itself; null for none.</param>
/// <param name="Due">When the timer fires.</param>
internal sealed record StepStarted(long At, string Path, int Attempt, string Action, [property: JsonConverter(typeof(RawJson))] string Params, int? Timer = null, long? Due = null) : RunEvent(At)
{
    /// <summary>What a nested run may use; it is held back until that run ends.</summary>
    public RunBudget? Left { get; init; }

    public long? TokensLeft { get; init; }

    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];
}

internal sealed record StepSuspended(long At, string Path, int Attempt, string Approval) : RunEvent(At);

internal sealed record StepResumed(long At, string Path, int Attempt, string Approval, string By, int? Timer = null, long? Due = null) : RunEvent(At);

/// <param name="Stop">The attempt may still be going on and is to be stopped.</param>
internal sealed record StepRetrying(long At, string Path, int Attempt, StepFailure Failure, EffectUse Used, int Timer, long Due, bool Stop = false) : RunEvent(At);

internal sealed record StepCompleted(long At, string Path, int Attempt, [property: JsonConverter(typeof(RawJson))] string Output, EffectUse Used = default) : RunEvent(At)
{
    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];

    public string? Record { get; init; }

    public string? By { get; init; }

    /// <summary>The signal that it took.</summary>
    public string? Signal { get; init; }
}

internal sealed record StepFailed(long At, string Path, int Attempt, StepFailure Failure, EffectUse Used = default, bool Stop = false) : RunEvent(At);

internal sealed record StepSkipped(long At, string Path) : RunEvent(At);

/// <param name="Items">Each as JSON.</param>
internal sealed record FanOutOpened(long At, string Path, [property: JsonConverter(typeof(RawJsonList))] IReadOnlyList<string> Items) : RunEvent(At)
{
    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];
}

/// <param name="Failure">Null when every item was done.</param>
internal sealed record FanOutClosed(long At, string Path, StepFailure? Failure = null) : RunEvent(At);

internal sealed record SignalReceived(long At, string Id, string Name, [property: JsonConverter(typeof(RawJson))] string Data, string By) : RunEvent(At);

/// <summary>An approval ended before the run knew that it waits for it.</summary>
internal sealed record ApprovalNoted(long At, string Approval, string? Code, string? Detail, string By) : RunEvent(At);

internal sealed record FormRefused(long At, string Path, string By, IReadOnlyList<string> Faults) : RunEvent(At);

/// <summary>A stopped attempt has reported after all: what it used counts, what it gave does not.</summary>
internal sealed record LateResultNoted(long At, string Path, int Attempt, EffectUse Used, bool Succeeded) : RunEvent(At);

/// <summary>Nothing new begins, what runs is stopped, what is done is undone.</summary>
/// <param name="Failure">Null when a person cancels.</param>
internal sealed record RunStopping(long At, StepFailure? Failure, string? Path, string? By = null, string? Reason = null) : RunEvent(At);

internal sealed record RunCompleted(long At, [property: JsonConverter(typeof(RawJson))] string Outputs) : RunEvent(At)
{
    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];
}

internal sealed record RunFailed(long At, StepFailure Failure, string? Path) : RunEvent(At);

internal sealed record RunCancelled(long At, string By, string Reason) : RunEvent(At);

internal sealed record RunRetried(long At, string By) : RunEvent(At);
