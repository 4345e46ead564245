using System.Diagnostics.Metrics;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

internal static class PolicyMetrics
{
    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_policy_decisions_total", "counter", "1", "Decisions of the gate and of POST /v1/evaluate.", "verdict", "kind"),
        new("somastack_policy_duration_seconds", "histogram", "s", "Time that a decision took, constitution and policy lookup included.", "kind"),
        new("somastack_policy_actions_unrecorded_total", "counter", "1", "Actions that were left out of the sample on which policies are tried."),
        new("somastack_policy_moderation_total", "counter", "1", "Texts that moderation looked at.", "stage", "outcome"),
        new("somastack_policy_strikes_total", "counter", "1", "Strikes given.", "severity"),
        new("somastack_policy_kill_switches_engaged", "gauge", "1", "Kill switches that are engaged now, the platform's included."),
    ];

    private static readonly Counter<long> Decisions = Telemetry.Meter.CreateCounter<long>("somastack_policy_decisions_total", null, "Decisions of the gate.");
    private static readonly Histogram<double> Duration = Telemetry.Meter.CreateHistogram<double>("somastack_policy_duration_seconds", "s", "Time that a decision took.");
    private static readonly Counter<long> Unrecorded = Telemetry.Meter.CreateCounter<long>("somastack_policy_actions_unrecorded_total", null, "Actions left out of the sample.");
    private static readonly Counter<long> Moderated = Telemetry.Meter.CreateCounter<long>("somastack_policy_moderation_total", null, "Texts that moderation looked at.");
    private static readonly Counter<long> Strikes = Telemetry.Meter.CreateCounter<long>("somastack_policy_strikes_total", null, "Strikes given.");
    private static readonly UpDownCounter<long> Engaged = Telemetry.Meter.CreateUpDownCounter<long>("somastack_policy_kill_switches_engaged", null, "Kill switches engaged now.");

    /// <summary>An unknown kind is counted under one name, so that callers cannot grow the label.</summary>
    public static void Record(Decision decision, PolicyInForce policy, string kind, TimeSpan took)
    {
        var label = policy.Policy?.Document.Kinds.ContainsKey(kind) == true ? kind : "unknown";
        Decisions.Add(1, new("verdict", Name(decision.Verdict)), new("kind", label));
        Duration.Record(took.TotalSeconds, new KeyValuePair<string, object?>("kind", label));
    }

    public static void NotRecorded(int actions = 1) => Unrecorded.Add(actions);

    public static void Looked(ModerationStage stage, string outcome) => Moderated.Add(1, new("stage", Name(stage)), new("outcome", outcome));

    public static void Struck(Severity severity) => Strikes.Add(1, new KeyValuePair<string, object?>("severity", Name(severity)));

    public static void KillSwitches(int change) => Engaged.Add(change);

    public static string Name(Verdict verdict) => verdict switch { Verdict.Allow => "allow", Verdict.NeedsApproval => "needs_approval", _ => "deny" };

    public static string Name(Severity severity) => severity switch { Severity.High => "high", Severity.Medium => "medium", _ => "low" };

    public static string Name(ModerationStage stage) => stage switch { ModerationStage.Input => "input", ModerationStage.Memory => "memory", ModerationStage.ToolResult => "tool_result", _ => "output" };
}
