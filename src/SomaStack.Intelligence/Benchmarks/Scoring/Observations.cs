namespace SomaStack.Intelligence.Benchmarks;

/// <summary>One call of the past, as far as a score needs it.</summary>
/// <param name="Item">Capsule with version, and item: what is drawn when intervals are made.</param>
/// <param name="Answered">False when the call failed.</param>
/// <param name="Quality">Null when it was not graded.</param>
/// <param name="CostNanos">Of US dollars; null when it is unknown or in another currency.</param>
internal sealed record Observation(string Item, bool Answered, double? Quality, bool Refused, double? LatencyMs, long? CostNanos);

/// <summary>The four terms of a score, each 0 to 1, and what they were made of; null is unknown.</summary>
internal readonly record struct Terms(double? Quality, double? Cost, double? Latency, double? Reliability, double? MeanCostNanos, double? P95Ms);

/// <summary>
/// The calls of one model for one task, parted by item. Repetitions of an item are averaged before items are: asking the same thing twice
/// is no second item.
/// </summary>
internal sealed class Observations
{
    private readonly double[] _quality;
    private readonly double[] _cost;
    private readonly double[] _reliability;
    private readonly (double Ms, int Item)[] _latencies;
    private readonly bool _costKnown;

    public Observations(IReadOnlyCollection<Observation> calls)
    {
        var items = calls.GroupBy(static call => call.Item, StringComparer.Ordinal).OrderBy(static group => group.Key, StringComparer.Ordinal).Select(static group => group.ToList()).ToList();
        (_quality, _cost, _reliability) = (new double[items.Count], new double[items.Count], new double[items.Count]);
        var latencies = new List<(double Ms, int Item)>(calls.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var answered = items[i].Where(static call => call.Answered).ToList();
            _quality[i] = Mean(answered.Where(static call => call.Quality is not null).Select(static call => call.Quality!.Value));
            _cost[i] = Mean(answered.Where(static call => call.CostNanos is not null).Select(static call => (double)call.CostNanos!.Value));
            _reliability[i] = items[i].Count(static call => call.Answered && !call.Refused) / (double)items[i].Count;
            latencies.AddRange(answered.Where(static call => call.LatencyMs is not null).Select(call => (call.LatencyMs!.Value, i)));
        }
        _latencies = [.. latencies.OrderBy(static pair => pair.Ms).ThenBy(static pair => pair.Item)];
        Items = items.Count;
        Graded = _quality.Count(static value => !double.IsNaN(value));
        Answered = calls.Count(static call => call.Answered);
        Failed = calls.Count - Answered;
        Refused = calls.Count(static call => call.Refused);
        Perfect = Graded == 0 ? null : _quality.Count(static value => value >= 1) / (double)Graded;
        // A mean over those that told would be a guess about the others.
        _costKnown = Answered > 0 && calls.All(static call => !call.Answered || call.CostNanos is not null);
    }

    public int Items { get; }

    /// <summary>Items with a quality.</summary>
    public int Graded { get; }

    public int Answered { get; }

    public int Failed { get; }

    public int Refused { get; }

    /// <summary>The share of graded items that were right every time; recall at 1 where the grader is rank.</summary>
    public double? Perfect { get; }

    /// <param name="times">How often each item was drawn; null takes each once.</param>
    public Terms At(int[]? times)
    {
        var p95 = P95(times);
        double? cost = _costKnown && WeightedMean(_cost, times) is { } mean ? mean : null;
        return new Terms(
            WeightedMean(_quality, times),
            cost is null ? null : Score.Falling(cost.Value, Score.CostReferenceNanos),
            p95 is null ? null : Score.Falling(p95.Value, Score.LatencyReferenceMs),
            WeightedMean(_reliability, times), cost, p95);
    }

    private static double? WeightedMean(double[] values, int[]? times)
    {
        double sum = 0;
        long count = 0;
        for (var i = 0; i < values.Length; i++)
        {
            var n = times?[i] ?? 1;
            if (n == 0 || double.IsNaN(values[i])) continue;
            sum += n * values[i];
            count += n;
        }
        return count == 0 ? null : sum / count;
    }

    /// <summary>By nearest rank.</summary>
    private double? P95(int[]? times)
    {
        long total = 0;
        foreach (var (_, item) in _latencies) total += times?[item] ?? 1;
        if (total == 0) return null;
        var rank = (long)Math.Ceiling(0.95 * total);
        foreach (var (ms, item) in _latencies)
        {
            rank -= times?[item] ?? 1;
            if (rank <= 0) return ms;
        }
        return _latencies[^1].Ms;
    }

    private static double Mean(IEnumerable<double> values)
    {
        double sum = 0;
        var count = 0;
        foreach (var value in values)
        {
            sum += value;
            count++;
        }
        return count == 0 ? double.NaN : sum / count;
    }
}
