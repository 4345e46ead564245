namespace SomaStack.Bench;

/// <summary>How resident memory moved during a soak. Its first tenth is warm-up and counts nowhere.</summary>
/// <param name="Early">Median of the second tenth, MiB.</param>
/// <param name="Late">Median of the last tenth.</param>
/// <param name="Largest">The largest reading.</param>
/// <param name="MibPerHour">Theil-Sen slope: the median over pairs of readings, which no single peak moves.</param>
public sealed record SoakDrift(double Early, double Late, double Largest, double MibPerHour)
{
    /// <summary>Readings that pairs are made of; evenly spread.</summary>
    private const int Most = 400;

    public double Percent => (Late / Early - 1) * 100;

    /// <param name="readings">In the order of time; at least ten.</param>
    public static SoakDrift Of(IReadOnlyList<(double Seconds, double Mib)> readings)
    {
        if (readings.Count < 10) throw new InvalidOperationException($"A soak of {readings.Count} readings shows no drift; a minute gives about sixty.");
        var tenth = readings.Count / 10;
        var warm = readings.Skip(tenth).ToList();
        var every = Math.Max(1, warm.Count / Most);
        var kept = warm.Where((_, place) => place % every == 0).ToList();
        var slopes = new List<double>(kept.Count * kept.Count / 2);
        for (var i = 0; i < kept.Count; i++)
            for (var j = i + 1; j < kept.Count; j++)
                if (kept[j].Seconds > kept[i].Seconds) slopes.Add((kept[j].Mib - kept[i].Mib) / (kept[j].Seconds - kept[i].Seconds) * 3600);
        return new SoakDrift(
            Figure.Middle(warm.Take(tenth).Select(static reading => reading.Mib)), Figure.Middle(warm.TakeLast(tenth).Select(static reading => reading.Mib)),
            warm.Max(static reading => reading.Mib), Figure.Middle(slopes));
    }
}
