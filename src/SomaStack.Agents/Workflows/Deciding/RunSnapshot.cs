using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace SomaStack.Agents.Workflows;

/// <summary>A state as it is written down. What can be derived from it (what is due, who waits, what is held back) is not in it.</summary>
internal sealed record RunSnapshot(int Decider, RunPhase Phase, RunPlan Plan, [property: JsonConverter(typeof(RawJson))] string Inputs, long BeganAt)
{
    public IReadOnlyList<StepSnapshot> Steps { get => field ?? []; init; } = [];

    public Unit Review { get => field ?? Unit.Pending; init; } = Unit.Pending;

    public long Order { get; init; }

    public int Timers { get; init; }

    public EffectUse Used { get; init; }

    public IReadOnlyList<StopEffect> Stops { get => field ?? []; init; } = [];

    public IReadOnlyList<ApprovalNoted> EarlyApprovals { get => field ?? []; init; } = [];

    public IReadOnlyList<string> SpentApprovals { get => field ?? []; init; } = [];

    public IReadOnlyList<string> SignalIds { get => field ?? []; init; } = [];

    public IReadOnlyList<SignalReceived> Signals { get => field ?? []; init; } = [];

    /// <summary>The newest first.</summary>
    public IReadOnlyList<string> Undoable { get => field ?? []; init; } = [];

    public string? UndoPath { get; init; }

    public Unit Undo { get => field ?? Unit.Pending; init; } = Unit.Pending;

    public IReadOnlyDictionary<string, int> UndoAttempts { get => field ?? ImmutableDictionary<string, int>.Empty; init; } = ImmutableDictionary<string, int>.Empty;

    public IReadOnlyList<UndoFailure> UndoFailures { get => field ?? []; init; } = [];

    public StepFailure? Failure { get; init; }

    public string? FailedPath { get; init; }

    public string? CancelledBy { get; init; }

    public string? CancelReason { get; init; }

    [JsonConverter(typeof(RawJson))]
    public string? Outputs { get; init; }

    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];

    public static RunSnapshot Of(RunState state) => new(state.Version, state.Phase, state.Plan!, state.Inputs, state.BeganAt)
    {
        Steps = [.. state.Steps.Select(StepSnapshot.Of)],
        Review = state.Review,
        Order = state.Order,
        Timers = state.Timers,
        Used = state.Used,
        Stops = [.. state.Stops.Values],
        EarlyApprovals = [.. state.EarlyApprovals.Values.OrderBy(static note => note.Approval, StringComparer.Ordinal)],
        SpentApprovals = [.. state.SpentApprovals.Order(StringComparer.Ordinal)],
        SignalIds = [.. state.SignalIds.Order(StringComparer.Ordinal)],
        Signals = [.. state.Signals.OrderBy(static pair => pair.Key, StringComparer.Ordinal).SelectMany(static pair => pair.Value)],
        Undoable = [.. state.Undoable],
        UndoPath = state.UndoPath,
        Undo = state.Undo,
        UndoAttempts = state.UndoAttempts,
        UndoFailures = state.UndoFailures,
        Failure = state.Failure,
        FailedPath = state.FailedPath,
        CancelledBy = state.CancelledBy,
        CancelReason = state.CancelReason,
        Outputs = state.Outputs,
        Taints = state.Taints,
    };

    public RunState ToState(long at)
    {
        var state = RunApply.Begin(RunState.None, new RunBegan(BeganAt, Plan, Inputs, Decider)) with
        {
            Phase = Phase,
            Now = at,
            Open = ImmutableSortedDictionary<long, RunEffect>.Empty,
            Steps = [.. Steps.Select(static step => step.ToState())],
            Review = Review,
            Order = Order,
            Timers = Timers,
            Used = Used,
            EarlyApprovals = EarlyApprovals.ToImmutableDictionary(static note => note.Approval, StringComparer.Ordinal),
            SpentApprovals = SpentApprovals.ToImmutableHashSet(StringComparer.Ordinal),
            SignalIds = SignalIds.ToImmutableHashSet(StringComparer.Ordinal),
            Signals = Signals.GroupBy(static signal => signal.Name, StringComparer.Ordinal).ToImmutableDictionary(static named => named.Key, static named => ImmutableQueue.CreateRange(named), StringComparer.Ordinal),
            SignalsHeld = Signals.Count,
            Undoable = ImmutableStack.CreateRange(Undoable.Reverse()),
            UndoPath = UndoPath,
            Undo = Undo,
            UndoAttempts = UndoAttempts.ToImmutableDictionary(StringComparer.Ordinal),
            UndoFailures = [.. UndoFailures],
            Failure = Failure,
            FailedPath = FailedPath,
            CancelledBy = CancelledBy,
            CancelReason = CancelReason,
            Outputs = Outputs,
            Taints = Taints,
        };
        foreach (var stop in Stops) state = state with { Stops = state.Stops.SetItem(stop.Path, stop) };
        return RunApply.Reopen(state);
    }
}

/// <param name="Items">Null outside a fan-out.</param>
internal sealed record StepSnapshot(Unit Own, [property: JsonConverter(typeof(RawJsonList))] IReadOnlyList<string>? Items = null, IReadOnlyList<Unit>? Units = null)
{
    public IReadOnlyList<string> ItemTaints { get => field ?? []; init; } = [];

    public IReadOnlyList<string> Taints { get => field ?? []; init; } = [];

    public StepFailure? FirstFailure { get; init; }

    public static StepSnapshot Of(StepState step) => step.Fan is not { } fan
        ? new StepSnapshot(step.Own)
        : new StepSnapshot(step.Own, fan.Items, [.. fan.Units.All()]) { ItemTaints = fan.ItemTaints, Taints = fan.Taints, FirstFailure = fan.FirstFailure };

    public StepState ToState()
    {
        if (Items is null || Units is null) return new StepState(Own);
        var fan = new FanOut(Items, UnitVector.Of(Units)) { ItemTaints = ItemTaints, Taints = Taints, FirstFailure = FirstFailure };
        return new StepState(Own) { Fan = RunApply.Recount(fan) };
    }
}
