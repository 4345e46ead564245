namespace SomaStack.Intelligence.Benchmarks;

/// <summary>A 95 % interval.</summary>
internal sealed record Interval(double Low, double High);

internal static class Intervals
{
    /// <summary>The 0.975 quantile of the standard normal distribution.</summary>
    private const double Z = 1.959963984540054;

    /// <summary>
    /// Wilson's score interval (1927) around a mean of <paramref name="n"/> values between 0 and 1. For shares it is the usual one; a value
    /// between 0 and 1 varies at most as much as a share of the same mean does, since x² ≤ x, so for graded values it is on the safe side.
    /// </summary>
    public static Interval Wilson(double mean, int n)
    {
        if (n < 1) return new Interval(0, 1);
        var z2 = Z * Z / n;
        var centre = (mean + z2 / 2) / (1 + z2);
        var half = Z / (1 + z2) * Math.Sqrt(Math.Max(0, mean * (1 - mean) / n + z2 / (4 * n)));
        return new Interval(Math.Max(0, centre - half), Math.Min(1, centre + half));
    }

    /// <summary>Percentile bootstrap of a mean (Efron 1979), with a fixed seed: the same values give the same interval.</summary>
    public static Interval OfMean(double[] values)
    {
        const int Draws = 2000;
        var (random, means) = (new SplitMix(20261128), new double[Draws]);
        for (var draw = 0; draw < Draws; draw++)
        {
            var sum = 0.0;
            for (var i = 0; i < values.Length; i++) sum += values[random.Below(values.Length)];
            means[draw] = sum / values.Length;
        }
        Array.Sort(means);
        return Middle(means);
    }

    /// <summary>The middle 95 % of sorted values, by nearest rank.</summary>
    public static Interval Middle(double[] sorted) => new(NearestRank(sorted, 0.025), NearestRank(sorted, 0.975));

    /// <summary>The smallest value that at least the share <paramref name="q"/> of the values does not exceed.</summary>
    public static double NearestRank(double[] sorted, double q) => sorted[Math.Clamp((int)Math.Ceiling(q * sorted.Length) - 1, 0, sorted.Length - 1)];
}

/// <summary>SplitMix64 (Steele, Lea and Flood 2014): the same numbers on every runtime for one seed.</summary>
internal struct SplitMix(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        var z = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 to below <paramref name="limit"/>; for the small limits here the unevenness is below 2⁻⁴⁰.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);
}
