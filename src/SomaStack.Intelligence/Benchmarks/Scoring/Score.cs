using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>How much each term counts; they sum to 1.</summary>
internal sealed record Weights(double Quality, double Cost, double Latency, double Reliability)
{
    /// <summary>Production favours quality and reliability, developer modes latency and cost; test modes lie between.</summary>
    public static Weights Of(DeploymentMode mode) => mode switch
    {
        DeploymentMode.Production or DeploymentMode.ProductionDebug => new Weights(0.5, 0.1, 0.1, 0.3),
        DeploymentMode.DeveloperLight or DeploymentMode.DeveloperFull => new Weights(0.3, 0.3, 0.3, 0.1),
        _ => new Weights(0.4, 0.2, 0.2, 0.2),
    };
}

/// <summary>A term with its 95 % interval; all null when it is unknown.</summary>
internal sealed record ScoreTerm(double? Value, double? Low, double? High, double Weight);

/// <summary>
/// The one score of a model for a task, 0 to 1 (docs/decisions/0070-one-score.md): the weighted mean of the known terms. Unknown terms are
/// left out, the others' weights scaled up to 1, and <see cref="Unknown"/> names them.
/// </summary>
internal sealed record Score(double Value, Interval Interval, ScoreTerm Quality, ScoreTerm Cost, ScoreTerm Latency, ScoreTerm Reliability, IReadOnlyList<string> Unknown, double? MeanCostNanos, double? P95Ms)
{
    /// <summary>An answer at this price has a cost term of one half: 0.001 US dollars.</summary>
    public const double CostReferenceNanos = 1_000_000;

    /// <summary>A p95 of this length has a latency term of one half.</summary>
    public const double LatencyReferenceMs = 2000;

    /// <summary>Draws for the intervals.</summary>
    public const int Draws = 1000;

    private const ulong Seed = 20261123;

    /// <summary>1 for nothing, one half at the reference, towards 0 beyond: a free model needs no special case.</summary>
    public static double Falling(double value, double reference) => 1 / (1 + value / reference);

    /// <param name="only">Where given, a term that is unknown there is left out here too, so that two scores are made of the same terms.</param>
    public static Score Of(Observations seen, Weights weights, Terms? only = null)
    {
        var terms = Masked(seen.At(null), only);
        var value = Sum(terms, weights);
        var drawn = Draw(seen, weights, only);
        var quality = terms.Quality is { } q ? Intervals.Wilson(q, seen.Graded) : null;
        var reliability = terms.Reliability is { } r ? Intervals.Wilson(r, seen.Items) : null;
        var cost = Spread(terms.Cost, drawn, static one => one.Terms.Cost);
        var latency = Spread(terms.Latency, drawn, static one => one.Terms.Latency);
        var scores = drawn.Select(static one => one.Value).Order().ToArray();
        var bootstrap = Intervals.Middle(scores);
        (double? Value, Interval? Interval, double Weight)[] parts =
            [(terms.Quality, quality, weights.Quality), (terms.Cost, cost, weights.Cost), (terms.Latency, latency, weights.Latency), (terms.Reliability, reliability, weights.Reliability)];
        var total = parts.Sum(static part => part.Value is null ? 0 : part.Weight);
        var (below, above) = Recovered(parts, total);
        // When all items agree, the bootstrap has no width at all, however few they are; the recovered variance does.
        var interval = new Interval(Math.Max(0, Math.Min(bootstrap.Low, value - below)), Math.Min(1, Math.Max(bootstrap.High, value + above)));
        var unknown = new List<string>();
        if (terms.Quality is null) unknown.Add("quality");
        if (terms.Cost is null) unknown.Add("cost");
        if (terms.Latency is null) unknown.Add("latency");
        if (terms.Reliability is null) unknown.Add("reliability");
        return new Score(
            value, interval, TermOf(terms.Quality, quality, weights.Quality / total), TermOf(terms.Cost, cost, weights.Cost / total), TermOf(terms.Latency, latency, weights.Latency / total),
            TermOf(terms.Reliability, reliability, weights.Reliability / total), unknown, terms.MeanCostNanos, terms.P95Ms);
    }

    /// <summary>Over the known terms; 0 when there is none.</summary>
    public static double Sum(Terms terms, Weights weights)
    {
        double sum = 0, total = 0;
        void Add(double? value, double weight)
        {
            if (value is null) return;
            sum += weight * value.Value;
            total += weight;
        }
        Add(terms.Quality, weights.Quality);
        Add(terms.Cost, weights.Cost);
        Add(terms.Latency, weights.Latency);
        Add(terms.Reliability, weights.Reliability);
        return total == 0 ? 0 : sum / total;
    }

    /// <summary>The percentile bootstrap (Efron 1979) over items.</summary>
    private static List<(double Value, Terms Terms)> Draw(Observations seen, Weights weights, Terms? only)
    {
        var random = new SplitMix(Seed);
        var times = new int[seen.Items];
        var drawn = new List<(double, Terms)>(Draws);
        for (var draw = 0; draw < Draws; draw++)
        {
            Array.Clear(times);
            for (var i = 0; i < times.Length; i++) times[random.Below(times.Length)]++;
            var terms = Masked(seen.At(times), only);
            drawn.Add((Sum(terms, weights), terms));
        }
        return drawn;
    }

    private static Interval? Spread(double? value, List<(double Value, Terms Terms)> drawn, Func<(double Value, Terms Terms), double?> term)
    {
        if (value is null) return null;
        var known = drawn.Select(term).Where(static one => one is not null).Select(static one => one!.Value).Order().ToArray();
        return known.Length == 0 ? null : Intervals.Middle(known);
    }

    /// <summary>Distances of the limits of a sum from those of its parts: the method of variance estimates recovery (Zou and Donner 2008).</summary>
    private static (double Below, double Above) Recovered((double? Value, Interval? Interval, double Weight)[] parts, double total)
    {
        double below = 0, above = 0;
        foreach (var (value, interval, weight) in parts)
        {
            if (value is null || interval is null) continue;
            below += Math.Pow(weight / total * (value.Value - interval.Low), 2);
            above += Math.Pow(weight / total * (interval.High - value.Value), 2);
        }
        return (Math.Sqrt(below), Math.Sqrt(above));
    }

    private static Terms Masked(Terms terms, Terms? only) => only is not { } mask ? terms : terms with
    {
        Quality = mask.Quality is null ? null : terms.Quality,
        Cost = mask.Cost is null ? null : terms.Cost,
        Latency = mask.Latency is null ? null : terms.Latency,
        Reliability = mask.Reliability is null ? null : terms.Reliability,
    };

    private static ScoreTerm TermOf(double? value, Interval? interval, double weight) => new(value, interval?.Low, interval?.High, value is null ? 0 : weight);
}
