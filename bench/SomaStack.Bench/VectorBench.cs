namespace SomaStack.Bench;

/// <summary>
/// <c>vectors</c>: questions a second on one thread at recall@10 of .95 or more, our index beside others, on the same vectors. Every engine has the
/// smallest width of a list at which its recall holds; a round asks all engines one after the other. An engine that does not install is left out and
/// named on stderr.
/// </summary>
public static class VectorBench
{
    private const int Vectors = 50_000;
    private const int Questions = 1000;
    private const double RecallLeast = 0.95;

    private static readonly int[] Widths = [10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256, 384, 512, 768, 1024];

    /// <summary>usearch_i8 holds one byte a dimension, as ours does; the others hold float32.</summary>
    private static readonly string[] Others = ["hnswlib", "usearch", "usearch_i8", "lancedb"];

    public static readonly Benchmark Benchmark = new("vectors", "Nearest vectors: ours beside hnswlib, usearch and LanceDB at recall@10 of .95.", RunAsync);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var rounds = options.Rounds ?? 5;
        var data = Directory.CreateTempSubdirectory("soma-bench-").FullName;
        var set = new VectorSet(Vectors, Questions, options.Seed ?? 20261122);
        set.Write(data);
        var ours = new OurEngine(set);
        var engines = new List<IVectorEngine> { ours };
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal);
        var ratios = new Dictionary<string, double>(StringComparer.Ordinal);
        try
        {
            await StartOthersAsync(engines, data, options.Progress, cancellationToken);
            var widths = new Dictionary<string, int>(StringComparer.Ordinal);
            foreach (var engine in engines.ToList())
            {
                figures[engine.Name + "_build_s"] = Figure.Of([await engine.BuildAsync(cancellationToken)], engine.Name == "lancedb" ? "s, its own threads" : "s, one thread");
                options.Progress($"{engine.Name}: built in {figures[engine.Name + "_build_s"].Median:0.0} s");
                if (await FindWidthAsync(engine, options.Progress, cancellationToken) is { } width) widths[engine.Name] = width;
                else engines.Remove(engine);
            }
            var speeds = engines.ToDictionary(engine => engine.Name, _ => new List<double>(), StringComparer.Ordinal);
            var recall = 0.0;
            for (var round = 1; round <= rounds; round++)
            {
                foreach (var engine in engines)
                {
                    var (qps, found) = await engine.AskAsync(widths[engine.Name], Questions, cancellationToken);
                    speeds[engine.Name].Add(qps);
                    if (engine == ours) recall = found;
                }
                options.Progress($"round {round} of {rounds}: " + string.Join(", ", speeds.Select(pair => $"{pair.Key} {pair.Value[^1]:0}/s")));
            }
            foreach (var (name, qps) in speeds)
            {
                figures[name + "_qps"] = Figure.Of(qps, "questions/s");
                figures[name + "_width"] = Figure.Of([widths[name]], "candidates");
                if (name != ours.Name && speeds.TryGetValue(ours.Name, out var own)) ratios[$"vs_{name}_qps"] = Figure.Middle(own) / Figure.Middle(qps);
            }
            figures["recall_at_10"] = Figure.Of([recall], "share");
            figures["bytes_per_vector"] = Figure.Of([ours.BytesPerVector], "bytes");
            return BenchResult.Of("vectors", figures, ratios, rounds);
        }
        finally
        {
            foreach (var engine in engines) await engine.DisposeAsync();
            Directory.Delete(data, recursive: true);
        }
    }

    private static async Task StartOthersAsync(List<IVectorEngine> engines, string data, Action<string> progress, CancellationToken cancellationToken)
    {
        string project;
        try
        {
            project = await NodePackages.InstallAsync("vectors", ["hnswlib-node"], progress, cancellationToken);
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception or IOException)
        {
            progress("the other engines are absent: " + exception.Message);
            return;
        }
        foreach (var name in Others)
        {
            try
            {
                engines.Add(await NodeEngine.StartAsync(name, project, data, cancellationToken));
            }
            catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                progress($"{name} is absent: {exception.Message}");
            }
        }
    }

    /// <summary>The smallest width at which recall holds; every width is tried after one warming pass.</summary>
    private static async Task<int?> FindWidthAsync(IVectorEngine engine, Action<string> progress, CancellationToken cancellationToken)
    {
        await engine.AskAsync(64, Questions, cancellationToken);
        var (before, same) = (0.0, 0);
        foreach (var width in Widths)
        {
            var (qps, recall) = await engine.AskAsync(width, Questions, cancellationToken);
            progress($"{engine.Name} width {width}: recall {recall:0.0000}, {qps:0}/s");
            if (recall >= RecallLeast) return width;
            same = recall - before < 0.001 ? same + 1 : 0;
            before = recall;
            // What it stores is too coarse: a longer search finds no more.
            if (same == 3) break;
        }
        progress($"{engine.Name} is left out: recall stays below {RecallLeast} at {before:0.0000}");
        return null;
    }
}
