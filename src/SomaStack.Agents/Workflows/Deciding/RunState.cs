using System.Collections.Immutable;
using SomaStack.Agents.Capsules.Contracts;

namespace SomaStack.Agents.Workflows;

/// <summary>Where a run is, as the rules see it. <see cref="RunStatus"/> is what a reader is shown of it.</summary>
internal enum RunPhase
{
    None,

    /// <summary>A person looks before anything begins.</summary>
    Review,
    Working,
    Compensating,
    Completed,
    Failed,
    Cancelled,
}

/// <summary>
/// All that is known of a run. Immutable; an event changes a few fields and shares the rest, so that applying one costs the same in a run
/// of two steps and in a fan-out of ten thousand.
/// </summary>
internal sealed record RunState
{
    public static readonly RunState None = new();

    public RunPhase Phase { get; init; }

    /// <summary>Of the decider's rules.</summary>
    public int Version { get; init; }

    public RunPlan? Plan { get; init; }

    public RunGraph Graph { get; init; } = RunGraph.Empty;

    public string Inputs { get; init; } = "{}";

    /// <summary>The tighter of what was given and what the capsule says.</summary>
    public RunBudget Limit { get; init; } = new(null, null, null, null);

    public long BeganAt { get; init; }

    /// <summary>Of the newest event; it never goes back.</summary>
    public long Now { get; init; }

    /// <summary>Events of the current history.</summary>
    public long Events { get; init; }

    public ImmutableArray<StepState> Steps { get; init; } = [];

    public Unit Review { get; init; } = Unit.Pending;

    /// <summary>Steps that have not ended.</summary>
    public int Unfinished { get; init; }

    /// <summary>What is due, in the order in which it became so.</summary>
    public ImmutableSortedDictionary<long, RunEffect> Open { get; init; } = ImmutableSortedDictionary<long, RunEffect>.Empty;

    public long Order { get; init; }

    public int Timers { get; init; }

    /// <summary>Attempts that are to be stopped, by path; each stays until it is answered or its step tries again.</summary>
    public ImmutableSortedDictionary<string, StopEffect> Stops { get; init; } = ImmutableSortedDictionary.Create<string, StopEffect>(StringComparer.Ordinal);

    /// <summary>Units that were begun, do work and have not ended: at most the capsule's max_parallel.</summary>
    public int Slots { get; init; }

    /// <summary>Effects that somebody works on now, as opposed to timers, people and signals.</summary>
    public int Active { get; init; }

    public EffectUse Used { get; init; }

    /// <summary>What open nested runs may still use.</summary>
    public EffectUse Reserved { get; init; }

    /// <summary>Approval to the path that waits for it.</summary>
    public ImmutableDictionary<string, string> Approvals { get; init; } = Named<string>();

    public ImmutableDictionary<string, ApprovalNoted> EarlyApprovals { get; init; } = Named<ApprovalNoted>();

    /// <summary>Approvals that ended and were acted on.</summary>
    public ImmutableHashSet<string> SpentApprovals { get; init; } = ImmutableHashSet.Create<string>(StringComparer.Ordinal);

    public ImmutableHashSet<string> SignalIds { get; init; } = ImmutableHashSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Signals that nobody has taken yet, by name, oldest first.</summary>
    public ImmutableDictionary<string, ImmutableQueue<SignalReceived>> Signals { get; init; } = Named<ImmutableQueue<SignalReceived>>();

    public int SignalsHeld { get; init; }

    /// <summary>Paths that wait for a signal, by its name, the first to wait first.</summary>
    public ImmutableDictionary<string, ImmutableSortedDictionary<long, string>> Waiters { get; init; } = Named<ImmutableSortedDictionary<long, string>>();

    /// <summary>Paths that were done and can be undone, the newest on top.</summary>
    public ImmutableStack<string> Undoable { get; init; } = [];

    /// <summary>The compensation that is going on; null when none is.</summary>
    public string? UndoPath { get; init; }

    public Unit Undo { get; init; } = Unit.Pending;

    /// <summary>Attempts that were made to undo a path, so that another round has other keys.</summary>
    public ImmutableDictionary<string, int> UndoAttempts { get; init; } = Named<int>();

    public ImmutableList<UndoFailure> UndoFailures { get; init; } = [];

    public StepFailure? Failure { get; init; }

    public string? FailedPath { get; init; }

    public string? CancelledBy { get; init; }

    public string? CancelReason { get; init; }

    /// <summary>A JSON object; null until the run has completed.</summary>
    public string? Outputs { get; init; }

    public IReadOnlyList<string> Taints { get; init; } = [];

    public bool Ended => Phase is RunPhase.Completed or RunPhase.Failed or RunPhase.Cancelled;

    public RunStatus Status => Phase switch
    {
        RunPhase.Completed => RunStatus.Completed,
        RunPhase.Failed => RunStatus.Failed,
        RunPhase.Cancelled => RunStatus.Cancelled,
        RunPhase.Compensating => RunStatus.Compensating,
        _ => Active > 0 || Phase == RunPhase.None ? RunStatus.Running : RunStatus.Waiting,
    };

