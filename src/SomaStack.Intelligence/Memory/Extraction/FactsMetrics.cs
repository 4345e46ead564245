using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal static class FactsMetrics
{
    public static readonly Counter<long> Written = Telemetry.Meter.CreateCounter<long>("somastack_memory_facts_written", description: "Facts written beside memories.");

    public static readonly IReadOnlyList<MetricDescription> All = [new("somastack_memory_facts_written_total", "counter", "", "Facts written beside memories.")];
}
