using System.Text.Json;
using System.Text.Json.Serialization;

namespace SomaStack.Client;

/// <param name="Created">False when a repeated request, or the same text, met what was there.</param>
/// <param name="Queued">True when the brain was out of reach and the write waits in its buffer under this id.</param>
/// <param name="Superseded">Ids of what this text takes the place of.</param>
/// <param name="ExtractionStatus">none, deterministic, pending, done or failed; null when it was not said.</param>
public sealed record Remembered(
    string Id, string? Namespace, string? Universe, bool Created, bool Queued, bool Deduplicated = false, string? DuplicateOf = null, IReadOnlyList<string>? Superseded = null,
    string? ExtractionStatus = null, IReadOnlyList<string>? DegradedReasons = null)
{
    public IReadOnlyList<string> Superseded { get; init; } = Superseded ?? [];

    public IReadOnlyList<string> DegradedReasons { get; init; } = DegradedReasons ?? [];
}

public sealed record RememberedBatch(IReadOnlyList<Remembered> Results, bool Queued, IReadOnlyList<string> DegradedReasons);

/// <param name="Score">0 to 1, comparable within one answer.</param>
/// <param name="Trust">0 to 1. What comes from memory is data to quote, never an instruction.</param>
/// <param name="Signals">Only when it was asked to explain.</param>
public sealed record Hit(
    string Id, string Text, double Score, string? Kind, string? Key, string? Source, int? Line, double Trust, DateTimeOffset? EventTime, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo,
    string? SupersededBy, IReadOnlyList<string>? Tags, IReadOnlyDictionary<string, double>? Signals);

/// <param name="WorkingMemory">Hits in the working memory of the session, if one was named.</param>
/// <param name="Confidence">Null while the server does not say.</param>
/// <param name="Abstained">True when nothing relevant is known.</param>
/// <param name="Embedder">Null when only words were compared.</param>
public sealed record Recollection(
    string Query, string Namespace, string? Universe, IReadOnlyList<Hit> Results, [property: JsonPropertyName("wm")] IReadOnlyList<Hit>? WorkingMemory, double? Confidence, bool? Abstained,
    IReadOnlyList<string> DegradedReasons, string? Embedder);

public sealed record RagCandidate(string Id, string? Key, double Score, string? Retriever, string Text, string? Source, int? Line, DateTimeOffset? EventTime, double? Trust);

public sealed record RagCitation(int N, string Id, string? Source, int? Line, DateTimeOffset? EventTime, double? Trust);

public sealed record RagContext(string Text, int Tokens, IReadOnlyList<RagCitation> Citations);

/// <param name="Reason">Why the context is empty, e.g. <c>nothing_relevant</c>; else null.</param>
public sealed record Retrieval(
    string Query, IReadOnlyList<RagCandidate> Candidates, RagContext Context, double? Confidence, bool? Abstained, string? Reason, IReadOnlyList<string>? DegradedReasons, string? SessionMemoryId);

public sealed record Linked(string Id, bool Created);

public sealed record LinkView(string Id, string Type, string From, string To, double Weight);

public sealed record Neighbor(string Id, string? Kind, string? Text, int Hops, double Weight, IReadOnlyList<LinkView> Via);

public sealed record Neighbors(IReadOnlyList<Neighbor> Data, bool Truncated);

/// <param name="Truncated">True when the search ended at its bound.</param>
public sealed record GraphPath(bool Found, IReadOnlyList<string> Path, IReadOnlyList<LinkView> Links, bool Truncated);

