using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory.Contracts;

/// <summary>Remembers and recalls, per tenant. Reads see every write that was acknowledged before them.</summary>
public interface IMemory
{
    /// <summary>Does the costly part (embedding, terms) before a transaction is opened.</summary>
    Task<PreparedMemory> PrepareAsync(RequestContext context, MemoryDraft draft, CancellationToken cancellationToken);

    /// <summary>Writes inside the caller's transaction; the index follows with the commit. Writing the same id again changes nothing.</summary>
    /// <returns>The id of the memory.</returns>
    Task<string> WriteAsync(DbWork work, RequestContext context, PreparedMemory memory);

    Task<Recollection> RecallAsync(RequestContext context, RecallQuery query, CancellationToken cancellationToken);
}

/// <param name="Id">Null for a new one; derived ids make retries harmless.</param>
/// <param name="Kind">episode, fact, document, summary or procedure.</param>
/// <param name="Source">Where it comes from: a file, an address, a session.</param>
/// <param name="Line">First line in the source, from 1.</param>
/// <param name="Metadata">A JSON object of the caller's own; kept, not searched.</param>
/// <param name="Trust">0 to 1: 1 for what an operator loaded, .5 for what users said, lower for tools and the web.</param>
/// <param name="Key">The caller's own name for what this says. A later memory of the same namespace, universe and key supersedes it; both stay.</param>
/// <param name="Universe"><c>real</c>, or a what-if world laid over it.</param>
/// <param name="ValidFrom">Since when it holds; always, when not given.</param>
/// <param name="ValidTo">Until when it holds (excluded); open when not given.</param>
/// <param name="ExpiresAt">When it is erased; never, when not given.</param>
public sealed record MemoryDraft(
    string Text, string Kind, string? Id = null, string? Source = null, int? Line = null, string? Conversation = null,
    IReadOnlyList<string>? Tags = null, double Importance = 0.5, double Trust = 0.5, DateTimeOffset? EventTime = null, string Namespace = "default",
    string? Metadata = null, string? Key = null, string Universe = MemoryDraft.Real, DateTimeOffset? ValidFrom = null, DateTimeOffset? ValidTo = null,
    DateTimeOffset? ExpiresAt = null)
{
    public const string Real = "real";
}

/// <summary>A draft with its embedding, ready to be written; made only by <see cref="IMemory.PrepareAsync"/>.</summary>
public sealed record PreparedMemory(MemoryDraft Draft, string Id, string ContentHash, float[]? Embedding, string? EmbeddingModel)
{
    internal DocumentTerms? Terms { get; init; }

    internal byte[]? Encoded { get; init; }

    internal long? SimHash { get; init; }

    /// <summary>Its embedding follows the commit.</summary>
    internal bool Deferred { get; init; }
}

/// <param name="Limit">1 to 100.</param>
/// <param name="Conversation">Prefers the neighbours of hits in this conversation.</param>
/// <param name="Tags">All of them.</param>
/// <param name="Universe">Memories of <c>real</c> are seen too, unless this universe has one with the same key.</param>
/// <param name="From">Event time, included.</param>
/// <param name="To">Event time, excluded.</param>
/// <param name="AsOf">What held at this time; now when not given.</param>
/// <param name="KnownAt">What had been recorded by this time; everything when not given.</param>
/// <param name="Superseded">True also finds what a later memory replaced or whose validity has ended.</param>
public sealed record RecallQuery(
    string Text, int Limit = 8, string? Conversation = null, IReadOnlyList<string>? Tags = null, string? Kind = null, double? MinScore = null, string Namespace = "default",
    string Universe = MemoryDraft.Real, DateTimeOffset? From = null, DateTimeOffset? To = null, DateTimeOffset? AsOf = null, DateTimeOffset? KnownAt = null, bool Superseded = false);

/// <param name="Memories">Best first; ties broken by event time, then id.</param>
/// <param name="DegradedReasons">e.g. <c>embedding_unavailable</c>; empty when every signal was there.</param>
/// <param name="Confidence">0 to 1: the calibrated probability that the first answers the question; 0 for an empty list.</param>
/// <param name="Abstained">True when nothing was relevant enough to be shown as an answer.</param>
public sealed record Recollection(IReadOnlyList<RecalledMemory> Memories, IReadOnlyList<string> DegradedReasons, double Confidence = 0, bool Abstained = false);

/// <param name="Score">0 to 1, comparable within one recall.</param>
/// <param name="Signals">Every signal that made the score, by name.</param>
public sealed record RecalledMemory(
    string Id, string Text, double Score, string Kind, string? Source, int? Line, double Trust, DateTimeOffset EventTime,
    IReadOnlyDictionary<string, double> Signals)
{
    public string? Key { get; init; }

    public string? Conversation { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public DateTimeOffset? ValidFrom { get; init; }

    public DateTimeOffset? ValidTo { get; init; }

    /// <summary>The memory that replaced this one, when a question asked for the past.</summary>
    public string? SupersededBy { get; init; }
}

/// <summary>Event types that the room writes to the journal. They hold no text: the journal is never erased, a memory may be.</summary>
public static class MemoryEvents
{
    public const string Remembered = "somastack.memory.remembered.v1";
    public const string Forgotten = "somastack.memory.forgotten.v1";
    public const string Superseded = "somastack.memory.superseded.v1";
    public const string Changed = "somastack.memory.changed.v1";
    public const string Linked = "somastack.memory.linked.v1";
    public const string Unlinked = "somastack.memory.unlinked.v1";

    public static string Subject(string id) => "memory/" + id;
}

public sealed record Remembered(
    string Id, string Namespace, string Kind, string ContentHash, int TextLength, string? Source, int? Line, string? Conversation, string? EmbeddingModel);

public sealed record Forgotten(string Id, string Namespace)
{
    /// <summary>As whoever asked for it gave it, or <c>expired</c>.</summary>
    public string? Reason { get; init; }
}

/// <summary>A later memory of the same key took the place of <c>Id</c>; both are kept.</summary>
public sealed record Superseded(string Id, string Namespace, string By, DateTimeOffset From);

/// <param name="Change">changed, restored, held or released.</param>
/// <param name="Fields">Which fields differ from the version before.</param>
public sealed record MemoryChanged(string Id, string Namespace, long Version, string Change, IReadOnlyList<string> Fields)
{
    public string? ContentHash { get; init; }

    /// <summary>Why it was put under hold or released.</summary>
    public string? Reason { get; init; }
}

public sealed record MemoryLinked(string Id, string From, string To, string Type, double Weight, string Universe);

public sealed record MemoryUnlinked(string Id, string From, string To, string Type);
