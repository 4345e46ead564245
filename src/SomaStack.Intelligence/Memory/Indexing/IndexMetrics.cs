using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>How far the index is behind the rows; what the workers saw last.</summary>
internal static class IndexMetrics
{
    private static long _pending;
    private static long _differing;
    private static double _lag;

    static IndexMetrics()
    {
        Telemetry.Meter.CreateObservableGauge("somastack_memory_embeddings_pending", static () => Volatile.Read(ref _pending), description: "Memories that wait for their vector.");
        Telemetry.Meter.CreateObservableGauge("somastack_memory_index_lag_seconds", static () => Volatile.Read(ref _lag), unit: "s", description: "Age of the oldest memory that waits for its vector.");
        Telemetry.Meter.CreateObservableGauge("somastack_memory_index_divergence", static () => Volatile.Read(ref _differing), description: "Memories in which an index differed from its rows when they were last compared.");
    }

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_memory_embeddings_pending", "gauge", "", "Memories that wait for their vector."),
        new("somastack_memory_index_lag_seconds", "gauge", "s", "Age of the oldest memory that waits for its vector."),
        new("somastack_memory_index_divergence", "gauge", "", "Memories in which an index differed from its rows when they were last compared."),
    ];

    public static void Differing(long memories) => Volatile.Write(ref _differing, memories);

    public static void Backlog(long pending, double lagSeconds)
    {
        Volatile.Write(ref _pending, pending);
        Volatile.Write(ref _lag, lagSeconds);
    }
}