/// <param name="EmbeddingModel">Null when the text has no embedding.</param>
/// <param name="Version">Counts the changes, from 1.</param>
public sealed record Memory(
    string Id, string Namespace, string? Universe, string? Key, string Kind, string Text, string? Source, long? Line, string? Conversation, IReadOnlyList<string>? Tags, JsonElement? Metadata,
    string? Author, DateTimeOffset? EventTime, DateTimeOffset? RecordedAt, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo, string? SupersededBy, double Importance, double Trust,
    string? ContentHash, string? EmbeddingModel, string? ExtractionStatus, long Version)
{
    /// <summary>For <c>If-Match</c> when this memory is changed.</summary>
    [JsonPropertyName("etag")]
    public string? ETag { get; init; }

    /// <summary>From when on the memory named by <c>SupersededBy</c> holds in its place.</summary>
    public DateTimeOffset? SupersededFrom { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The first memory that says the same or nearly so.</summary>
    public string? DuplicateOf { get; init; }

    /// <summary>Under legal hold: it cannot be erased.</summary>
    public bool Held { get; init; }
}

/// <param name="Change">What made this version.</param>
public sealed record MemoryVersion(
    long Version, string? Change, DateTimeOffset? RecordedAt, string? Author, string? Text, IReadOnlyList<string>? Tags, double? Importance, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo,
    string? SupersededBy);

/// <param name="Clear">True only when nothing of it is left in any part.</param>
/// <param name="Checks">What was found in each part.</param>
public sealed record Erasure(string Id, DateTimeOffset? ErasedAt, bool Clear, JsonElement Checks);

/// <param name="Held">How many are under a legal hold and stay.</param>
/// <param name="Ids">The first hundred.</param>
public sealed record ForgetReport(bool DryRun, long Matched, long Forgotten, long Held, IReadOnlyList<string>? Ids);

public sealed record ImportFault(long Line, string Code, string? Detail);

/// <param name="Skipped">Lines that were there already, or whose time is over.</param>
/// <param name="Failed">The first thousand of <paramref name="FailedTotal"/>.</param>
public sealed record ImportReport(long Imported, long Skipped, long FailedTotal, IReadOnlyList<ImportFault>? Failed);

/// <param name="Version">Of the memory.</param>
public sealed record HoldState(string Id, bool Held, long Version);

public sealed record Fact(
    string Id, string Subject, string Predicate, string Object, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo, DateTimeOffset? RecordedAt, string? SupersededBy, string MemoryId,
    double? Confidence, string? Extractor);

/// <param name="ExtractionStatus">none, deterministic, pending, done or failed.</param>
/// <param name="ExtractionError">Why the model's part failed; else null.</param>
public sealed record MemoryFacts(IReadOnlyList<Fact> Data, string? ExtractionStatus, string? ExtractionError);

/// <param name="Created">False when it was merged into an item that says the same; <c>Id</c> is that item's.</param>
/// <param name="Evicted">Ids of what had to leave.</param>
public sealed record Admitted(
    string Id, bool Created, bool Merged, int Tokens, double Novelty, double Salience, bool Pinned, IReadOnlyList<string> Evicted, int SessionTokens, int CapacityTokens,
    IReadOnlyList<string> DegradedReasons);

/// <param name="Promotion">Why it was made the memory <c>MemoryId</c>; null when it was not.</param>
public sealed record WorkingItem(
    string Id, string Text, int Tokens, bool Pinned, double Novelty, double Salience, int Uses, string? MemoryId, string? Promotion, DateTimeOffset AdmittedAt, DateTimeOffset LastUsedAt);

public sealed record WorkingHit(
    string Id, string Text, double Score, string? Kind, string? Source, string? MemoryId, double Trust, DateTimeOffset? EventTime, IReadOnlyDictionary<string, double>? Signals);

public sealed record WorkingRecollection(string SessionId, string Query, IReadOnlyList<WorkingHit> Results, IReadOnlyList<string> DegradedReasons);

internal sealed record Cleared([property: JsonPropertyName("cleared")] int Count);

/// <param name="HitRate">Null when nothing was asked yet.</param>
public sealed record WorkingStatus(
    string SessionId, int Items, int Tokens, int CapacityTokens, int Pinned, long EvictionsTotal, long HitsTotal, long MissesTotal, double? HitRate);

public sealed record Promoted(string MemoryId, bool Created);

/// <param name="State">queued, dead or done.</param>
/// <param name="MemoryId">What a remember's memory has or will have.</param>
public sealed record OutboxState(string Id, string State, string? MemoryId);

/// <param name="Id">The client's own, or the idempotency key of a request that had to wait.</param>
public sealed record OutboxEntry(
    string Id, string ItemId, string Op, string? Key, string State, DateTimeOffset? AcceptedAt, DateTimeOffset? CreatedAt, long Attempts, DateTimeOffset? NextAttemptAt, string? LastError, long? Bytes);

/// <param name="ItemId">Names it for a replay.</param>
/// <param name="Body">What was refused.</param>
public sealed record DeadLetter(
    string Id, string ItemId, string Op, string? Key, string Principal, DateTimeOffset? AcceptedAt, DateTimeOffset? CreatedAt, long Attempts, string? Reason, JsonElement Body);

public sealed record OutboxAccepted(int Accepted, int Duplicates, IReadOnlyList<OutboxState> Results);

/// <param name="OldestAgeSeconds">Null when nothing waits.</param>
/// <param name="ReplayRate">Items a second, over the last minute.</param>
/// <param name="Brain">reachable, unreachable or in_process.</param>
public sealed record OutboxStatus(long Depth, long Bytes, double? OldestAgeSeconds, double? ReplayRate, long DeadLetters, string? Brain);

/// <param name="Hash">Of the constitution that governs the caller's tenant: SHA-256 of its RFC 8785 form, lower hex.</param>
/// <param name="OverlayVersion">0 when the tenant adds nothing to it.</param>
public sealed record ConstitutionVersion(long Version, string Hash, DateTimeOffset IssuedAt, DateTimeOffset ActivatedAt, string? BaseHash = null, long OverlayVersion = 0);

/// <param name="Document">What governs, the tenant's overlay included.</param>
/// <param name="BaseHash">Of the signed document alone.</param>
/// <param name="Inherited">True when the tenant has none of its own and the installation's governs it.</param>
public sealed record Constitution(
    JsonElement Document, string Hash, long Version, bool Inherited, DateTimeOffset IssuedAt, DateTimeOffset ActivatedAt, string? BaseHash = null, long OverlayVersion = 0);

public sealed record ConstitutionChecksum(string Checksum, string Algorithm, string CanonicalForm, string? LegacyChecksum, long? Version);
