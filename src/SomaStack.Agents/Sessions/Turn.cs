using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Billing.Contracts;
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
    IReadOnlyDictionary<string, double> TimingsMs, long JournalPosition, string? CallId = null, int? Attempts = null)
{
    /// <summary>All calls of the model, oldest first; null in answers of before there were several.</summary>
    public IReadOnlyList<string>? ModelCalls { get; init; }

    /// <summary>Null when no tool was asked for.</summary>
    public IReadOnlyList<ToolProof>? Tools { get; init; }
}

/// <param name="Record">Subject of the call in the journal; null when no tool was reached.</param>
/// <param name="Decision"><c>allow</c>, <c>approved</c>, <c>deny</c>, or <c>refused</c> for what was no call of an offered tool.</param>
internal sealed record ToolProof(string Name, int Round, string Outcome, string? Record, string Decision, string? Approval, IReadOnlyList<string> Taints);

/// <summary>One use of a tool within a turn, as a client shows it.</summary>
/// <param name="Status"><c>queued</c>, <c>running</c>, <c>awaiting_approval</c>, or how it ended: <c>succeeded</c>, <c>failed</c>, <c>unknown</c>, <c>denied</c>, <c>cancelled</c>.</param>
/// <param name="Result">Cut to <see cref="TextMax"/> characters. Untrusted: data from outside.</param>
internal sealed record ToolCallView(
    int Round, int Number, string Name, string Arguments, string Status, string? Code, string? Result, string? Record, TurnApproval? Approval, IReadOnlyList<string> Taints)
{
    public const int TextMax = 2000;

    public CostProof? Cost { get; init; }

    public double? TookMs { get; init; }

    public static ToolCallView Of(TurnToolCall call) => new(
        call.Round, call.Number, call.Name, Cut(call.Arguments), call.State switch
        {
            CallState.Planned => "queued", CallState.Begun => "running", CallState.Awaiting => WaitingTurnStore.Waiting, _ => call.Result!.Outcome,
        },
        call.Result?.Code, call.Result is { } result ? Cut(result.Text) : null, call.Result?.Record, call.Approval, call.Result?.Taints ?? [])
    {
        Cost = call.Result?.CostNanos is { } nanos ? new CostProof(Money.Of(nanos), call.Result.Currency) : null,
        TookMs = call.Result?.TookMs,
    };

    /// <summary>Not between the halves of a surrogate pair.</summary>
    public static string Cut(string text, int max = TextMax) => text.Length <= max ? text : text[..(char.IsHighSurrogate(text[max - 2]) ? max - 2 : max - 1)] + "…";
}

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

    /// <summary>The turn that it follows; null for a first one. Turns with the same one are siblings.</summary>
    public string? ParentTurn { get; init; }

    public IReadOnlyList<ToolCallView> ToolCalls { get; init => field = value ?? []; } = [];
}

internal sealed record TurnApproval(string Id, string Digest, DateTimeOffset ExpiresAt, ApprovalNeeds Needs);

internal sealed record SessionView(
    string Id, string Persona, string Title, string Status, string ConstitutionHash, long ConstitutionVersion, long Turns, long Version,
    DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

internal sealed record SessionDetail(SessionView Session, IReadOnlyList<TurnView> Turns);

internal sealed record PersonaView(string Id, string Name, string Instructions, string? Model, IReadOnlyList<string> Tools, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

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
    public const string ToolStarted = "tool.started";
    public const string ToolCompleted = "tool.completed";

    public bool EndsTurn => Type is TurnCompleted or TurnFailed or TurnCancelled or TurnDenied;
}

internal sealed record TurnStartedData(string SessionId, string TurnId, long Number, string Model, IReadOnlyList<MemoryProof> Memories, IReadOnlyList<string> DegradedReasons)
{
    /// <summary>Labels of what the model reads in this turn; null in turns from before they were kept.</summary>
    public IReadOnlyList<string>? Taints { get; init; }

    /// <summary>Those of all turns up to this one: a taint stays for the whole session.</summary>
    public IReadOnlyList<string>? SessionTaints { get; init; }

    /// <summary>Names of the tools that the model was offered; null for none.</summary>
    public IReadOnlyList<string>? Tools { get; init; }
}

internal sealed record ToolStartedData(string SessionId, string TurnId, ToolCallView Call);

/// <param name="SessionTaints">Those of the whole session up to here.</param>
internal sealed record ToolCompletedData(string SessionId, string TurnId, ToolCallView Call, IReadOnlyList<string> SessionTaints);

internal sealed record ApprovalRequiredData(string SessionId, string TurnId, long Number, TurnApproval Approval, IReadOnlyList<Reason> Reasons)
{
    /// <summary>The use of a tool that waits; null when the turn itself does.</summary>
    public ToolCallView? Call { get; init; }
}

internal sealed record DeltaData(string Text);
