using System.Collections.Concurrent;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>
/// Looks at each settled cost for what is usually a mistake: work that cost nothing, or nobody knows what. Each such call is marked in its
/// row and counted; an event tells of the first of an hour of a model and a reason on this replica, so that an unpriced model does not fill the journal.
/// </summary>
internal sealed class CostAnomalies(Journal journal, TimeProvider clock)
{
    /// <summary>The price book does not know the model.</summary>
    public const string PriceUnknown = "price_unknown";

    /// <summary>The provider, or a stream that was cut, did not say what was used.</summary>
    public const string UsageMissing = "usage_missing";

    /// <summary>The provider's counts contradict each other or the price book lacks a price for one of them.</summary>
    public const string UsageUnpriced = "usage_unpriced";

    /// <summary>The provider says that a call of a model that costs something used nothing.</summary>
    public const string NoTokens = "no_tokens";

    /// <summary>Tokens were used at a price that is not nothing, and the cost is.</summary>
    public const string ZeroCost = "zero_cost";

    /// <summary>It cost more than the most that was reserved.</summary>
    public const string OverReservation = "over_reservation";

    public static readonly IReadOnlyList<string> All = [PriceUnknown, UsageMissing, UsageUnpriced, NoTokens, ZeroCost, OverReservation];

    private const int ToldMax = 10_000;

    private readonly ConcurrentDictionary<(string Tenant, string Provider, string Model, string Reason), long> _told = new();

    /// <param name="prices">Those of the reservation; null when the price book did not know the model.</param>
    /// <returns>Null when the cost is as it should be. A model whose price row says that it is free costs nothing rightly.</returns>
    public static string? ReasonOf(UnitPrices? prices, long? reserved, TokenUsage usage, long? cost)
    {
        if (prices is not { } price) return PriceUnknown;
        if (price.IsFree) return null;
        if (cost is null) return IsMissing(price, usage) ? UsageMissing : UsageUnpriced;
        if (cost > reserved) return OverReservation;
        if (cost > 0) return null;
        return (usage.InputTokens ?? 0) + (usage.OutputTokens ?? 0) + (usage.AudioMilliseconds ?? 0) + (usage.Characters ?? 0) == 0 ? NoTokens : ZeroCost;
    }

    public async Task NoteAsync(DbWork work, RequestContext context, ReservationRow row, TokenUsage usage, long? cost, string reason)
    {
        work.OnCommit(() => BillingMetrics.Anomaly(reason));
        var (key, hour) = ((row.Tenant, row.Provider, row.Model, reason), clock.NowMicros() / 3_600_000_000);
        if (_told.TryGetValue(key, out var told) && told == hour) return;
        await journal.AppendAsync(work, context, BillingEvents.CostAnomaly,
            new CostAnomaly(row.Id, row.Provider, row.Model, row.Purpose, reason, usage.InputTokens, usage.OutputTokens, cost, row.ReservedNanos, row.Currency), BillingJson.Default.CostAnomaly);
        work.OnCommit(() =>
        {
            if (_told.Count >= ToldMax) _told.Clear();
            _told[key] = hour;
        });
    }

    private static bool IsMissing(in UnitPrices price, TokenUsage usage) =>
        (price.Input > 0 && usage.InputTokens is null) || (price.Output > 0 && usage.OutputTokens is null)
        || (price.AudioMinute is > 0 && usage.AudioMilliseconds is null) || (price.Characters is > 0 && usage.Characters is null);
}
