using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

/// <summary>A passage that the answer rests on.</summary>
/// <param name="Marker">The number in the answer's <c>[n]</c>.</param>
/// <param name="Line">The line of the quote in its source, from 1; null when the source has no lines.</param>
internal sealed record Citation(int Marker, string? Source, int? Line, string Quote, string MemoryId);

internal sealed record ConstitutionProof(string Hash, long Version);

internal sealed record PolicyProof(string Decision, double Score, double Threshold, IReadOnlyList<PolicyTerm> Terms, IReadOnlyList<Reason> Reasons, long PolicyVersion, string Digest, string? Approval = null)
{
    /// <summary>What the rules obliged to, for the turn and for its model call; all of it was carried out.</summary>
    public IReadOnlyList<Obligation> Obligations { get; init => field = value ?? []; } = [];
}

internal sealed record PolicyTerm(string Name, double Weight, double Value, double Contribution);

/// <param name="Moderated">labelled, redacted or dropped (then the model did not read it); null when nothing was found in it.</param>
/// <param name="Labels">Where the words come from and what was found in them.</param>
internal sealed record MemoryProof(string Id, double Score, string? Source, int? Line, string? Moderated = null, IReadOnlyList<string>? Labels = null);

internal sealed record CostProof(decimal Amount, string Currency);

/// <param name="InputTokens">As the provider counted them; null when it did not say.</param>
/// <param name="Cost">Null when a price or a count is unknown, never zero instead.</param>
internal sealed record UsageProof(long? InputTokens, long? OutputTokens, CostProof? Cost);

/// <summary>Proof of thought: what was recorded on the way to the answer, not a rationale made up afterwards.</summary>
/// <param name="Model">That answered, whichever was asked first.</param>
/// <param name="CallId">Its call; the journal's subject is <c>call/ID</c>.</param>
/// <param name="Attempts">Calls that the answer took, 1 without a retry or fallback.</param>
internal sealed record Proof(
    ConstitutionProof Constitution, PolicyProof Policy, IReadOnlyList<MemoryProof> Memories, string Provider, string Model, UsageProof Usage,
    IReadOnlyDictionary<string, double> TimingsMs, long JournalPosition, string? CallId = null, int? Attempts = null);

/// <summary>Why a turn ended without an answer: the code of a problem and its public sentence.</summary>
internal sealed record TurnFailure(string Code, string Detail);

/// <summary>What is kept beside the words of an ended turn.</summary>
internal sealed record TurnResult(IReadOnlyList<Citation> Citations, Proof? Proof, IReadOnlyList<string> DegradedReasons, IReadOnlyList<Reason> Moderation, string? FinishReason);

internal sealed record TurnView(
    string SessionId, string TurnId, long Number, string Status, string Prompt, string Answer, IReadOnlyList<Citation> Citations, Proof? Proof,
    IReadOnlyList<string> DegradedReasons, IReadOnlyList<Reason> Moderation, TurnFailure? Failure, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt)
{
    /// <summary>The second person's yes that the turn waited or waits for; null when none was needed.</summary>
    public TurnApproval? Approval { get; init; }
}

internal sealed record TurnApproval(string Id, string Digest, DateTimeOffset ExpiresAt, ApprovalNeeds Needs);

internal sealed record SessionView(
    string Id, string Persona, string Title, string Status, string ConstitutionHash, long ConstitutionVersion, long Turns, long Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

internal sealed record SessionDetail(SessionView Session, IReadOnlyList<TurnView> Turns);

internal sealed record PersonaView(string Id, string Name, string Instructions, string? Model, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>One event of a session's stream; <c>Seq</c> grows by one and is the id to resume from.</summary>
internal sealed record StreamEvent(long Seq, string Turn, string Type, string Data)
{
    public static EventStream<StreamEvent> Result(IAsyncEnumerable<StreamEvent> events) => new(events, static item => new ServerSentEvent(item.Seq, item.Type, item.Data));

    public const string TurnStarted = "turn.started";
    public const string Delta = "text.delta";
    public const string TurnCompleted = "turn.completed";
    public const string TurnFailed = "turn.failed";
    public const string TurnCancelled = "turn.cancelled";
    public const string TurnDenied = "turn.denied";
    public const string ApprovalRequired = "approval_required";

    public bool EndsTurn => Type is TurnCompleted or TurnFailed or TurnCancelled or TurnDenied;
}

internal sealed record TurnStartedData(string SessionId, string TurnId, long Number, string Model, IReadOnlyList<MemoryProof> Memories, IReadOnlyList<string> DegradedReasons)
{
    /// <summary>Labels of what the model reads in this turn; null in turns from before they were kept.</summary>
    public IReadOnlyList<string>? Taints { get; init; }

    /// <summary>Those of all turns up to this one: a taint stays for the whole session.</summary>
    public IReadOnlyList<string>? SessionTaints { get; init; }
}

internal sealed record ApprovalRequiredData(string SessionId, string TurnId, long Number, TurnApproval Approval, IReadOnlyList<Reason> Reasons);

internal sealed record DeltaData(string Text);
