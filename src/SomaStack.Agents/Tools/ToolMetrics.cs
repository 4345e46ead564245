using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

internal static class ToolMetrics
{
    public static readonly Counter<long> Calls = Telemetry.Meter.CreateCounter<long>("somastack_tools_calls", description: "Tool calls by how they ended.");

    public static readonly Histogram<double> Duration = Telemetry.Meter.CreateHistogram<double>("somastack_tools_call_duration", "s", "How long the tool itself took.");

    public static readonly UpDownCounter<long> Running = Telemetry.Meter.CreateUpDownCounter<long>("somastack_tools_calls_running", description: "Tool calls that this process carries out.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_tools_calls_total", "counter", "", "Tool calls by how they ended.", "kind", "outcome"),
        new("somastack_tools_call_duration_seconds", "histogram", "s", "How long the tool itself took.", "kind", "outcome"),
        new("somastack_tools_calls_running", "gauge", "", "Tool calls that this process carries out."),
    ];
}
