namespace SomaStack.Bench;

/// <summary>The figures of each round of <c>gateway</c>, and the ratios over their medians.</summary>
internal sealed class GatewaySamples
{
    private readonly Dictionary<string, List<double>> _all = new(StringComparer.Ordinal);

    public void Add(Dictionary<string, GatewayTurn> turns)
    {
        var direct = turns["direct"];
        foreach (var (name, prefix) in (ReadOnlySpan<(string, string)>)[("soma", ""), ("yarp", "yarp_"), ("portkey", "portkey_")])
        {
            if (!turns.TryGetValue(name, out var turn)) continue;
            Add(prefix + "added_p50_ms", turn.P50 - direct.P50);
            Add(prefix + "added_p99_ms", turn.P99 - direct.P99);
            Add(prefix + "instant_added_p50_ms", turn.InstantP50 - direct.InstantP50);
            Add(prefix + "instant_added_p99_ms", turn.InstantP99 - direct.InstantP99);
            Add(prefix + "added_closed_p50_ms", turn.ClosedP50 - direct.ClosedP50);
            Add(prefix + "throughput_rps", turn.Rps);
            if (turn.CpuMicros is { } cpu) Add(prefix + "cpu_us_per_call", cpu);
            if (turn.PieceMicros is { } micros) Add(prefix + "stream_added_us_per_chunk", micros - direct.PieceMicros!.Value);
        }
        Add("direct_p50_ms", direct.P50);
        Add("direct_throughput_rps", direct.Rps);
        Add("direct_stream_us_per_chunk", direct.PieceMicros!.Value);
    }

    public void AddSoak(double asked, double answered, SoakDrift drift)
    {
        Add("soak_asked_rps", asked);
        Add("soak_rps", answered);
        Add("soak_early_mib", drift.Early);
        Add("soak_late_mib", drift.Late);
        Add("soak_max_mib", drift.Largest);
        Add("soak_drift_percent", drift.Percent);
        Add("soak_drift_mib_per_hour", drift.MibPerHour);
    }

    public double Middle(string key) => Figure.Middle(_all[key]);

    public string Latest()
    {
        string Of(string prefix) => $"added p50 {_all[prefix + "added_p50_ms"][^1]:0.000} ms, instant {_all[prefix + "instant_added_p50_ms"][^1]:0.000} ms, "
            + $"{_all[prefix + "throughput_rps"][^1]:0}/s"
            + (_all.TryGetValue(prefix + "cpu_us_per_call", out var cpu) ? $", {cpu[^1]:0} us of processor a call" : "")
            + (_all.TryGetValue(prefix + "stream_added_us_per_chunk", out var micros) ? $", {micros[^1]:0.0} us a chunk" : "");
        return Of("") + " | YARP " + Of("yarp_") + (_all.ContainsKey("portkey_added_p50_ms") ? " | Portkey " + Of("portkey_") : "");
    }

    public BenchResult Result(int rounds)
    {
        var ratios = new Dictionary<string, double>();
        foreach (var peer in (ReadOnlySpan<string>)["yarp", "portkey"])
        {
            if (!_all.ContainsKey(peer + "_added_p50_ms")) continue;
            foreach (var key in (ReadOnlySpan<string>)["added_p50_ms", "instant_added_p50_ms", "added_closed_p50_ms", "throughput_rps"])
                ratios[$"vs_{peer}_{key[..key.LastIndexOf('_')]}"] = Middle(key) / Middle($"{peer}_{key}");
        }
        return BenchResult.Of("gateway", _all.ToDictionary(static pair => pair.Key, static pair => Figure.Of(pair.Value, UnitOf(pair.Key))), ratios, rounds);
    }

    private static string UnitOf(string key) =>
        key.EndsWith("_rps", StringComparison.Ordinal) ? "1/s"
        : key.EndsWith("_chunk", StringComparison.Ordinal) || key.EndsWith("_call", StringComparison.Ordinal) ? "us"
        : key.EndsWith("_mib", StringComparison.Ordinal) ? "MiB"
        : key.EndsWith("_hour", StringComparison.Ordinal) ? "MiB/h"
        : key.EndsWith("_percent", StringComparison.Ordinal) ? "%" : "ms";

    private void Add(string key, double value)
    {
        if (!_all.TryGetValue(key, out var list)) _all[key] = list = [];
        list.Add(value);
    }
}
