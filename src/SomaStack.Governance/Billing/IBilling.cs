using SomaStack.Platform;

namespace SomaStack.Governance.Billing.Contracts;

/// <summary>Money: reserved before a model call, settled after it, in a double-entry ledger. Nanos of the currency inside.</summary>
public interface IBilling
{
    /// <summary>The prices of a model now; null when the price book does not know it, and then cost is shown as unknown, never as zero.</summary>
    ModelPrice? PriceOf(string provider, string model);

    /// <summary>Whole-number nanos, rounded half to even once. Null when the price is unknown.</summary>
    long? CostNanos(ModelPrice? price, TokenUsage usage);

    /// <summary>
    /// Reserves the most that the call may cost, inside the caller's transaction. Repeating it with the same id changes nothing.
    /// </summary>
    /// <exception cref="Problem">429 <c>budget_exhausted</c> when the tenant's budget does not hold it.</exception>
    Task ReserveAsync(DbWork work, RequestContext context, ReservationRequest request);

    /// <summary>Replaces the reservation by what was used, with balanced ledger entries. Repeating it changes nothing.</summary>
    Task<Settlement> SettleAsync(DbWork work, RequestContext context, string reservationId, TokenUsage usage);

    /// <summary>Gives the reservation back, e.g. when the model was never reached.</summary>
    Task ReleaseAsync(DbWork work, RequestContext context, string reservationId, string reason);

    /// <summary>What is left of today's budget over its limit, 0 to 1; null when there is no limit.</summary>
    ValueTask<double?> BudgetRatioAsync(string tenant, CancellationToken cancellationToken);
}

/// <summary>Price in nanos of the currency per million tokens.</summary>
public sealed record ModelPrice(string Provider, string Model, string Currency, long InputNanosPerMillion, long OutputNanosPerMillion, long? CachedInputNanosPerMillion, DateOnly ValidFrom);

/// <param name="InputTokens">As the provider counted them, those of its cache included; null when it did not say. Likewise below.</param>
/// <param name="CacheWriteTokens">Input tokens, among the others, that the provider wrote into its cache for later requests.</param>
public sealed record TokenUsage(long? InputTokens, long? OutputTokens, long? CachedInputTokens = null, long? ReasoningTokens = null, long? CacheWriteTokens = null);

public sealed record ReservationRequest(string Id, string Provider, string Model, long InputTokensMax, long OutputTokensMax, string Purpose);

/// <param name="CostNanos">Null when the price or the usage is unknown.</param>
public sealed record Settlement(string ReservationId, long? CostNanos, string Currency, TokenUsage Usage);
