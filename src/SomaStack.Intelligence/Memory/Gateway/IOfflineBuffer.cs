using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory.Contracts;

/// <summary>
/// Port: writes of the memory room that wait for the brain, bounded, in order within a key. What was accepted is applied at least once; the
/// ids that its idempotency key leads to make that exactly once in effect.
/// </summary>
public interface IOfflineBuffer
{
    /// <summary>database or redis.</summary>
    string Name { get; }

    /// <summary>Accepts all items or none. An id that is known changes nothing and answers its present state.</summary>
    /// <exception cref="Problem">429 when the tenant's share is full, 503 when the whole buffer is, 422 when an id came first with other content.</exception>
    Task<IReadOnlyList<BufferReceipt>> AddAsync(string tenant, IReadOnlyList<BufferItem> items, CancellationToken cancellationToken);

    /// <summary>True while an item of the key waits: a later write must queue behind it.</summary>
    Task<bool> IsWaitingAsync(string tenant, string orderKey, CancellationToken cancellationToken);

    /// <summary>Keys whose oldest item may be tried now by this owner, oldest first, over all tenants.</summary>
    Task<IReadOnlyList<BufferKey>> DueAsync(string owner, int limit, CancellationToken cancellationToken);

    /// <summary>Claims the oldest item of a key; null when none waits, it is not due, or another owner has it.</summary>
    /// <param name="claim">After this time another owner may take it.</param>
    Task<BufferedItem?> TakeAsync(BufferKey key, string owner, TimeSpan claim, CancellationToken cancellationToken);

    /// <summary>Applied: the content goes, the id stays known. False when the claim was lost meanwhile.</summary>
    Task<bool> DoneAsync(BufferedItem item, CancellationToken cancellationToken);

    /// <summary>Not applied yet: gives the claim back and lets the key rest for the pause.</summary>
    /// <param name="counts">False when the item is not at fault (the brain was away).</param>
    Task<bool> DeferAsync(BufferedItem item, TimeSpan pause, string reason, bool counts, CancellationToken cancellationToken);

    /// <summary>Refused for good: a dead letter, with its content and the reason; the key goes on without it.</summary>
    Task<bool> BuryAsync(BufferedItem item, string reason, CancellationToken cancellationToken);

    /// <summary>Queues a dead letter again, at its old place. False when the tenant has no such dead letter.</summary>
    Task<bool> ReplayAsync(string tenant, string id, CancellationToken cancellationToken);

    Task<BufferedItem?> FindAsync(string tenant, string id, CancellationToken cancellationToken);

    /// <summary>In the order of acceptance.</summary>
    /// <param name="principal">Null for everybody's.</param>
    /// <param name="state">queued, dead or done; null for all.</param>
    Task<IReadOnlyList<BufferedItem>> ListAsync(string tenant, string? principal, string? state, long afterSeq, int limit, CancellationToken cancellationToken);

    /// <param name="tenant">Null for all tenants together.</param>
    Task<BufferTotals> TotalsAsync(string? tenant, CancellationToken cancellationToken);

    /// <summary>Forgets the ids of what was applied longer ago than <see cref="BufferLimits.DoneKept"/>.</summary>
    Task<int> PurgeAsync(CancellationToken cancellationToken);
}

/// <summary>A write to be applied later.</summary>
/// <param name="Id">Unique within the tenant; derived, so that a repeat has the same.</param>
/// <param name="OrderKey">Items of one key are applied in the order in which they were accepted.</param>
/// <param name="Path">The memory route that applies it, by POST.</param>
/// <param name="IdempotencyKey">Sent with it; the ids of what it makes follow from it.</param>
/// <param name="Digest">Of what the client sent: the same id with another digest is refused. Empty compares with nothing.</param>
/// <param name="Capabilities">What the principal could do when it asked; it acts later with no more, and with less if it has lost some.</param>
/// <param name="ClientId">The name that the client knows it by.</param>
public sealed record BufferItem(
    string Id, string OrderKey, string Op, string Path, string IdempotencyKey, string Body, string Digest, string Principal, IReadOnlyList<string> Capabilities,
    string ClientType, string TraceId, string ClientId, DateTimeOffset? ClientCreatedAt = null);

/// <param name="Owner">Who has claimed it; empty when nobody.</param>
public sealed record BufferedItem(
    string Tenant, BufferItem Item, long Seq, string State, long Attempts, DateTimeOffset CreatedAt, DateTimeOffset NextAttemptAt, string? LastError, long Bytes, string Owner);

public readonly record struct BufferKey(string Tenant, string OrderKey);

public sealed record BufferReceipt(string Id, string State, bool IsDuplicate);

/// <param name="Bytes">Of waiting and dead items.</param>
/// <param name="Oldest">When the oldest waiting item was accepted.</param>
public sealed record BufferTotals(long Queued, long Dead, long Bytes, DateTimeOffset? Oldest);

public static class BufferState
{
    public const string Queued = "queued";
    public const string Dead = "dead";
    public const string Done = "done";
}

/// <summary>
/// Bounds, dead letters included. 10 000 waiting writes a tenant is where the ancestor's outbox began to refuse;
/// the bytes allow about 6 kB each.
/// </summary>
public sealed record BufferLimits(long TenantItems = 10_000, long TenantBytes = 64L << 20, long AllItems = 100_000, long AllBytes = 512L << 20)
{
    /// <summary>How long the id of an applied item is known: longer than a client may reasonably repeat it.</summary>
    public static readonly TimeSpan DoneKept = TimeSpan.FromDays(7);
}
