using SomaStack.Platform;

namespace SomaStack.Agents.Capsules.Contracts;

/// <summary>Versioned descriptions of work. A version never changes; what runs was approved by somebody else than its author.</summary>
public interface ICapsules
{
    /// <param name="version">Null for the newest approved one.</param>
    /// <exception cref="Problem">404 <c>capsule_unknown</c>; 409 <c>capsule_not_approved</c>; 503 <c>kill_switch_engaged</c>.</exception>
    Task<Capsule> ApprovedAsync(RequestContext context, string id, string? version, CancellationToken cancellationToken);
}

/// <summary>A capsule as its YAML says, checked: no cycle, every name known, every template and condition parsed.</summary>
/// <param name="Digest">Lower-hex SHA-256 of the RFC 8785 form of the parsed document.</param>
/// <param name="Type">capsule, planner, composite, governance or utility.</param>
public sealed record Capsule(string Id, string Version, string Summary, string Type, string Digest)
{
    public string? Persona { get; init; }

    public IReadOnlyList<CapsuleInput> Inputs { get; init; } = [];

    /// <summary>Templates by name of the output; see <see cref="CapsuleStep.Params"/>.</summary>
    public IReadOnlyDictionary<string, CapsuleOutput> Outputs { get; init; } = new Dictionary<string, CapsuleOutput>();

    /// <summary>The only actions that it may use, <c>adapter</c> or <c>adapter.action</c>.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    public CapsuleBudget Budget { get; init; } = new();

    /// <summary>A person looks before each run.</summary>
    public bool RequiresReview { get; init; }

    public int MaxParallel { get; init; } = 5;

    /// <summary>In the order of the file; the edges are <see cref="CapsuleStep.After"/>.</summary>
    public IReadOnlyList<CapsuleStep> Steps { get; init; } = [];
}

/// <param name="Type">text, string, integer, number, boolean, list or object.</param>
/// <param name="Default">JSON; null when there is none.</param>
public sealed record CapsuleInput(string Name, string Type, bool Required, string? Default = null, string? Description = null);

/// <param name="Value">JSON whose strings may be templates.</param>
public sealed record CapsuleOutput(string? Description, string? Value, string? Schema);

/// <summary>What a run may take before it is stopped; null for no limit of the capsule's own.</summary>
public sealed record CapsuleBudget(long? Tokens = null, decimal? Money = null, string Currency = "USD", int? Steps = null, TimeSpan? Time = null);

/// <summary>
/// One step. <c>Action</c> is <c>ADAPTER.ACTION</c> of a tool, or one that the runner itself does: <c>agent.ask</c>, <c>capsule.run</c>,
/// <c>approvals.request</c>, <c>human.ask</c>, <c>wait.timer</c>, <c>wait.signal</c>, <c>wait.notification</c>, <c>flow.set</c>, <c>flow.fail</c>.
/// </summary>
/// <param name="Params">
/// A JSON object whose strings may hold <c>{{ EXPRESSION | FILTER }}</c>; a string that is one template and nothing else takes the value's
/// type. An expression is CEL over the inputs by name, <c>inputs</c>, <c>steps</c>, <c>run</c> and, in a fan-out, <c>item</c> and <c>index</c>.
/// </param>
/// <param name="After">Names of the steps that must have ended; without the key it is the step before, <c>[]</c> starts at once.</param>
public sealed record CapsuleStep(string Name, string Action, string Params, IReadOnlyList<string> After)
{
    /// <summary>CEL; false leaves the step out as <c>skipped</c>.</summary>
    public string? When { get; init; }

    /// <summary>CEL giving a list: the step is done once for each item; its result is the list of results in that order.</summary>
    public string? ForEach { get; init; }

    /// <summary>Of a fan-out, 1 to 100.</summary>
    public int MaxParallel { get; init; } = 5;

    public CapsuleRetry Retry { get; init; } = new();

    /// <summary>Of one attempt.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Its failure does not stop the run.</summary>
    public bool Optional { get; init; }

    /// <summary>Done when a later step fails for good or the run is cancelled, newest first.</summary>
    public CapsuleCompensation? Compensate { get; init; }

    /// <summary>Line of the step in its file, from 1.</summary>
    public int Line { get; init; }
}

/// <param name="Attempts">1 to 20, the first included.</param>
public sealed record CapsuleRetry(int Attempts = 1, TimeSpan? First = null, double Factor = 2, TimeSpan? Longest = null);

public sealed record CapsuleCompensation(string Action, string Params);

public static class CapsuleEvents
{
    public const string Submitted = "somastack.capsules.submitted.v1";
    public const string Reviewed = "somastack.capsules.reviewed.v1";
    public const string Revoked = "somastack.capsules.revoked.v1";
}
