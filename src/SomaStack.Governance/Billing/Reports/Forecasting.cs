namespace SomaStack.Governance.Billing;

/// <param name="Next">One value for each of the next <see cref="Forecasting.HorizonDays"/> days; null when the history is too short.</param>
/// <param name="Mape">Mean absolute percentage error of forecasts made from every earlier day of the same history; null when nothing can be compared.</param>
/// <param name="NaiveMape">That of repeating the last week, on the same days: what a forecast has to beat.</param>
/// <param name="Points">How many forecasts were compared with what came.</param>
internal sealed record Forecast(IReadOnlyList<double>? Next, double? Mape, double? NaiveMape, int Points);

/// <summary>
/// Daily figures of the coming week from those of the past; pure. Weekday factors times a level with a robust, damped drift:
/// <list type="number">
/// <item>f(d) = mean of y(t) ÷ the mean of the seven days around t, over the days t of weekday d; then divided by the mean of all seven f
/// (ratio to moving average, Macaulay 1931). A drift does not bend them.</item>
/// <item>x(t) = y(t) ÷ f(d(t)), without the days whose factor is 0.</item>
/// <item>s = median of the slopes (x(j) − x(i)) ÷ (j − i) over the last 56 days (Theil 1950, Sen 1968): a single odd day does not move it.</item>
/// <item>L = mean of x(t) + s·(n − 1 − t) over the last 14 days.</item>
/// <item>ŷ(h) = max(0, L + s·(φ + φ² + … + φʰ)) · f(d), φ = 0.9: drifts fade (Gardner and McKenzie 1985).</item>
/// </list>
/// </summary>
internal static class Forecasting
{
    public const int HorizonDays = 7;

    /// <summary>Each weekday seen twice.</summary>
    public const int LeastDays = 14;

    /// <summary>Twelve weeks: what lies further back says little about next week.</summary>
    public const int HistoryDays = 84;

    public const string Method = "weekday_factors_damped_theil_sen";

    private const int Week = 7;
    private const int LevelDays = 14;
    private const int SlopeDays = 56;
    private const double Damping = 0.9;

    /// <param name="history">Complete consecutive days, oldest first, none negative.</param>
    public static Forecast Of(ReadOnlySpan<double> history)
    {
        if (history.Length > HistoryDays) history = history[^HistoryDays..];
        if (history.Length < LeastDays) return new Forecast(null, null, null, 0);
        var (error, naive, points) = (0.0, 0.0, 0);
        for (var origin = LeastDays; origin < history.Length; origin++)
        {
            var next = Next(history[..origin]);
            for (var h = 0; h < HorizonDays && origin + h < history.Length; h++)
            {
                var actual = history[origin + h];
                // A percentage of nothing is nothing that could be said.
                if (actual <= 0) continue;
                error += Math.Abs(next[h] - actual) / actual;
                naive += Math.Abs(history[origin - Week + h] - actual) / actual;
                points++;
            }
        }
        return new Forecast(Next(history), points == 0 ? null : error / points, points == 0 ? null : naive / points, points);
    }

    /// <param name="days">At least <see cref="LeastDays"/>.</param>
    internal static double[] Next(ReadOnlySpan<double> days)
    {
        var factors = Factors(days);
        var next = new double[HorizonDays];
        if (factors is null) return next;
        var values = new List<(int Day, double Value)>(SlopeDays);
        for (var t = Math.Max(0, days.Length - SlopeDays); t < days.Length; t++)
            if (factors[t % Week] > 0) values.Add((t, days[t] / factors[t % Week]));
        var slope = Slope(values);
        var levels = new List<double>(LevelDays);
        foreach (var (day, value) in values)
            if (day >= days.Length - LevelDays) levels.Add(value + slope * (days.Length - 1 - day));
        // Every weekday occurs in the last two weeks, and one of them has a factor.
        var (level, drift, fade) = (levels.Average(), 0.0, 1.0);
        for (var h = 0; h < HorizonDays; h++)
        {
            fade *= Damping;
            drift += fade;
            next[h] = Math.Max(0, level + slope * drift) * factors[(days.Length + h) % Week];
        }
        return next;
    }

    /// <summary>By the day's place in the week of the first day; null when nothing ever happened.</summary>
    private static double[]? Factors(ReadOnlySpan<double> days)
    {
        const int Half = Week / 2;
        var (factors, counts, all) = (new double[Week], new int[Week], 0.0);
        for (var t = Half; t + Half < days.Length; t++)
        {
            var around = 0.0;
            for (var i = t - Half; i <= t + Half; i++) around += days[i];
            // A week without a call says nothing of its days.
            if (around <= 0) continue;
            factors[t % Week] += days[t] * Week / around;
            counts[t % Week]++;
        }
        for (var d = 0; d < Week; d++)
        {
            if (counts[d] > 0) factors[d] /= counts[d];
            all += factors[d];
        }
        if (all <= 0) return null;
        for (var d = 0; d < Week; d++) factors[d] *= Week / all;
        return factors;
    }

    private static double Slope(List<(int Day, double Value)> values)
    {
        if (values.Count < 2) return 0;
        var slopes = new List<double>(values.Count * (values.Count - 1) / 2);
        for (var i = 0; i < values.Count; i++)
            for (var j = i + 1; j < values.Count; j++) slopes.Add((values[j].Value - values[i].Value) / (values[j].Day - values[i].Day));
        return Median(slopes);
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        var middle = values.Count / 2;
        return values.Count == 0 ? 0 : values.Count % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
