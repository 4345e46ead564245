using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class NotificationMetrics
{
    public static readonly Counter<long> Published = Telemetry.Meter.CreateCounter<long>("somastack_notification_published", description: "Notifications that were published.");
    public static readonly Counter<long> Repeated = Telemetry.Meter.CreateCounter<long>("somastack_notification_repeated", description: "Notifications that only raised the count of one that was there.");
    public static readonly Counter<long> Planned = Telemetry.Meter.CreateCounter<long>("somastack_notification_planned", description: "What became of a notification on one target of one person.");
    public static readonly Counter<long> Escalated = Telemetry.Meter.CreateCounter<long>("somastack_notification_escalated", description: "Notifications that nobody acknowledged in time.");
    public static readonly Histogram<double> Acknowledgement = Telemetry.Meter.CreateHistogram<double>("somastack_notification_acknowledgement", "s", "From the publication to the first acknowledgement.");
    public static readonly Counter<long> LinkDecisions = Telemetry.Meter.CreateCounter<long>("somastack_notification_link_decisions", description: "Approvals that were decided through a link in a message.");
    public static readonly Counter<long> TimerFailures = Telemetry.Meter.CreateCounter<long>("somastack_notification_timer_failures", description: "Timers that failed and are tried again.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_notification_published_total", "counter", "", "Notifications that were published.", "kind", "severity"),
        new("somastack_notification_repeated_total", "counter", "", "Notifications that only raised the count of one that was there."),
        new("somastack_notification_planned_total", "counter", "", "What became of a notification on one target of one person: now, later, digest or inbox_only.", "channel", "fate", "reason"),
        new("somastack_notification_escalated_total", "counter", "", "Notifications that nobody acknowledged in time.", "severity"),
        new("somastack_notification_acknowledgement_seconds", "histogram", "s", "From the publication to the first acknowledgement.", "severity"),
        new("somastack_notification_link_decisions_total", "counter", "", "Approvals that were decided through a link in a message.", "decision"),
        new("somastack_notification_timer_failures_total", "counter", "", "Timers that failed and are tried again.", "kind"),
    ];

    public static void AcknowledgedAfter(Notification notification, long now) =>
        Acknowledgement.Record(Math.Max(0, (now - notification.CreatedAt.ToMicros()) / 1e6), new KeyValuePair<string, object?>("severity", notification.Severity));
}
