using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal static class LifecycleMetrics
{
    public static readonly Counter<long> Deduplicated = Telemetry.Meter.CreateCounter<long>("somastack_memory_deduplicated", description: "Writes that met a memory which said the same.");

    public static readonly Counter<long> Superseded = Telemetry.Meter.CreateCounter<long>("somastack_memory_superseded", description: "Memories that a later one of their key replaced.");

    public static readonly Counter<long> Expired = Telemetry.Meter.CreateCounter<long>("somastack_memory_expired", description: "Memories erased because their time was over.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_memory_deduplicated_total", "counter", "", "Writes that met a memory which said the same."),
        new("somastack_memory_superseded_total", "counter", "", "Memories that a later one of their key replaced."),
        new("somastack_memory_expired_total", "counter", "", "Memories erased because their time was over."),
    ];
}
