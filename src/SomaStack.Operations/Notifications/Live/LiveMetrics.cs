using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class LiveMetrics
{
    private static long _sockets;
    private static long _streams;

    static LiveMetrics() => Telemetry.Meter.CreateObservableGauge<long>(
        "somastack_notification_sockets",
        static () => new Measurement<long>[] { new(Volatile.Read(ref _sockets), new KeyValuePair<string, object?>("transport", "websocket")), new(Volatile.Read(ref _streams), new KeyValuePair<string, object?>("transport", "sse")) },
        description: "Live feeds that are open.");

    public static readonly Counter<long> Frames = Telemetry.Meter.CreateCounter<long>("somastack_notification_frames", description: "Frames that were handed to live feeds.");
    public static readonly Counter<long> Drops = Telemetry.Meter.CreateCounter<long>("somastack_notification_drops", description: "Live feeds that the server ended.");
    public static readonly Histogram<double> Lag = Telemetry.Meter.CreateHistogram<double>("somastack_notification_lag", "s", "From a notification's creation to its being handed to the last live feed here.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_notification_sockets", "gauge", "", "Live feeds that are open.", "transport"),
        new("somastack_notification_frames_total", "counter", "", "Frames that were handed to live feeds.", "type"),
        new("somastack_notification_drops_total", "counter", "", "Live feeds that the server ended.", "reason"),
        new("somastack_notification_lag_seconds", "histogram", "s", "From a notification's creation to its being handed to the last live feed here."),
    ];

    public static void Opened(bool socket, int change)
    {
        if (socket) Interlocked.Add(ref _sockets, change);
        else Interlocked.Add(ref _streams, change);
    }

    public static void Framed(string type, int followers)
    {
        if (followers > 0) Frames.Add(followers, new KeyValuePair<string, object?>("type", type));
    }
}
