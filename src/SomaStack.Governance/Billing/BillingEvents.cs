namespace SomaStack.Governance.Billing.Contracts;

/// <summary>Money that moved, money that was found lying about, costs that deserve a look, and changes of limits and prices. A free call moves no money.</summary>
public static class BillingEvents
{
    public const string Settled = "somastack.billing.settled.v1";
    public const string ReservationReleased = "somastack.billing.reservation_released.v1";
    public const string CostAnomaly = "somastack.billing.cost_anomaly.v1";
    public const string LimitChanged = "somastack.billing.limit_changed.v1";
    public const string LimitRemoved = "somastack.billing.limit_removed.v1";
    public const string PriceAdded = "somastack.billing.price_added.v1";
}

/// <param name="CostNanos">Null when the cost is unknown.</param>
public sealed record UsageSettled(
    string ReservationId, string Provider, string Model, string Purpose, long? InputTokens, long? OutputTokens, long? CachedInputTokens, long? ReasoningTokens,
    long? CostNanos, string Currency, long? CacheWriteTokens = null);

/// <param name="Nanos">What was bound and is free again; null when the reservation had no known amount.</param>
public sealed record ReservationReleased(string ReservationId, string Provider, string Model, long? Nanos, string Currency, string Reason);

/// <param name="Reason">price_unknown, usage_missing, usage_unpriced, no_tokens, zero_cost or over_reservation.</param>
/// <param name="CostNanos">Null when the cost is unknown.</param>
/// <param name="ReservedNanos">Null when the reservation had no known amount.</param>
public sealed record CostAnomaly(
    string ReservationId, string Provider, string Model, string Purpose, string Reason, long? InputTokens, long? OutputTokens, long? CostNanos, long? ReservedNanos, string Currency);

/// <param name="Amount">Nanos of USD, requests or tokens; of what was removed, the last one.</param>
public sealed record LimitChanged(
    string Id, string Metric, string Window, long Amount, string? Principal, string? ApiKey, string? Provider, string? Model, long Version);

/// <summary>A new row of the installation's price book; an old one never changes. Nanos per million tokens.</summary>
public sealed record PriceAdded(
    string Provider, string Model, string? AliasOf, DateTimeOffset ValidFrom, string Currency, long InputNanos, long OutputNanos, string Source, string AddedBy);
