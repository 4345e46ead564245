using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class NotificationMetrics
{
    public static readonly Counter<long> Published = Telemetry.Meter.CreateCounter<long>("somastack_notification_published", description: "Notifications that were published.");
    public static readonly Counter<long> Repeated = Telemetry.Meter.CreateCounter<long>("somastack_notification_repeated", description: "Notifications that only raised the count of one that was there.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_notification_published_total", "counter", "", "Notifications that were published.", "kind", "severity"),
        new("somastack_notification_repeated_total", "counter", "", "Notifications that only raised the count of one that was there."),
    ];
}
