using System.Text.Json;

namespace SomaStack.Client;

/// <summary>One thing to remember. Only <c>Text</c> is needed.</summary>
/// <param name="Text">1 to 32 000 characters.</param>
/// <param name="Kind">episode (default), fact, document, summary or procedure.</param>
/// <param name="Key">A later text under the same key supersedes this one.</param>
/// <param name="Universe"><c>real</c> unless it is a supposition.</param>
/// <param name="Metadata">A JSON object of your own; kept, not searched.</param>
/// <param name="Line">First line in the source, from 1.</param>
/// <param name="Importance">0 to 1.</param>
/// <param name="EventTime">When it happened; now when it is not given.</param>
/// <param name="ValidTo">Exclusive.</param>
public sealed record RememberRequest(
    string Text, string? Kind = null, string? Key = null, string? Namespace = null, string? Universe = null, IReadOnlyList<string>? Tags = null, JsonElement? Metadata = null,
    string? Source = null, int? Line = null, string? Conversation = null, double? Importance = null, DateTimeOffset? EventTime = null, DateTimeOffset? ValidFrom = null,
    DateTimeOffset? ValidTo = null, long? TtlSeconds = null, IReadOnlyList<RememberLink>? Links = null);

/// <summary>A link from what is being remembered to what is there.</summary>
public sealed record RememberLink(string Type, string Target, double? Weight = null);

internal sealed record RememberBatchBody(IReadOnlyList<RememberRequest> Items, string? Namespace);

/// <param name="Limit">1 to 100; 10 when it is not given.</param>
/// <param name="AsOf">What was true then.</param>
/// <param name="KnownAt">What was recorded by then.</param>
/// <param name="Explain">Adds the signals of each score.</param>
public sealed record RecallRequest(
    string Query, int? Limit = null, string? Namespace = null, string? Universe = null, string? Conversation = null, string? SessionId = null, IReadOnlyList<string>? Tags = null,
    string? Kind = null, double? MinScore = null, DateTimeOffset? From = null, DateTimeOffset? To = null, DateTimeOffset? AsOf = null, DateTimeOffset? KnownAt = null,
    bool? IncludeSuperseded = null, bool? Explain = null);

/// <param name="TokenBudget">The packed context never has more tokens.</param>
/// <param name="Persist">Remembers that this was asked, with the ids that were found.</param>
/// <param name="Retrievers">Only what one of these found; all when not given.</param>
public sealed record RagRequest(
    string Query, int? Limit = null, string? Namespace = null, string? Universe = null, string? SessionId = null, int? TokenBudget = null, bool? Persist = null,
    IReadOnlyList<string>? Retrievers = null, string? Rerank = null, string? Conversation = null, IReadOnlyList<string>? Tags = null, string? Kind = null, double? MinScore = null);

/// <summary>Each end by id, key or the coordinate of an older client.</summary>
/// <param name="Weight">Above 0, at most 1.</param>
public sealed record LinkRequest(
    string? From = null, string? To = null, string? Type = null, double? Weight = null, string? FromKey = null, string? ToKey = null, string? FromCoord = null, string? ToCoord = null,
    string? Universe = null, string? Namespace = null, DateTimeOffset? ValidFrom = null, DateTimeOffset? ValidTo = null);

/// <param name="Subject">As it was said, e.g. a name.</param>
/// <param name="AsOf">What held then; all times when it is not given.</param>
/// <param name="KnownAt">What was recorded by then.</param>
public sealed record FactsQuery(
    string? Subject = null, string? Predicate = null, DateTimeOffset? AsOf = null, DateTimeOffset? KnownAt = null, string? Namespace = null, string? Universe = null, int? PageSize = null);

/// <param name="Direction">out, in or both.</param>
/// <param name="KHop">1 to 3.</param>
public sealed record NeighborsQuery(string Id, string? Type = null, string? Direction = null, int? KHop = null, int? Limit = null, DateTimeOffset? AsOf = null);

/// <summary>What is null stays as it is.</summary>
public sealed record MemoryPatch(
    string? Text = null, IReadOnlyList<string>? Tags = null, double? Importance = null, JsonElement? Metadata = null, DateTimeOffset? ValidTo = null, long? TtlSeconds = null);

internal sealed record RestoreBody(long Version);

internal sealed record HoldBody(string Reason);

public sealed record ForgetFilter(
    string? Namespace = null, IReadOnlyList<string>? Ids = null, IReadOnlyList<string>? Tags = null, string? Kind = null, string? Source = null, string? Conversation = null,
    DateTimeOffset? Before = null, DateTimeOffset? After = null);

/// <param name="Reason">Stays in the journal.</param>
/// <param name="DryRun">True (the server's default too) counts only.</param>
public sealed record ForgetRequest(ForgetFilter Filter, string Reason, bool DryRun = true);

/// <param name="MemoryId">The long-term memory that says the same.</param>
/// <param name="Tokens">As your tokenizer counts; estimated when absent.</param>
public sealed record AdmitRequest(string SessionId, string Text, bool? Pinned = null, string? MemoryId = null, int? Tokens = null, int? CapacityTokens = null);

internal sealed record WorkingRecallBody(string SessionId, string Query, int? TopK = null);

internal sealed record WorkingItemBody(string SessionId, string Id, string? Reason = null);

internal sealed record WorkingSessionBody(string SessionId);

/// <summary>What an offline client kept for later. The id makes it happen once, however often it is sent.</summary>
/// <param name="Op">remember, link or forget.</param>
/// <param name="Key">Items with the same key happen in their order.</param>
/// <param name="Body">The request of that operation.</param>
public sealed record OutboxItem(string Id, string Op, JsonElement Body, string? Key = null, DateTimeOffset? CreatedAt = null);

internal sealed record OutboxBody(IReadOnlyList<OutboxItem> Items);
