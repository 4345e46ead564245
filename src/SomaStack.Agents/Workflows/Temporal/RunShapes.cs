using System.Text.Json.Serialization;

namespace SomaStack.Agents.Workflows;

/// <summary>Names a run, its events or its effects and holds nothing that a person wrote: it may stand in Temporal's own store.</summary>
internal interface IReferenceOnly;

internal sealed record RunReference(string Tenant, string Run) : IReferenceOnly;

/// <param name="History">From its newest snapshot on, or from its beginning.</param>
/// <param name="Seq">Number of the newest event.</param>
/// <param name="Taken">Number of the newest input that took effect.</param>
/// <param name="Told">Inputs wait.</param>
internal sealed record OpenedRun(IReadOnlyList<RunEvent> History, long Seq, long Taken, bool Told);

/// <param name="Status">Of the run when its workflow ended; null when the run was deleted. A failed run that is tried again has another execution.</param>
internal sealed record RunClosed(string? Status) : IReferenceOnly;

/// <param name="After">Number of the newest input that is known.</param>
internal sealed record InputsWanted(string Tenant, string Run, long After) : IReferenceOnly;

internal sealed record NumberedInput(long Number, RunInput Input);

internal sealed record InputsTaken(IReadOnlyList<NumberedInput> Inputs);

/// <param name="After">Number of the event before these.</param>
internal sealed record RunDecided(string Tenant, string Run, long After, long Taken, IReadOnlyList<RunEvent> Events);

/// <param name="Told">Inputs wait that were not taken.</param>
internal sealed record RunRecorded(bool Told) : IReferenceOnly;

/// <param name="Key">Of an effect that is due; see <see cref="RunProgress.KeyOf"/>.</param>
internal sealed record EffectWanted(string Tenant, string Run, string Key) : IReferenceOnly;

/// <param name="Input">What to tell the run; null when the effect goes on elsewhere, or is wanted no more.</param>
internal sealed record EffectCarried(RunInput? Input);

/// <summary>What workflow and activities hand each other. Names are for ever, as those of <see cref="RunHistoryJson"/> are.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    IgnoreReadOnlyProperties = true,
    Converters = [typeof(SnakeCaseEnum<RunStatus>), typeof(SnakeCaseEnum<StepStatus>), typeof(SnakeCaseEnum<RunPhase>)])]
[JsonSerializable(typeof(RunReference))]
[JsonSerializable(typeof(OpenedRun))]
[JsonSerializable(typeof(RunClosed))]
[JsonSerializable(typeof(InputsWanted))]
[JsonSerializable(typeof(InputsTaken))]
[JsonSerializable(typeof(RunDecided))]
[JsonSerializable(typeof(RunRecorded))]
[JsonSerializable(typeof(EffectWanted))]
[JsonSerializable(typeof(EffectCarried))]
internal sealed partial class TemporalJson : JsonSerializerContext;
