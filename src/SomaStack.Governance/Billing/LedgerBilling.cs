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
        var amount = PriceOf(request, clock.GetUtcNow()) is { } price ? Pricing.MostNanos(UnitPrices.Of(price), request) : null;
        if (amount is not { } most) return false;
        return most == 0 || (_ratios.TryGetValue(context.Tenant, out var day) && clock.GetUtcNow() < day.Until && day.Left / CallsWhileFresh >= most);
    }

    public Task ReserveAsync(DbWork work, RequestContext context, ReservationRequest request) => ReserveAsync(work, [(context, request)]);

    public async Task ReserveAsync(DbWork work, IReadOnlyList<(RequestContext Context, ReservationRequest Request)> calls)
    {
        var now = clock.GetUtcNow();
        var (rows, takes) = (new List<ReservationRow>(calls.Count), new List<IReadOnlyList<Take>>(calls.Count));
        foreach (var (context, request) in calls)
        {
            Check.That(request.InputTokensMax >= 0, "input_tokens_max", "must not be negative").And(request.OutputTokensMax >= 0, "output_tokens_max", "must not be negative").OrThrow();
            var price = PriceOf(request, now);
            var amount = price is null ? null : Pricing.MostNanos(UnitPrices.Of(price), request);
            if (amount > LargestReservation) throw Problem.Invalid("max_tokens", "asks for more than any call may cost");
            takes.Add(await limits.TakesAsync(work, context, request, amount));
            rows.Add(Row(context, request, price, amount, takes[^1], now));
        }
        if (await LedgerStore.AddAsync(work, rows) != rows.Count)
        {
            await MustBeKnownAsync(work, rows);
            return;
        }
        await BindAsync(work, rows, now);
        // Last: where windows are counted outside the database, nothing that the database refuses is counted.
        for (var i = 0; i < rows.Count; i++) await limits.TakeAsync(work, calls[i].Context, rows[i].Id, takes[i]);
        work.OnCommit(() =>
        {
            foreach (var row in rows) held.Keep(row);
        });
    }

    public async Task<Settlement> SettleAsync(DbWork work, RequestContext context, string reservationId, TokenUsage usage)
    {
        var end = new LedgerEnd();
        var (row, settlement, _) = await EndAsync(work, new EndedCall(context, reservationId, usage), end);
        await KeepAsync(work, context.Tenant, end);
        if (end.Transactions.Count > 0)
        {
            await journal.AppendAsync(work, context, BillingEvents.Settled,
                new UsageSettled(row.Id, row.Provider, row.Model, row.Purpose, usage.InputTokens, usage.OutputTokens, usage.CachedInputTokens, usage.ReasoningTokens,
                    settlement.CostNanos, row.Currency, usage.CacheWriteTokens), BillingJson.Default.UsageSettled);
        }
        return settlement;
    }

    public async Task<IReadOnlyList<Settlement?>> SettleAsync(DbWork work, IReadOnlyList<EndedCall> ended)
    {
        var (end, settlements) = (new LedgerEnd(), new List<Settlement?>(ended.Count));
        foreach (var call in ended)
        {
            var (_, settlement, isRepeated) = await EndAsync(work, call, end);
            settlements.Add(isRepeated ? null : settlement);
        }
        if (ended.Count > 0) await KeepAsync(work, ended[0].Context.Tenant, end);
        return settlements;
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
            await LedgerStore.AdjustDayAsync(work, row.Tenant, row.Day, row.Currency, -bound, 0);
            await LedgerStore.PostAsync(work, [new LedgerTransaction(row, "release", Ids.New(clock), Ledger.Release(bound), now)]);
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

    /// <summary>A repeated reservation changes nothing; another call under the same id is refused.</summary>
    private static async Task MustBeKnownAsync(DbWork work, List<ReservationRow> rows)
    {
        // Of several some may have been added: the caller rolls back and comes again with each.
        if (rows is not [var row]) throw BillingProblems.ReservationTaken.Because("An id was used before.");
        var known = await LedgerStore.FindAsync(work, row.Tenant, row.Id);
        if (known is null || known.Provider != row.Provider || known.Model != row.Model) throw BillingProblems.ReservationTaken.Because("The id was used for another call.");
    }

    /// <summary>Binds the amounts in the tenant's day, under its budget, and posts them.</summary>
    private async Task BindAsync(DbWork work, List<ReservationRow> rows, DateTimeOffset now)
    {
        var tenant = rows[0].Tenant;
        var budget = (await settings.OfTenantAsync(work, tenant)).DailyBudgetNanos;
        var sum = 0L;
        var posted = new List<LedgerTransaction>(rows.Count);
        foreach (var row in rows)
        {
            if (row.ReservedNanos is null && budget is not null) throw BillingProblems.PriceUnknown.Because($"'{row.Model}' of '{row.Provider}' is not in the price book, so a daily budget cannot hold it.");
            if (row.ReservedNanos is not { } amount || amount == 0) continue;
            sum = checked(sum + amount);
            posted.Add(new LedgerTransaction(row, "reserve", Ids.New(clock), Ledger.Reserve(amount), row.CreatedAt));
        }
        if (sum == 0) return;
        var currency = posted[0].Of.Currency;
        if (sum > (budget ?? long.MaxValue) || !await LedgerStore.TryBindAsync(work, tenant, rows[0].Day, currency, sum, budget ?? long.MaxValue))
            throw new Problem(BillingProblems.BudgetExhausted, $"The call may cost {sum / 1_000_000_000m} {currency} and today's budget does not hold that.") { RetryAfter = UntilTomorrow(now) };
        await LedgerStore.PostAsync(work, posted);
    }

    /// <summary>Ends one reservation; what its end does to the day and the ledger is added to <paramref name="end"/>.</summary>
    private async Task<(ReservationRow Row, Settlement Settlement, bool IsRepeated)> EndAsync(DbWork work, EndedCall call, LedgerEnd end)
    {
        var (context, usage) = (call.Context, call.Usage);
        var row = held.Find(context.Tenant, call.ReservationId) ?? await LedgerStore.FindAsync(work, context.Tenant, call.ReservationId)
            ?? throw BillingProblems.ReservationUnknown.Because("Nothing was reserved under this id.");
        var cost = row.Prices is { } known ? Pricing.CostNanos(known, usage) : null;
        var applied = cost is null ? row.Prices : row.Prices?.For(usage.InputTokens);
        var anomaly = CostAnomalies.ReasonOf(row.Prices, row.ReservedNanos, usage, cost);
        var now = clock.NowMicros();
        var isHeld = await LedgerStore.TrySettleAsync(work, row, ReservationRow.Held, usage, applied, cost, anomaly, now);
        // Released too early, e.g. by the sweep while the call still ran: what was used is owed all the same.
        if (!isHeld && !await LedgerStore.TrySettleAsync(work, row, ReservationRow.Released, usage, applied, cost, anomaly, now))
        {
            var settled = (await LedgerStore.FindAsync(work, context.Tenant, call.ReservationId))!;
            return (row, new Settlement(call.ReservationId, settled.CostNanos, settled.Currency, settled.Usage), true);
        }
        work.OnCommit(() => held.Forget(row));
        var bound = isHeld ? row.ReservedNanos ?? 0 : 0;
        var postings = Ledger.Settle(bound, cost);
        if (postings.Count > 0)
        {
            // An unknown cost stays bound for the day: at most that was spent. Nothing moves in the day's figures then.
            if (cost is not null) end.Move(row.Day, row.Currency, -bound, cost.Value);
            end.Transactions.Add(new LedgerTransaction(row, "settle", Ids.New(clock), postings, now));
        }
        await limits.EndAsync(work, row, usage, cost, isHeld);
        if (anomaly is not null) await anomalies.NoteAsync(work, context, row, usage, cost, anomaly);
        return (row, new Settlement(call.ReservationId, cost, row.Currency, usage), false);
    }

    private static async Task KeepAsync(DbWork work, string tenant, LedgerEnd end)
    {
        foreach (var (day, currency, bound, spent) in end.Days) await LedgerStore.AdjustDayAsync(work, tenant, day, currency, bound, spent);
        await LedgerStore.PostAsync(work, end.Transactions);
    }

    internal static long DayOf(DateTimeOffset instant) => (instant.UtcDateTime - DateTime.UnixEpoch).Days;

    private static ReservationRow Row(RequestContext context, ReservationRequest request, ModelPrice? price, long? amount, IReadOnlyList<Take> takes, DateTimeOffset now)
    {
        var more = price is null ? null : new ReservationMore(
            price.CacheWriteNanosPerMillion, price.CacheWriteHourNanosPerMillion, price.AudioNanosPerMinute, price.CharacterNanosPerMillion, price.Tier, CallNanos: price.CallNanos);
        return new ReservationRow(
            context.Tenant, request.Id, DayOf(now), context.Principal.Id, request.Provider, request.Model, request.Purpose, ReservationRow.Held, price?.Currency ?? Currency, amount,
            price is null ? null : PriceStore.Text(price.Since), price?.InputNanosPerMillion, price?.OutputNanosPerMillion, price?.CachedInputNanosPerMillion,
            new TokenUsage(null, null), null, now.ToMicros(), context.Principal.Key, more, Bind.Write(takes));
    }

    private ModelPrice? PriceOf(ReservationRequest request, DateTimeOffset now) => request.Fixed is not { } price ? prices.Find(request.Provider, request.Model)
        : new ModelPrice(request.Provider, request.Model, price.Currency, 0, 0, null, DateOnly.FromDateTime(now.UtcDateTime)) { CallNanos = price.Nanos };

    private static TimeSpan UntilTomorrow(DateTimeOffset now) => now.UtcDateTime.Date.AddDays(1) - now.UtcDateTime;
}

/// <summary>What the ends of some calls of a tenant do to its days and its ledger.</summary>
internal sealed class LedgerEnd
{
    public List<LedgerTransaction> Transactions { get; } = [];

    public List<(long Day, string Currency, long Bound, long Spent)> Days { get; } = [];

    public void Move(long day, string currency, long bound, long spent)
    {
        for (var i = 0; i < Days.Count; i++)
        {
            var known = Days[i];
            if (known.Day != day || known.Currency != currency) continue;
            Days[i] = (day, currency, known.Bound + bound, known.Spent + spent);
            return;
        }
        Days.Add((day, currency, bound, spent));
    }
}
