using System.Diagnostics;
using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal static class FactsMetrics
{
    public static readonly Counter<long> Written = Telemetry.Meter.CreateCounter<long>("somastack_memory_facts_written", description: "Facts written beside memories.");

    public static readonly Counter<long> Refused = Telemetry.Meter.CreateCounter<long>("somastack_memory_facts_refused", description: "Facts of a model that the memory does not state in words.");

    private static readonly Counter<long> Extractions = Telemetry.Meter.CreateCounter<long>("somastack_memory_extractions", description: "Model extractions tried, by status.");

    private static readonly Histogram<double> Duration = Telemetry.Meter.CreateHistogram<double>("somastack_memory_extraction_duration", "s", "One memory through the model, until its facts are stored.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_memory_facts_written_total", "counter", "", "Facts written beside memories."),
        new("somastack_memory_facts_refused_total", "counter", "", "Facts of a model that the memory does not state in words."),
        new("somastack_memory_extractions_total", "counter", "", "Model extractions tried, by status (done, failed)."),
        new("somastack_memory_extraction_duration_seconds", "histogram", "s", "One memory through the model, until its facts are stored."),
    ];

    public static void Ended(string status, TimeSpan took)
    {
        Extractions.Add(1, new TagList { { "status", status } });
        Duration.Record(took.TotalSeconds);
    }
}
