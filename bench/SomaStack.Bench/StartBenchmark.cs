using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace SomaStack.Bench;

/// <summary><c>start</c>: from the start of the process to <c>/readyz</c> answering 200, on a data folder that exists, and the memory it then holds.</summary>
public static class StartBenchmark
{
    /// <summary>Memory is read when the process has used almost no processor time for this long.</summary>
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2);

    public static readonly Benchmark Benchmark = new("start", "Process start to ready on an initialised data folder, and resident memory when idle.", RunAsync);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var rounds = options.Rounds ?? 5;
        var folder = Path.Combine(Path.GetTempPath(), "soma-bench-" + Guid.CreateVersion7().ToString("N"));
        try
        {
            await using (await SomaServerProcess.StartAsync(options, folder, [], cancellationToken))
            {
                // The first start makes keys and tables; it is not measured.
            }
            var ready = new List<double>();
            var memory = new List<double>();
            for (var round = 1; round <= rounds; round++)
            {
                var begun = Stopwatch.GetTimestamp();
                await using var soma = await SomaServerProcess.StartAsync(options, folder, [], cancellationToken);
                await UntilReadyAsync(soma.Url, cancellationToken);
                ready.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
                memory.Add(await IdleMemoryAsync(soma.Id, cancellationToken));
                options.Progress($"round {round}/{rounds}: ready in {ready[^1]:0.000} s, {memory[^1]:0.0} MB idle");
            }
            return BenchResult.Of("start", new Dictionary<string, Figure> { ["ready_s"] = Figure.Of(ready, "s"), ["idle_rss_mb"] = Figure.Of(memory, "MB") }, new Dictionary<string, double>(), rounds);
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task UntilReadyAsync(string url, CancellationToken cancellationToken)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(url) };
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(2));
        while (true)
        {
            using var response = await client.GetAsync("/readyz", deadline.Token);
            if (response.StatusCode == HttpStatusCode.OK) return;
            await timer.WaitForNextTickAsync(deadline.Token);
        }
    }

    /// <summary>VmRSS in MB (10^6 bytes) once the process rests.</summary>
    private static async Task<double> IdleMemoryAsync(int id, CancellationToken cancellationToken)
    {
        using var process = Process.GetProcessById(id);
        using var timer = new PeriodicTimer(Idle);
        var before = process.TotalProcessorTime;
        for (var look = 0; look < 15; look++)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            process.Refresh();
            var used = process.TotalProcessorTime - before;
            before = process.TotalProcessorTime;
            if (used < Idle * 0.03) break;
        }
        return ResidentBytes(id) / 1e6;
    }

    /// <summary>The memory that the process has in RAM, as the kernel counts it.</summary>
    internal static double ResidentBytes(int id)
    {
        foreach (var line in File.ReadLines($"/proc/{id}/status"))
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal)) return double.Parse(line.AsSpan("VmRSS:".Length, line.Length - "VmRSS:".Length - "kB".Length), CultureInfo.InvariantCulture) * 1024;
        throw new InvalidOperationException($"/proc/{id}/status tells no VmRSS.");
    }
}
