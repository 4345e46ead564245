namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Fixed logarithmic buckets for times, so that counts of many days and replicas add up: bucket k holds (2^((k-1)/8), 2^(k/8)] ms. A
/// quantile is answered by the bucket's geometric middle, which is within 2^(1/16) - 1 = 4.5 % of every time in it.
/// </summary>
internal static class LatencyBuckets
{
    private const int PerOctave = 8;

    /// <summary>About a microsecond, and about six days.</summary>
    private const int Lowest = -80;
    private const int Highest = 232;

    public static int Of(double milliseconds) =>
        milliseconds <= 0 ? Lowest : Math.Clamp((int)Math.Ceiling(PerOctave * Math.Log2(milliseconds)), Lowest, Highest);

    public static double Middle(long bucket) => Math.Pow(2, (bucket - 0.5) / PerOctave);

    /// <summary>The nearest-rank quantile: the smallest time that at least the share <paramref name="q"/> of the calls did not exceed.</summary>
    /// <param name="counts">Calls by bucket; of any order.</param>
    /// <returns>Milliseconds, or null without a call.</returns>
    public static double? Quantile(IEnumerable<KeyValuePair<long, long>> counts, double q)
    {
        var sorted = counts.OrderBy(static pair => pair.Key).ToList();
        var total = sorted.Sum(static pair => pair.Value);
        if (total == 0) return null;
        var rank = Math.Max(1, (long)Math.Ceiling(q * total));
        foreach (var (bucket, count) in sorted)
        {
            rank -= count;
            if (rank <= 0) return Math.Round(Middle(bucket), 3);
        }
        return null;
    }
}
