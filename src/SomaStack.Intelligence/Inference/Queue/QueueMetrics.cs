using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

internal static class QueueMetrics
{
    private static readonly Counter<long> Requests = Telemetry.Meter.CreateCounter<long>("somastack_requests_ended", description: "Queued requests by how an attempt ended.");
    private static readonly Histogram<double> Wait = Telemetry.Meter.CreateHistogram<double>("somastack_requests_wait", "s", "From the earliest instant at which an attempt could begin to its begin.");
    private static readonly UpDownCounter<long> Running = Telemetry.Meter.CreateUpDownCounter<long>("somastack_requests_running", description: "Queued requests that this process works on.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_requests_ended_total", "counter", "", "Attempts of queued requests; the outcome is succeeded, failed, dead, cancelled or retried.", "mode", "outcome"),
        new("somastack_requests_wait_seconds", "histogram", "s", "From the earliest instant at which an attempt could begin to its begin.", "mode"),
        new("somastack_requests_running", "gauge", "", "Queued requests that this process works on."),
    ];

    public static void Started(RequestRow row, TimeProvider clock)
    {
        Running.Add(1);
        Wait.Record(Math.Max(0, (clock.NowMicros() - row.NextAttemptAt) / 1e6), new KeyValuePair<string, object?>("mode", row.Mode));
    }

    public static void Left() => Running.Add(-1);

    public static void Ended(RequestRow row)
    {
        var outcome = row.State.Phase == RequestPhase.Queued ? "retried" : row.State.Dead ? "dead" : RequestRow.PhaseName(row.State.Phase);
        Requests.Add(1, new KeyValuePair<string, object?>("mode", row.Mode), new KeyValuePair<string, object?>("outcome", outcome));
    }
}
