using System.Text.Json;

namespace SomaStack.Client;

/// <summary>A passage that an answer rests on.</summary>
public sealed record Citation(int Marker, string? Source, int? Line, string Quote, string MemoryId);

public sealed record ConstitutionProof(string Hash, long Version);

public sealed record Reason(string Code, string Message, string? Rule, long? Version, string? Remedy);

public sealed record PolicyTerm(string Name, double Weight, double Value, double Contribution);

public sealed record PolicyProof(string Decision, double Score, double Threshold, IReadOnlyList<PolicyTerm> Terms, IReadOnlyList<Reason> Reasons, long PolicyVersion, string Digest);

public sealed record MemoryProof(string Id, double Score, string? Source, int? Line);

public sealed record Cost(decimal Amount, string Currency);

/// <param name="Cost">Null when a price or a count is unknown.</param>
public sealed record Usage(long? InputTokens, long? OutputTokens, Cost? Cost);

/// <summary>What was recorded on the way to the answer.</summary>
public sealed record Proof(
    ConstitutionProof Constitution, PolicyProof Policy, IReadOnlyList<MemoryProof> Memories, string Provider, string Model, Usage Usage,
    IReadOnlyDictionary<string, double> TimingsMs, long JournalPosition);

public sealed record Failure(string Code, string Detail);

/// <param name="Status">open, completed, failed or cancelled.</param>
public sealed record Turn(
    string SessionId, string TurnId, long Number, string Status, string Prompt, string Answer, IReadOnlyList<Citation> Citations, Proof? Proof,
    IReadOnlyList<string> DegradedReasons, Failure? Failure, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt);

public sealed record Session(string Id, string Persona, string Title, string Status, string ConstitutionHash, long ConstitutionVersion, long Turns, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

public sealed record SessionDetail(Session Session, IReadOnlyList<Turn> Turns);

/// <param name="Line">First line in the source, from 1.</param>
public sealed record MemoryItem(string Text, string? Kind = null, string? Source = null, int? Line = null, double? Importance = null, IReadOnlyList<string>? Tags = null);

public sealed record MemoryBatch(IReadOnlyList<MemoryItem> Items);

/// <summary>One event of a session's stream: <c>text.delta</c>, <c>turn.completed</c> and so on.</summary>
public sealed record SessionEvent(long Id, string Type, JsonElement Data);

internal sealed record StartBody(string Prompt, string? Persona, string? Model, bool Stream);

internal sealed record MessageBody(string Text, string? Model, bool Stream);

internal sealed record ProblemBody(string? Code, string? Title, string? Detail, string? Remedy, string? TraceId, IReadOnlyList<Reason>? Reasons, IReadOnlyList<FieldError>? Errors);
