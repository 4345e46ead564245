using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.Bench;

/// <summary>
/// Remember and recall in one process on SQLite, embedding included. A round is one pass over the questions; the memories are
/// generated sentences, so this says how fast the room is, not how good.
/// </summary>
public static class RecallBench
{
    private const int Held = 100_000;
    private const int Embedded = 2_000;
    private const int Questions = 200;
    private const int Batch = 256;
    private const string Tenant = "bench";

    private static readonly string[] People = ["Amara", "Bruno", "Chiara", "Dmitri", "Elif", "Farah", "Goran", "Hana", "Ivo", "Jun"];
    private static readonly string[] Deeds = ["repaired", "painted", "sold", "photographed", "borrowed", "described", "delivered", "returned", "measured", "forgot"];
    private static readonly string[] Things = ["the blue bicycle", "a wooden boat", "the kitchen radio", "an old map", "two violins", "the garden gate", "a box of tools", "the red tent", "a winter coat", "the tall ladder"];
    private static readonly string[] Places = ["in Lisbon", "near the harbour", "at the station", "behind the school", "on the third floor", "by the river", "in the workshop", "at the market", "under the bridge", "in Oslo"];

    public static readonly Benchmark Benchmark = new("recall", "100 000 memories of one tenant: load, recall with embedding (p50, p95), remember durably (p50, p95).", RunAsync);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("soma-bench-").FullName;
        var settings = new SomaOptions { DataDirectory = folder, Url = "http://127.0.0.1:0" };
        var rounds = options.Rounds ?? 5;
        var random = new Random(options.Seed ?? 20261122);
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal);
        var context = RequestContext.ForSystem(Tenant, DeploymentMode.Test);
        try
        {
            await using (var writing = await SomaServer.BuildAsync(settings, cancellationToken)) await FillAsync(writing.Services, context, random, figures, options, cancellationToken);
            await using var app = await SomaServer.BuildAsync(settings, cancellationToken);
            var memory = app.Services.GetRequiredService<Memories>();
            var load = Stopwatch.GetTimestamp();
            await memory.RecallAsync(context, new RecallQuery("warm up"), cancellationToken);
            figures["load_ms"] = Figure.Of([Stopwatch.GetElapsedTime(load).TotalMilliseconds], "ms");
            var unlinked = await TimedAsync(memory, context, random, 0, cancellationToken);
            figures["p95_before_linking_ms"] = Figure.Of([unlinked.P95], "ms");
            var linking = Stopwatch.GetTimestamp();
            var shelf = app.Services.GetRequiredService<Shelves>().InMemory.Single();
            while (shelf.LinkSome(256)) cancellationToken.ThrowIfCancellationRequested();
            figures["linking_s"] = Figure.Of([Stopwatch.GetElapsedTime(linking).TotalSeconds], "s");
            List<double> p50 = [], p95 = [];
            for (var round = 0; round < rounds; round++)
            {
                var (middle, high) = await TimedAsync(memory, context, random, round, cancellationToken);
                p50.Add(middle);
                p95.Add(high);
                options.Progress($"round {round + 1} of {rounds}: p95 {p95[^1]:0.00} ms");
            }
            figures["resident_mb"] = Figure.Of([Environment.WorkingSet / 1048576.0], "MiB");
            figures["p50_ms"] = Figure.Of(p50, "ms");
            figures["p95_ms"] = Figure.Of(p95, "ms");
            return BenchResult.Of("recall", figures, new Dictionary<string, double>(StringComparer.Ordinal), rounds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(double P50, double P95)> TimedAsync(Memories memory, RequestContext context, Random random, int round, CancellationToken cancellationToken)
    {
        var times = new List<double>(Questions);
        for (var i = 0; i < Questions; i++)
        {
            var question = $"who {Sentence(random, round * Questions + i)}?";
            var started = Stopwatch.GetTimestamp();
            await memory.RecallAsync(context, new RecallQuery(question), cancellationToken);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        times.Sort();
        return (times[times.Count / 2], times[times.Count * 95 / 100]);
    }

    /// <summary>
    /// Texts are all different; embeddings are those of <see cref="Embedded"/> real sentences, each a little turned for every text that uses it,
    /// so that a hundred thousand need not be computed to learn how fast they are searched.
    /// </summary>
    private static async Task FillAsync(IServiceProvider services, RequestContext context, Random random, Dictionary<string, Figure> figures, BenchOptions options, CancellationToken cancellationToken)
    {
        var memory = services.GetRequiredService<Memories>();
        var db = services.GetRequiredService<Db>();
        var real = new List<float[]>(Embedded);
        for (var i = 0; i < Embedded; i++)
            if ((await memory.PrepareAsync(context, new MemoryDraft(Sentence(random, i), "fact"), cancellationToken)).Embedding is { } vector) real.Add(vector);
        for (var done = 0; done < Held; done += Batch)
        {
            var prepared = new List<PreparedMemory>(Batch);
            for (var i = done; i < Math.Min(done + Batch, Held); i++)
            {
                var vector = real.Count == 0 ? null : Turned(real[i % real.Count], random);
                prepared.Add(memory.Prepared(new MemoryDraft(Sentence(random, i), "fact", Conversation: "c" + i / 20), vector));
            }
            await db.WriteAsync(Tenant, async work => { foreach (var one in prepared) await memory.WriteAsync(work, context, one); }, cancellationToken);
            if (done % (Batch * 64) == 0) options.Progress($"{done} of {Held} remembered");
        }
        var single = new List<double>();
        for (var i = 0; i < 200; i++)
        {
            var started = Stopwatch.GetTimestamp();
            var one = await memory.PrepareAsync(context, new MemoryDraft(Sentence(random, Held + i), "fact"), cancellationToken);
            await db.WriteAsync(Tenant, work => memory.WriteAsync(work, context, one), cancellationToken);
            single.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        single.Sort();
        figures["remember_p50_ms"] = Figure.Of([single[100]], "ms");
        figures["remember_p95_ms"] = Figure.Of([single[190]], "ms");
    }

    /// <summary>A cosine of about .9 to the given one.</summary>
    internal static float[] Turned(float[] vector, Random random)
    {
        var turned = new float[vector.Length];
        for (var i = 0; i < turned.Length; i++) turned[i] = vector[i] + 0.48f / MathF.Sqrt(vector.Length) * (float)Normal(random);
        var length = MathF.Sqrt(turned.Sum(static x => x * x));
        for (var i = 0; i < turned.Length; i++) turned[i] /= length;
        return turned;
    }

    /// <summary>Box and Muller 1958.</summary>
    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    private static string Sentence(Random random, int number) =>
        $"{People[random.Next(People.Length)]} {Deeds[random.Next(Deeds.Length)]} {Things[random.Next(Things.Length)]} {Places[random.Next(Places.Length)]}, case {number}";
}
