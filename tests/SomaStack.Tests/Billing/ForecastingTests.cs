using CsCheck;
using SomaStack.Governance.Billing;

namespace SomaStack.Tests.Billing;

/// <summary>Generated series say what the method does, never how well it does on anybody's days.</summary>
public sealed class ForecastingTests
{
    private static readonly Gen<double[]> Days = Gen.Double[0, 1e9].Array[Forecasting.LeastDays, 100];

    [Fact]
    public void Too_few_days_give_no_forecast_and_no_error()
    {
        var forecast = Forecasting.Of(new double[Forecasting.LeastDays - 1]);
        Assert.Null(forecast.Next);
        Assert.Null(forecast.Mape);
        Assert.Equal(0, forecast.Points);
        // Enough to forecast, nothing yet to compare with.
        var first = Forecasting.Of([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
        Assert.Equal(7, first.Next!.Count);
        Assert.Null(first.Mape);
    }

    [Fact]
    public void A_week_that_repeats_is_repeated_exactly() =>
        Gen.Select(Gen.Double[0, 1e9].Array[7], Gen.Int[14, 84]).Sample((week, length) =>
        {
            var days = Enumerable.Range(0, length).Select(t => week[t % 7]).ToArray();
            var forecast = Forecasting.Of(days);
            for (var h = 0; h < 7; h++) Close(week[(length + h) % 7], forecast.Next![h]);
            if (forecast.Mape is { } error) Assert.True(error < 1e-6, $"{error}");
        });

    [Fact]
    public void A_forecast_is_never_negative_nor_endless_and_grows_with_its_unit() =>
        Gen.Select(Days, Gen.Double[0.001, 1000]).Sample((days, unit) =>
        {
            var plain = Forecasting.Of(days);
            var scaled = Forecasting.Of(days.Select(value => value * unit).ToArray());
            for (var h = 0; h < 7; h++)
            {
                Assert.True(double.IsFinite(plain.Next![h]) && plain.Next[h] >= 0);
                Close(plain.Next[h] * unit, scaled.Next![h]);
            }
        });

    [Fact]
    public void A_drift_is_followed_and_one_odd_day_is_not()
    {
        var rising = Enumerable.Range(0, 56).Select(t => 1000.0 + 10 * t).ToArray();
        var next = Forecasting.Of(rising).Next!;
        Assert.InRange(next[0], rising[^1], rising[^1] * 1.05);
        var flat = Enumerable.Repeat(1000.0, 56).ToArray();
        flat[40] = 50_000;
        Assert.All(Forecasting.Of(flat).Next!.Where((_, h) => (56 + h) % 7 != 40 % 7), value => Assert.InRange(value, 200, 1100));
    }

    [Fact]
    public void Days_without_calls_are_days_and_nothing_stays_nothing()
    {
        Assert.All(Forecasting.Of(new double[30]).Next!, value => Assert.Equal(0, value));
        Assert.Equal(0, Forecasting.Of(new double[30]).Points);
        // Weekends without work stay without work.
        var weeks = Enumerable.Range(0, 42).Select(t => t % 7 < 5 ? 500.0 : 0).ToArray();
        Assert.Equal([500, 500, 500, 500, 500, 0, 0], Forecasting.Of(weeks).Next!.Select(value => Math.Round(value, 6)));
    }

    [Fact]
    public void On_declared_synthetic_series_it_beats_repeating_the_last_week()
    {
        // Weekday pattern, slow growth, seeded noise of a tenth: a unit test of the method, no claim about tenants.
        double[] week = [1.1, 1.2, 1.15, 1.1, 1.0, 0.3, 0.25];
        var forecasts = Enumerable.Range(1, 8).Select(seed =>
        {
            var random = new Random(seed);
            return Forecasting.Of(Enumerable.Range(0, 84).Select(t => 10_000 * week[t % 7] * (1 + 0.004 * t) * (1 + 0.1 * (random.NextDouble() * 2 - 1))).ToArray());
        }).ToList();
        var (mape, naive) = (forecasts.Average(forecast => forecast.Mape!.Value), forecasts.Average(forecast => forecast.NaiveMape!.Value));
        Assert.True(mape < naive, $"{mape} against {naive}");
        // From day 14 to day 83, up to seven days ahead: 64 times 7, then 6 to 1.
        Assert.All(forecasts, forecast => Assert.Equal(64 * 7 + 21, forecast.Points));
    }

    private static void Close(double expected, double actual) => Assert.True(Math.Abs(expected - actual) <= 1e-6 * Math.Max(1, Math.Abs(expected)), $"{actual} for {expected}");
}
