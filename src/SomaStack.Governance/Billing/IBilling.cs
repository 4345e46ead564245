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
    /// <exception cref="Problem">
    /// 429 <c>budget_exhausted</c> or <c>rate_limited</c> when the tenant's budget or a limit does not hold it; 503 <c>counters_unavailable</c>.
    /// </exception>
    Task ReserveAsync(DbWork work, RequestContext context, ReservationRequest request);

    /// <summary>
    /// Whether nothing can refuse this reservation: then, and only then, a provider may be asked while it is still being written. False
    /// wherever that is not known. No I/O.
    /// </summary>
    ValueTask<bool> IsSureAsync(RequestContext context, ReservationRequest request);

    /// <summary>Replaces the reservation by what was used, with balanced ledger entries. Repeating it changes nothing.</summary>
    Task<Settlement> SettleAsync(DbWork work, RequestContext context, string reservationId, TokenUsage usage);

    /// <summary>Several reservations of one tenant, all or none: when one is refused the caller rolls back and reserves each by itself.</summary>
    /// <exception cref="Problem">As for one.</exception>
    async Task ReserveAsync(DbWork work, IReadOnlyList<(RequestContext Context, ReservationRequest Request)> calls)
    {
        foreach (var (context, request) in calls) await ReserveAsync(work, context, request);
    }

    /// <summary>
    /// Settles several calls of one tenant, for a caller that itself journals what each used and cost: no line of the billing room repeats
    /// it. Repeating it changes nothing.
    /// </summary>
    /// <returns>For each call what was booked; null where it had been settled before.</returns>
    async Task<IReadOnlyList<Settlement?>> SettleAsync(DbWork work, IReadOnlyList<EndedCall> ended)
    {
        var settlements = new List<Settlement?>(ended.Count);
        foreach (var call in ended) settlements.Add(await SettleAsync(work, call.Context, call.ReservationId, call.Usage));
        return settlements;
    }

    /// <summary>Gives the reservation back, e.g. when the model was never reached.</summary>
    Task ReleaseAsync(DbWork work, RequestContext context, string reservationId, string reason);

    /// <summary>What is left of today's budget over its limit, 0 to 1; null when there is no limit.</summary>
    ValueTask<double?> BudgetRatioAsync(string tenant, CancellationToken cancellationToken);
}

/// <summary>Price in nanos of the currency per million tokens.</summary>
public sealed record ModelPrice(string Provider, string Model, string Currency, long InputNanosPerMillion, long OutputNanosPerMillion, long? CachedInputNanosPerMillion, DateOnly ValidFrom)
{
    /// <summary>The instant from which it holds; midnight UTC of <see cref="ValidFrom"/> unless it says more.</summary>
    public DateTimeOffset Since { get; init; } = new(ValidFrom, TimeOnly.MinValue, TimeSpan.Zero);

    /// <summary>Tokens that were written to a provider's prompt cache; null when that price is not known.</summary>
    public long? CacheWriteNanosPerMillion { get; init; }

    /// <summary>Those that are kept for an hour; null when they cost what any written token does.</summary>
    public long? CacheWriteHourNanosPerMillion { get; init; }

    /// <summary>A minute of audio that was heard; null when the model is not priced by time.</summary>
    public long? AudioNanosPerMinute { get; init; }

    /// <summary>A million characters that were spoken; null when the model is not priced by them.</summary>
    public long? CharacterNanosPerMillion { get; init; }

    /// <summary>Prices of a call with a long prompt; null when its length does not matter.</summary>
    public PriceTier? Tier { get; init; }

    /// <summary>One call, whatever it uses; null when only what it uses is paid for.</summary>
    public long? CallNanos { get; init; }

    /// <summary>Nothing of it costs anything.</summary>
    public bool IsFree => (InputNanosPerMillion, OutputNanosPerMillion, CachedInputNanosPerMillion ?? 0, CacheWriteNanosPerMillion ?? 0, AudioNanosPerMinute ?? 0, CharacterNanosPerMillion ?? 0) is (0, 0, 0, 0, 0, 0)
        && Tier is null && CallNanos is null or 0;

    /// <summary>The model whose price this name has; null for a name of its own.</summary>
    public string? AliasOf { get; init; }
}

/// <summary>Prices of every token of a call whose prompt has more than <paramref name="AboveTokens"/>, in nanos per million.</summary>
public sealed record PriceTier(long AboveTokens, long InputNanos, long OutputNanos, long? CachedInputNanos = null, long? CacheWriteNanos = null, long? CacheWriteHourNanos = null);

/// <param name="InputTokens">As the provider counted them, cached and cache-written ones included; null when it did not say.</param>
/// <param name="OutputTokens">Reasoning ones included.</param>
/// <param name="CacheWriteTokens">Those that the provider put into its prompt cache, where that costs extra.</param>
public sealed record TokenUsage(long? InputTokens, long? OutputTokens, long? CachedInputTokens = null, long? ReasoningTokens = null, long? CacheWriteTokens = null)
{
    /// <summary>The part of <see cref="CacheWriteTokens"/> that is kept for an hour.</summary>
    public long? CacheWriteHourTokens { get; init; }

    /// <summary>Length of the audio that a transcription heard.</summary>
    public long? AudioMilliseconds { get; init; }

    /// <summary>Characters that a speech model spoke.</summary>
    public long? Characters { get; init; }
}

public sealed record ReservationRequest(string Id, string Provider, string Model, long InputTokensMax, long OutputTokensMax, string Purpose)
{
    /// <summary>For a model that is priced by time.</summary>
    public long? AudioMillisecondsMax { get; init; }

    /// <summary>For a model that is priced by characters.</summary>
    public long? CharactersMax { get; init; }

    /// <summary>For what has one price a call and is in no price book, as tools are; it takes the place of the book's.</summary>
    public FixedPrice? Fixed { get; init; }
}

/// <param name="Nanos">Billionths of the currency for one call.</param>
public sealed record FixedPrice(long Nanos, string Currency);

/// <summary>What a call that was reserved under <paramref name="ReservationId"/> has used.</summary>
public readonly record struct EndedCall(RequestContext Context, string ReservationId, TokenUsage Usage);

/// <param name="CostNanos">Null when the price or the usage is unknown.</param>
public sealed record Settlement(string ReservationId, long? CostNanos, string Currency, TokenUsage Usage);
