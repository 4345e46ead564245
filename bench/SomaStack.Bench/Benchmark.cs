namespace SomaStack.Bench;

/// <summary>What <c>soma bench NAME</c> runs. Progress goes to <see cref="BenchOptions.Progress"/>, never to stdout.</summary>
public sealed record Benchmark(string Name, string Description, Func<BenchOptions, CancellationToken, Task<BenchResult>> RunAsync);

/// <summary>The list, in the order in which it is shown.</summary>
public static class Benchmarks
{
    public static readonly IReadOnlyList<Benchmark> All =
    [
        StartBenchmark.Benchmark,
        GatewayBenchmark.Benchmark,
        RecordingsBenchmark.Benchmark,
        MemoryBench.Benchmark, RegressionCapsule.Benchmark, RecallBench.Benchmark, VectorBench.Benchmark,
        IndexBench.Benchmark, JournalBench.Benchmark, CrashBench.Benchmark,
        ModelsBench.Benchmark,
        IdentityBench.Benchmark,
        PolicyBench.Benchmark,
        ModerationBench.Benchmark, InjectionModelBench.Benchmark,
        FanoutBench.Benchmark,
        WorkflowBench.Benchmark,
        TokenBench.Benchmark, RefusalBench.Benchmark, SpeechBench.Benchmark,
    ];
}

/// <param name="Rounds">Repetitions; null takes the benchmark's own default.</param>
/// <param name="Seed">Of everything random; null draws one, which is then printed.</param>
/// <param name="Progress">One line at a time, for stderr.</param>
public sealed record BenchOptions(int? Rounds, int? Seed, Action<string> Progress)
{
    /// <summary>The file to measure on; null takes the benchmark's own, when it has one.</summary>
    public string? Data { get; init; }

    /// <summary>What to measure beside ours, for benchmarks that know others (gateway: portkey).</summary>
    public string? Versus { get; init; }

    /// <summary>How long to keep the load up, for benchmarks that look for slow growth (gateway).</summary>
    public TimeSpan? Soak { get; init; }

    /// <summary>How many clients, or runs that wait, for benchmarks that have them; null takes the benchmark's own number.</summary>
    public int? Connections { get; init; }

    /// <summary>How many seeds to simulate in place of measuring (workflows).</summary>
    public int? Simulate { get; init; }

    /// <summary>The folder to measure on; null takes the benchmark's own, when it has one.</summary>
    public string? Directory { get; init; }

    /// <summary>The built program, for benchmarks that start it as a process of its own.</summary>
    public string Soma { get; init; } = Path.Combine(AppContext.BaseDirectory, "soma.dll");
}
