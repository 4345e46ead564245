using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

internal static class BillingMetrics
{
    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_billing_limit_refusals_total", "counter", "1", "Calls that a limit did not hold, by what it limits.", "metric"),
        new("somastack_billing_cost_anomalies_total", "counter", "1", "Settled calls whose cost deserves a look: GET /v1/billing/anomalies lists them.", "reason"),
    ];

    private static readonly Counter<long> Refusals = Telemetry.Meter.CreateCounter<long>("somastack_billing_limit_refusals_total", null, "Calls that a limit did not hold.");
    private static readonly Counter<long> Anomalies = Telemetry.Meter.CreateCounter<long>("somastack_billing_cost_anomalies_total", null, "Settled calls whose cost deserves a look.");

    public static void Refused(LimitMetric metric) => Refusals.Add(1, new KeyValuePair<string, object?>("metric", Limit.Name(metric)));

    public static void Anomaly(string reason) => Anomalies.Add(1, new KeyValuePair<string, object?>("reason", reason));
}
