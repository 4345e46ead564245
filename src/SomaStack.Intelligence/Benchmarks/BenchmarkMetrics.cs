using System.Diagnostics;
using System.Diagnostics.Metrics;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

internal static class BenchmarkMetrics
{
    private static readonly Counter<long> Questions = Telemetry.Meter.CreateCounter<long>("somastack_benchmark_questions", description: "Benchmark questions, by task and what became of them.");

    private static readonly Counter<long> Runs = Telemetry.Meter.CreateCounter<long>("somastack_benchmark_runs", description: "Benchmark runs that ended, by status.");

    public static readonly IReadOnlyList<MetricDescription> All =
    [
        new("somastack_benchmark_questions_total", "counter", "", "Benchmark questions by what became of them (answered, failed, skipped).", "task", "status"),
        new("somastack_benchmark_runs_total", "counter", "", "Benchmark runs that ended, by status (done, failed).", "status"),
    ];

    public static void Asked(string task, string status) => Questions.Add(1, new TagList { { "task", task }, { "status", status } });

    public static void Ended(string status) => Runs.Add(1, new TagList { { "status", status } });
}