    /// <summary>The unit at a path: a step, an item of a fan-out, the compensation that is going on, or the review. Null when there is none.</summary>
    public Unit? Find(string path)
    {
        var at = RunPath.Parse(path, Graph);
        if (at.Kind == PathKind.Review) return Review;
        if (at.Kind == PathKind.Undo) return path == UndoPath ? Undo : null;
        if (at.Kind != PathKind.Step) return null;
        var step = Steps[at.Step];
        return at.Item < 0 ? step.Own : step.Fan is { } fan && at.Item < fan.Count ? fan.Units[at.Item] : null;
    }

    private static ImmutableDictionary<string, T> Named<T>() => ImmutableDictionary.Create<string, T>(StringComparer.Ordinal);
}

internal sealed record UndoFailure(string Path, StepFailure Failure);

/// <summary>A step; in a fan-out also its items.</summary>
internal sealed record StepState(Unit Own)
{
    public static readonly StepState Pending = new(Unit.Pending);

    public FanOut? Fan { get; init; }
}

/// <summary>The smallest thing that is begun, tried again and ended: a step without items, an item, a compensation.</summary>
internal sealed record Unit
{
    public static readonly Unit Pending = new();

    public StepStatus Status { get; init; }

    /// <summary>Counts on over the whole life of the run, so that a key never comes back.</summary>
    public int Attempt { get; init; }

    /// <summary>Attempts since a person last tried the run again.</summary>
    public int Tries { get; init; }

    public string Action { get => field ?? ""; init; } = "";

    [System.Text.Json.Serialization.JsonConverter(typeof(RawJson))]
    public string? Params { get; init; }

    public IReadOnlyList<string> ParamTaints { get => field ?? []; init; } = [];

    /// <summary>Place of its effect in <see cref="RunState.Open"/>, or among those who wait for a signal.</summary>
    public long Order { get; init; }

    public int? Timer { get; init; }

    public long TimerOrder { get; init; }

    public long Due { get; init; }

    /// <summary>When the time to <see cref="Due"/> began.</summary>
    public long LimitFrom { get; init; }

    public RunBudget? Left { get; init; }

    public long? TokensLeft { get; init; }

    /// <summary>What it waits for, or the yes that came.</summary>
    public string? Approval { get; init; }

    public bool Approved { get; init; }

    [System.Text.Json.Serialization.JsonConverter(typeof(RawJson))]
    public string? Output { get; init; }

    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];

    public string? Record { get; init; }

    public string? By { get; init; }

    public StepFailure? Failure { get; init; }

    public EffectUse Used { get; init; }

    public long StartedAt { get; init; }

    public long EndedAt { get; init; }

    /// <summary>Taken over by a fork.</summary>
    public bool Kept { get; init; }

    public bool IsOpen => Status is StepStatus.Running or StepStatus.Waiting or StepStatus.Retrying;

    /// <summary>It has ended in a way that lets later steps begin, or that ended the run.</summary>
    public bool HasEnded => Status is StepStatus.Completed or StepStatus.Skipped or StepStatus.Failed or StepStatus.Compensated or StepStatus.Cancelled;
}

/// <summary>The items of a fan-out.</summary>
internal sealed record FanOut(IReadOnlyList<string> Items, UnitVector Units)
{
    public int Count => Items.Count;

    /// <summary>No item before this one is pending.</summary>
    public int Next { get; init; }

    public int Open { get; init; }

    public int Done { get; init; }

    public int Failed { get; init; }

    public StepFailure? FirstFailure { get; init; }

    public IReadOnlyList<string> ItemTaints { get; init; } = [];

    public IReadOnlyList<string> Taints { get; init; } = [];
}

/// <summary>A list of fixed length in two levels: changing one place copies two short arrays.</summary>
internal sealed class UnitVector
{
    private const int Bits = 7;
    private const int Mask = (1 << Bits) - 1;

    private readonly Unit[][] _chunks;

    private UnitVector(Unit[][] chunks, int count) => (_chunks, Count) = (chunks, count);

    public int Count { get; }

    public Unit this[int index] => _chunks[index >> Bits][index & Mask];

    public static UnitVector Of(int count, Unit unit)
    {
        var full = new Unit[1 << Bits];
        Array.Fill(full, unit);
        var chunks = new Unit[(count + Mask) >> Bits][];
        // Shared: a chunk is copied before it changes.
        Array.Fill(chunks, full);
        return new UnitVector(chunks, count);
    }

    public static UnitVector Of(IReadOnlyList<Unit> units)
    {
        var chunks = new Unit[(units.Count + Mask) >> Bits][];
        for (var i = 0; i < chunks.Length; i++)
        {
            chunks[i] = new Unit[1 << Bits];
            for (var j = 0; j <= Mask; j++) chunks[i][j] = (i << Bits) + j < units.Count ? units[(i << Bits) + j] : Unit.Pending;
        }
        return new UnitVector(chunks, units.Count);
    }

    public UnitVector With(int index, Unit unit)
    {
        var chunks = (Unit[][])_chunks.Clone();
        var chunk = (Unit[])chunks[index >> Bits].Clone();
        chunk[index & Mask] = unit;
        chunks[index >> Bits] = chunk;
        return new UnitVector(chunks, Count);
    }

    public IEnumerable<Unit> All()
    {
        for (var i = 0; i < Count; i++) yield return this[i];
    }
}
