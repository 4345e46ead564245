using System.Collections.Concurrent;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>Reserves before a call and settles after it, inside the caller's transaction.</summary>
internal sealed class LedgerBilling(
    PriceBook prices, LedgerStore store, HeldReservations held, BindLimits limits, CostAnomalies anomalies, ISettings settings, Journal journal, TimeProvider clock) : IBilling
{
    private const string Currency = "USD";

    /// <summary>No single call costs a hundred million dollars; the bound keeps every sum far inside 64 bits.</summary>
    private const long LargestReservation = 100_000_000_000_000_000;

    /// <summary>The ratio feeds a score and decides nothing alone, so it may be this old; the reservation itself is exact.</summary>
    private static readonly TimeSpan RatioFreshness = TimeSpan.FromSeconds(1);

    /// <summary>More calls than all replicas together open while the reading of a day is fresh.</summary>
    private const long CallsWhileFresh = 65_536;

    private readonly ConcurrentDictionary<string, (double Ratio, long Left, DateTimeOffset Until)> _ratios = new(StringComparer.Ordinal);

    public ModelPrice? PriceOf(string provider, string model) => prices.Find(provider, model);

    public long? CostNanos(ModelPrice? price, TokenUsage usage) => price is null ? null : Pricing.CostNanos(UnitPrices.Of(price), usage);

    public async ValueTask<bool> IsSureAsync(RequestContext context, ReservationRequest request)
    {
        if (!limits.SurelyNone(context, request)) return false;
        if ((await settings.OfTenantAsync(context.Tenant, CancellationToken.None)).DailyBudgetNanos is null) return true;
        var amount = prices.Find(request.Provider, request.Model) is { } price ? Pricing.MostNanos(UnitPrices.Of(price), request) : null;
        if (amount is not { } most) return false;
        return most == 0 || (_ratios.TryGetValue(context.Tenant, out var day) && clock.GetUtcNow() < day.Until && day.Left / CallsWhileFresh >= most);
    }

    public async Task ReserveAsync(DbWork work, RequestContext context, ReservationRequest request)
    {
        Check.That(request.InputTokensMax >= 0, "input_tokens_max", "must not be negative").And(request.OutputTokensMax >= 0, "output_tokens_max", "must not be negative").OrThrow();
        var price = prices.Find(request.Provider, request.Model);
        var amount = price is null ? null : Pricing.MostNanos(UnitPrices.Of(price), request);
        if (amount > LargestReservation) throw Problem.Invalid("max_tokens", "asks for more than any call may cost");
        var now = clock.GetUtcNow();
        var takes = await limits.TakesAsync(work, context, request, amount);
        var row = Row(context, request, price, amount, takes, now);
        if (!await LedgerStore.TryAddAsync(work, row, price is null ? null : ReservationMore.Write(UnitPrices.Of(price), row.Usage)))
        {
            var known = await LedgerStore.FindAsync(work, context.Tenant, request.Id);
            if (known is null || known.Provider != row.Provider || known.Model != row.Model) throw BillingProblems.ReservationTaken.Because("The id was used for another call.");
            return;
        }
        var budget = (await settings.OfTenantAsync(work, context.Tenant)).DailyBudgetNanos;
        if (amount is null && budget is not null) throw BillingProblems.PriceUnknown.Because($"'{request.Model}' of '{request.Provider}' is not in the price book, so a daily budget cannot hold it.");
        if (amount is > 0)
        {
            if (amount > (budget ?? long.MaxValue) || !await LedgerStore.TryBindAsync(work, row.Tenant, row.Day, row.Currency, amount.Value, budget ?? long.MaxValue))
                throw new Problem(BillingProblems.BudgetExhausted, $"The call may cost {amount / 1_000_000_000m} {row.Currency} and today's budget does not hold that.") { RetryAfter = UntilTomorrow(now) };
            await LedgerStore.PostAsync(work, row, "reserve", Ids.New(clock), Ledger.Reserve(amount.Value), row.CreatedAt);
        }
        // Last: where windows are counted outside the database, nothing that the database refuses is counted.
        await limits.TakeAsync(work, context, row.Id, takes);
        work.OnCommit(() => held.Keep(row));
    }

    public async Task<Settlement> SettleAsync(DbWork work, RequestContext context, string reservationId, TokenUsage usage)
    {
        var row = held.Find(context.Tenant, reservationId) ?? await LedgerStore.FindAsync(work, context.Tenant, reservationId)
            ?? throw BillingProblems.ReservationUnknown.Because("Nothing was reserved under this id.");
        var cost = row.Prices is { } known ? Pricing.CostNanos(known, usage) : null;
        var applied = cost is null ? row.Prices : row.Prices?.For(usage.InputTokens);
        var anomaly = CostAnomalies.ReasonOf(row.Prices, row.ReservedNanos, usage, cost);
        var now = clock.NowMicros();
        var isHeld = await LedgerStore.TrySettleAsync(work, row, ReservationRow.Held, usage, applied, cost, anomaly, now);
        // Released too early, e.g. by the sweep while the call still ran: what was used is owed all the same.
        if (!isHeld && !await LedgerStore.TrySettleAsync(work, row, ReservationRow.Released, usage, applied, cost, anomaly, now))
        {
            var settled = (await LedgerStore.FindAsync(work, context.Tenant, reservationId))!;
            return new Settlement(reservationId, settled.CostNanos, settled.Currency, settled.Usage);
        }
        work.OnCommit(() => held.Forget(row));
        var bound = isHeld ? row.ReservedNanos ?? 0 : 0;
        var postings = Ledger.Settle(bound, cost);
        if (postings.Count > 0)
        {
            // An unknown cost stays bound for the day: at most that was spent. Nothing moves in the day's figures then.
            if (cost is not null) await LedgerStore.AdjustDayAsync(work, row, -bound, cost.Value);
            await LedgerStore.PostAsync(work, row, "settle", Ids.New(clock), postings, now);
            await journal.AppendAsync(work, context, BillingEvents.Settled,
                new UsageSettled(row.Id, row.Provider, row.Model, row.Purpose, usage.InputTokens, usage.OutputTokens, usage.CachedInputTokens, usage.ReasoningTokens, cost, row.Currency, usage.CacheWriteTokens),
                BillingJson.Default.UsageSettled);
        }
        await limits.EndAsync(work, row, usage, cost, isHeld);
        if (anomaly is not null) await anomalies.NoteAsync(work, context, row, usage, cost, anomaly);
        return new Settlement(reservationId, cost, row.Currency, usage);
    }

    public Task ReleaseAsync(DbWork work, RequestContext context, string reservationId, string reason) => TryReleaseAsync(work, context, reservationId, reason);

    /// <returns>What was released; null when there was nothing to release.</returns>
    internal async Task<ReservationRow?> TryReleaseAsync(DbWork work, RequestContext context, string reservationId, string reason)
    {
        var row = held.Find(context.Tenant, reservationId) ?? await LedgerStore.FindAsync(work, context.Tenant, reservationId);
        var now = clock.NowMicros();
        if (row is null || !await LedgerStore.TryReleaseAsync(work, row, reason, now)) return null;
        work.OnCommit(() => held.Forget(row));
        if (row.ReservedNanos is > 0 and var bound)
        {
            await LedgerStore.AdjustDayAsync(work, row, -bound, 0);
            await LedgerStore.PostAsync(work, row, "release", Ids.New(clock), Ledger.Release(bound), now);
        }
        await limits.EndAsync(work, row, null, null, isHeld: true);
        return row;
    }

    public async ValueTask<double?> BudgetRatioAsync(string tenant, CancellationToken cancellationToken)
    {
        if ((await settings.OfTenantAsync(tenant, cancellationToken)).DailyBudgetNanos is not { } limit) return null;
        var now = clock.GetUtcNow();
        if (_ratios.TryGetValue(tenant, out var known) && now < known.Until) return known.Ratio;
        var (bound, spent) = await store.DayAsync(tenant, DayOf(now), Currency, cancellationToken) ?? (0, 0);
        var ratio = limit == 0 ? 0 : Math.Clamp((limit - bound - spent) / (double)limit, 0, 1);
        if (_ratios.Count >= 10_000) _ratios.Clear();
        _ratios[tenant] = (ratio, limit - bound - spent, now + RatioFreshness);
        return ratio;
    }

    internal static long DayOf(DateTimeOffset instant) => (instant.UtcDateTime - DateTime.UnixEpoch).Days;

    private static ReservationRow Row(RequestContext context, ReservationRequest request, ModelPrice? price, long? amount, IReadOnlyList<Take> takes, DateTimeOffset now)
    {
        var more = price is null ? null : new ReservationMore(
            price.CacheWriteNanosPerMillion, price.CacheWriteHourNanosPerMillion, price.AudioNanosPerMinute, price.CharacterNanosPerMillion, price.Tier);
        return new ReservationRow(
            context.Tenant, request.Id, DayOf(now), context.Principal.Id, request.Provider, request.Model, request.Purpose, ReservationRow.Held, price?.Currency ?? Currency, amount,
            price is null ? null : PriceStore.Text(price.Since), price?.InputNanosPerMillion, price?.OutputNanosPerMillion, price?.CachedInputNanosPerMillion,
            new TokenUsage(null, null), null, now.ToMicros(), context.Principal.Key, more, Bind.Write(takes));
    }

    private static TimeSpan UntilTomorrow(DateTimeOffset now) => now.UtcDateTime.Date.AddDays(1) - now.UtcDateTime;
}
