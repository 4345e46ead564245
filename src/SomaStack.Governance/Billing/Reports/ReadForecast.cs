using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

internal sealed record ForecastDayView(string Day, decimal Value);

/// <param name="Mape">Measured on the tenant's own days, as a fraction; null when there are too few to measure.</param>
/// <param name="NaiveMape">Of repeating the last week, on the same days.</param>
/// <param name="Days">Null when there are fewer than 14 days of history.</param>
internal sealed record ForecastSeriesView(IReadOnlyList<ForecastDayView>? Days, double? Mape, double? NaiveMape, int Points);

/// <param name="HistoryDays">Complete UTC days from the first call on; today is not among them.</param>
/// <param name="UnknownCostCalls">Calls of those days whose cost nobody knows: they are not in <paramref name="Money"/>.</param>
internal sealed record ForecastView(string Method, int HistoryDays, string Currency, ForecastSeriesView Tokens, ForecastSeriesView Money, long UnknownCostCalls);

/// <summary>What a day used, of the calls that told.</summary>
internal readonly record struct DayTotals(long Day, long Tokens, long Nanos, long UnknownCostCalls);

/// <summary>What the next seven days will take, if they are like the last weeks.</summary>
internal sealed class ReadForecast(BillingReports reports, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/billing/forecast", (RequestContext context, ReadForecast use, CancellationToken cancellationToken) =>
            use.RunAsync(context, cancellationToken)).Requires(Capability.BillingRead);

    internal async Task<ForecastView> RunAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var today = LedgerBilling.DayOf(clock.GetUtcNow());
        var totals = await reports.DaysAsync(context.Tenant, today - Forecasting.HistoryDays, today, cancellationToken);
        // Days before the first call are no days of rest, days after it without one are.
        var length = totals.Count == 0 ? 0 : (int)(today - totals[0].Day);
        var (tokens, money) = (new double[length], new double[length]);
        foreach (var day in totals)
        {
            var place = (int)(day.Day - totals[0].Day);
            (tokens[place], money[place]) = (day.Tokens, day.Nanos);
        }
        return new ForecastView(
            Forecasting.Method, length, "USD", View(Forecasting.Of(tokens), today, static value => decimal.Round((decimal)value)),
            View(Forecasting.Of(money), today, static nanos => decimal.Round((decimal)nanos) / 1_000_000_000m), totals.Sum(static day => day.UnknownCostCalls));
    }

    private static ForecastSeriesView View(Forecast forecast, long today, Func<double, decimal> unit) => new(
        forecast.Next?.Select((value, i) => new ForecastDayView(
            DateOnly.FromDateTime(DateTime.UnixEpoch.AddDays(today + i)).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), unit(value))).ToList(),
        forecast.Mape, forecast.NaiveMape, forecast.Points);
}
