using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

internal static class WorkflowMetrics
{
    public static readonly Counter<long> Started = Telemetry.Meter.CreateCounter<long>("somastack_workflows_runs_started", description: "Runs that began here.");

    public static readonly Counter<long> Ended = Telemetry.Meter.CreateCounter<long>("somastack_workflows_runs_ended", description: "Runs that ended here, by how.");

    public static readonly Counter<long> Effects = Telemetry.Meter.CreateCounter<long>("somastack_workflows_effects", description: "Effects that were done, by kind and how they ended.");

    public static readonly Counter<long> TakenOver = Telemetry.Meter.CreateCounter<long>("somastack_workflows_taken_over", description: "Runs of replicas that were gone.");

    public static readonly Counter<long> Fenced = Telemetry.Meter.CreateCounter<long>("somastack_workflows_fenced", description: "Writes that were refused because another replica had the run.");

    public static readonly UpDownCounter<long> Hot = Telemetry.Meter.CreateUpDownCounter<long>("somastack_workflows_runs_driven", description: "Runs that this process drives.");

    public static readonly Histogram<double> FirstEffect = Telemetry.Meter.CreateHistogram<double>("somastack_workflows_first_effect_delay", "s", "From the start of a run to the beginning of its first effect.");

    /// <param name="result">Null when it waits for something outside, or was stopped.</param>
    public static void Done(RunEffect effect, RunInput? result)
    {
        var kind = effect switch { CallTool => "tool", AskAgent => "agent", StartNested => "nested", RequestApproval => "approval", StopEffect => "stop", _ => "other" };
        var outcome = result switch { EffectSucceeded => "succeeded", EffectFailed => "failed", EffectSuspended => "suspended", _ => "handed_over" };
        Effects.Add(1, new KeyValuePair<string, object?>("kind", kind), new KeyValuePair<string, object?>("outcome", outcome));
    }

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_workflows_runs_started_total", "counter", "", "Runs that began here."),
        new("somastack_workflows_runs_ended_total", "counter", "", "Runs that ended here, by how.", "status"),
        new("somastack_workflows_effects_total", "counter", "", "Effects that were done, by kind and how they ended.", "kind", "outcome"),
        new("somastack_workflows_taken_over_total", "counter", "", "Runs of replicas that were gone."),
        new("somastack_workflows_fenced_total", "counter", "", "Writes that were refused because another replica had the run."),
        new("somastack_workflows_runs_driven", "gauge", "", "Runs that this process drives."),
        new("somastack_workflows_first_effect_delay_seconds", "histogram", "s", "From the start of a run to the beginning of its first effect."),
    ];
}
