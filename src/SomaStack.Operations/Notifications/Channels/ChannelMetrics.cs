using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class ChannelMetrics
{
    public static readonly UpDownCounter<long> Running = Telemetry.Meter.CreateUpDownCounter<long>("somastack_notification_attempts_running", description: "Attempts that this process makes now.");
    public static readonly Counter<long> Disabled = Telemetry.Meter.CreateCounter<long>("somastack_notification_targets_disabled", description: "Addresses and endpoints that were switched off because they are gone.");
    private static readonly Counter<long> Attempts = Telemetry.Meter.CreateCounter<long>("somastack_notification_attempts", description: "Attempts to deliver.");
    private static readonly Histogram<double> Took = Telemetry.Meter.CreateHistogram<double>("somastack_notification_attempt_duration", "s", "How long an attempt lasted.", null, Buckets(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 75));
    private static readonly Counter<long> Deliveries = Telemetry.Meter.CreateCounter<long>("somastack_notification_deliveries_ended", description: "Deliveries that have ended.");
    private static readonly Histogram<double> Lag = Telemetry.Meter.CreateHistogram<double>("somastack_notification_delivery_lag", "s", "From when a delivery was made to when it was delivered.", null, Buckets(0.1, 0.5, 1, 5, 30, 300, 3600, 21_600, 86_400, 259_200));

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_notification_attempts_running", "gauge", "", "Attempts that this process makes now.", "channel"),
        new("somastack_notification_attempts_total", "counter", "", "Attempts to deliver; the outcome is delivered, retry, refused, disabled, cancelled, put_off or interrupted.", "channel", "outcome"),
        new("somastack_notification_attempt_duration_seconds", "histogram", "s", "How long an attempt lasted.", "channel"),
        new("somastack_notification_deliveries_ended_total", "counter", "", "Deliveries that have ended as delivered, refused, dead or cancelled.", "channel", "state"),
        new("somastack_notification_delivery_lag_seconds", "histogram", "s", "From when a delivery was made to when it was delivered.", "channel"),
        new("somastack_notification_targets_disabled_total", "counter", "", "Addresses and endpoints that were switched off because they are gone.", "channel"),
    ];

    private static InstrumentAdvice<double> Buckets(params IReadOnlyList<double> boundaries) => new() { HistogramBucketBoundaries = boundaries };

    public static void Ended(LedgerRow row, AttemptEnd end, DateTimeOffset now)
    {
        var channel = new KeyValuePair<string, object?>("channel", row.Channel);
        Attempts.Add(1, channel, new KeyValuePair<string, object?>("outcome", end.Outcome));
        Took.Record(end.Took.TotalSeconds, channel);
        if (end.State == DeliveryStates.Waiting) return;
        Deliveries.Add(1, channel, new KeyValuePair<string, object?>("state", end.State));
        if (end.State == DeliveryStates.Delivered) Lag.Record(Math.Max(0, (now - row.CreatedAt).TotalSeconds), channel);
    }
}
