using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>Holds a call to every limit that it fits, at once: those of its tenant, its principal, the key it came with and its model.</summary>
internal sealed class BindLimits(ServedLimits served, IWindows windows, TimeProvider clock)
{
    /// <summary>Whether it is known that no limit fits the call.</summary>
    public bool SurelyNone(RequestContext context, ReservationRequest request)
    {
        if (served.Known(context.Tenant) is not { } limits) return false;
        foreach (var limit in limits)
            if (limit.Fits(context.Principal, request.Provider, request.Model)) return false;
        return true;
    }

    /// <param name="nanos">The most that the call may cost; null when that is unknown.</param>
    /// <returns>What the call would take, in the order in which every transaction takes; none when no limit fits it.</returns>
    /// <exception cref="Problem">422 <c>price_unknown</c> when a limit on money fits it and its cost is unknown.</exception>
    public async ValueTask<IReadOnlyList<Take>> TakesAsync(DbWork work, RequestContext context, ReservationRequest request, long? nanos)
    {
        var limits = await served.OfAsync(work, context.Tenant);
        if (limits.Count == 0) return [];
        var takes = new List<Take>();
        var now = clock.GetUtcNow();
        foreach (var limit in limits)
        {
            if (!limit.Fits(context.Principal, request.Provider, request.Model)) continue;
            var (start, end) = Limit.WindowOf(limit.Window, now);
            if (limit.Metric == LimitMetric.Requests) takes.Add(new Take(limit, start, end, 0, 1));
            else if (limit.Metric == LimitMetric.Tokens) takes.Add(new Take(limit, start, end, Tokens(request), 0));
            else if (nanos is null) throw BillingProblems.PriceUnknown.Because($"'{request.Model}' of '{request.Provider}' is not in the price book, so the limit of {limit.Words()} cannot hold it.");
            else if (nanos > 0) takes.Add(new Take(limit, start, end, nanos.Value, 0));
        }
        return takes;
    }

    /// <exception cref="Problem">429 naming the limit that is reached and frees up last.</exception>
    public async ValueTask TakeAsync(DbWork work, RequestContext context, string reservationId, IReadOnlyList<Take> takes)
    {
        if (takes.Count == 0) return;
        var full = await windows.TakeAsync(work, context.Tenant, reservationId, takes);
        if (full.Count > 0) throw Refusal(full);
    }

    /// <param name="usage">Null when the reservation is given back.</param>
    /// <param name="isHeld">False when what it held was given back before.</param>
    public Task EndAsync(DbWork work, ReservationRow row, TokenUsage? usage, long? cost, bool isHeld)
    {
        if (row.Binds is null) return Task.CompletedTask;
        var binds = Bind.Read(row.Binds);
        return windows.CorrectAsync(work, row.Tenant, binds, WindowChange.Of(binds, usage, cost, isHeld));
    }

    private Problem Refusal(IReadOnlyList<Take> full)
    {
        var last = full[0];
        foreach (var take in full)
            if (take.End > last.End) last = take;
        BillingMetrics.Refused(last.Limit.Metric);
        var wait = last.End.ToInstant() - clock.GetUtcNow();
        var isMoney = last.Limit.Metric == LimitMetric.Money;
        var asks = isMoney ? $"may cost {last.Bound / 1_000_000_000m} USD" : last.Limit.Metric == LimitMetric.Tokens ? $"may use {last.Bound} tokens" : "is one more";
        return new Problem(isMoney ? BillingProblems.BudgetExhausted : PlatformProblems.RateLimited, $"The call {asks}, and the limit of {last.Limit.Words()} does not hold that until {last.End.ToInstant():yyyy-MM-ddTHH:mm:ssZ}.")
        {
            RetryAfter = wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1),
            Reasons = [.. full.Select(static take => new Reason("limit_reached", $"The limit is {take.Limit.Words()}.", take.Limit.Id, take.Limit.Version))],
        };
    }

    /// <summary>Far inside 64 bits, whatever a caller asks for.</summary>
    private static long Tokens(ReservationRequest request) => Math.Min(request.InputTokensMax, ChangeLimits.AmountMax) + Math.Min(request.OutputTokensMax, ChangeLimits.AmountMax);
}
