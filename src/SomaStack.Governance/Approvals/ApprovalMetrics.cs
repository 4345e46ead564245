using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

internal static class ApprovalMetrics
{
    public static readonly Counter<long> Proposed = Telemetry.Meter.CreateCounter<long>("somastack_approval_proposed", null, "Approvals that were asked for.");
    public static readonly Counter<long> Decisions = Telemetry.Meter.CreateCounter<long>("somastack_approval_decisions", null, "Decisions of people.");
    public static readonly Counter<long> Claims = Telemetry.Meter.CreateCounter<long>("somastack_approval_claims", null, "Attempts to use an approval.");
    public static readonly Counter<long> Returns = Telemetry.Meter.CreateCounter<long>("somastack_approval_returned", null, "Approvals that came back unused.");
    public static readonly Histogram<double> Latency = Telemetry.Meter.CreateHistogram<double>("somastack_approval_decision_latency", "s", "From the proposal to the decision.");
    public static readonly Histogram<long> Load = Telemetry.Meter.CreateHistogram<long>("somastack_approval_decider_hourly_decisions", null, "Decisions of the same decider within the hour.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_approval_proposed_total", "counter", "1", "Approvals that were asked for."),
        new("somastack_approval_decisions_total", "counter", "1", "Decisions of people.", "decision"),
        new("somastack_approval_claims_total", "counter", "1", "Attempts to use an approval, by what came of it: executed or the refusal's code.", "outcome"),
        new("somastack_approval_returned_total", "counter", "1", "Approvals that came back unused.", "code"),
        new("somastack_approval_decision_latency_seconds", "histogram", "s", "From the proposal to the decision.", "decision"),
        new("somastack_approval_decider_hourly_decisions", "histogram", "1", "At each decision: how many the same person has taken within the hour. Its upper end shows tired deciders; no label names them."),
    ];

    public static void Count(this Counter<long> counter, string label, string value) => counter.Add(1, new KeyValuePair<string, object?>(label, value));
}
