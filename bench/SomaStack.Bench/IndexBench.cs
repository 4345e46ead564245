using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.Bench;

/// <summary>
/// What durability and a restart cost the index. Batches of 256 go through the whole use case but HTTP, while the worker that makes
/// their vectors runs; each round is followed by bare single-row commits of SQLite, so that both share whatever else the machine did.
/// Then 100 000 sentences (vectors drawn, since embedding them would take minutes) are loaded from the rows and from the file.
/// </summary>
internal static class IndexBench
{
    public static readonly Benchmark Benchmark = new("index", "Batched memories a second against raw commits; an index of 100 000 from its file and from the rows.", RunAsync);

    private const string Tenant = "bench";
    private const int Batch = 256;
    private const int Memories = 100_000;
    private const int VectorBytes = 516;
    private const int DefaultRounds = 3;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(2);
    private static readonly string[] Words = [.. Enumerable.Range(0, 5000).Select(i => $"{(char)('a' + i % 26)}{(char)('a' + i / 26 % 26)}{"aeiou"[i % 5]}{(char)('a' + i * 7 % 26)}{i % 83}n")];

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var rounds = options.Rounds ?? DefaultRounds;
        var random = new Random(options.Seed ?? 20261122);
        var folder = Directory.CreateTempSubdirectory("soma-bench-index-").FullName;
        var settings = new SomaOptions { DataDirectory = folder, Url = "http://127.0.0.1:0" };
        var measured = new Dictionary<string, List<double>>(StringComparer.Ordinal) { ["batch"] = [], ["raw"] = [], ["snapshot"] = [], ["rebuild"] = [] };
        try
        {
            await using (var app = await SomaServer.BuildAsync(settings, cancellationToken))
            {
                await WriteAsync(app.Services, folder, rounds, random, measured, options, cancellationToken);
                await FillAsync(app.Services, random, options, cancellationToken);
            }
            var bytes = await LoadAsync(settings, rounds, measured, options, cancellationToken);
            return Summarise(measured, bytes, rounds);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static BenchResult Summarise(Dictionary<string, List<double>> measured, double bytes, int rounds)
    {
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal)
        {
            ["batch_memories_per_second"] = Figure.Of(measured["batch"], "1/s"), ["raw_commits_per_second"] = Figure.Of(measured["raw"], "1/s"),
            ["load_ms_snapshot"] = Figure.Of(measured["snapshot"], "ms"), ["load_ms_rebuild"] = Figure.Of(measured["rebuild"], "ms"), ["snapshot_bytes"] = Figure.Of([bytes], "bytes"),
        };
        var ratio = Figure.Middle(measured["batch"].Zip(measured["raw"], static (batch, raw) => batch / raw));
        return BenchResult.Of("index", figures, new Dictionary<string, double>(StringComparer.Ordinal) { ["vs_raw_commits"] = Math.Round(ratio, 3) }, rounds);
    }

    private static async Task WriteAsync(
        IServiceProvider services, string folder, int rounds, Random random, Dictionary<string, List<double>> measured, BenchOptions options, CancellationToken cancellationToken)
    {
        var remember = services.GetRequiredService<Remember>();
        var context = RequestContext.ForSystem(Tenant, DeploymentMode.Test);
        var later = services.GetRequiredService<EmbedLater>();
        await ((IHostedService)later).StartAsync(cancellationToken);
        for (var round = 0; round <= rounds; round++)
        {
            var began = Stopwatch.GetTimestamp();
            var done = 0;
            for (; Stopwatch.GetElapsedTime(began) < Span; done += Batch)
                await remember.RunAsync(new RememberBatchRequest([.. Enumerable.Range(0, Batch).Select(_ => new RememberRequest(Sentence(random), Kind: "fact"))], "batches"), context, cancellationToken);
            var rate = done / Stopwatch.GetElapsedTime(began).TotalSeconds;
            var raw = await RawAsync(Path.Combine(folder, "raw.db"), cancellationToken);
            // The first round warms caches and compiles.
            if (round == 0) continue;
            measured["batch"].Add(rate);
            measured["raw"].Add(raw);
            options.Progress($"round {round}/{rounds}: {rate:0} memories/s, {raw:0} raw commits/s");
        }
        await ((IHostedService)later).StopAsync(cancellationToken);
    }

    private static async Task FillAsync(IServiceProvider services, Random random, BenchOptions options, CancellationToken cancellationToken)
    {
        var memories = services.GetRequiredService<Memories>();
        var db = services.GetRequiredService<Db>();
        var context = RequestContext.ForSystem(Tenant, DeploymentMode.Test);
        var model = services.GetRequiredService<Intelligence.Inference.Contracts.ITextEmbedder>().Model;
        for (var done = 0; done < Memories; done += 1000)
        {
            var prepared = await memories.PrepareManyAsync([.. Enumerable.Range(0, 1000).Select(_ => new MemoryDraft(Sentence(random), "fact"))], cancellationToken);
            await db.WriteAsync(Tenant, work => memories.WriteManyAsync(work, context, [.. prepared.Select(one => one with { EmbeddingModel = model, Encoded = Vector(random) })]), cancellationToken);
            if (done % 20_000 == 0) options.Progress($"{done} of {Memories} written");
        }
    }

    /// <returns>The size of the file.</returns>
    private static async Task<double> LoadAsync(SomaOptions settings, int rounds, Dictionary<string, List<double>> measured, BenchOptions options, CancellationToken cancellationToken)
    {
        var bytes = 0L;
        for (var round = 1; round <= rounds; round++)
            foreach (var key in new[] { "rebuild", "snapshot" })
            {
                await using var app = await SomaServer.BuildAsync(settings, cancellationToken);
                var shelves = app.Services.GetRequiredService<Shelves>();
                GC.Collect();
                var began = Stopwatch.GetTimestamp();
                await shelves.ReadyAsync(Tenant, "default", cancellationToken);
                measured[key].Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
                options.Progress($"round {round}/{rounds}: {key} {measured[key][^1]:0} ms");
                if (key == "rebuild") await shelves.SaveAsync(DateTimeOffset.UnixEpoch, all: true, cancellationToken);
                var files = Path.Combine(settings.DataDirectory, "indexes");
                bytes = Directory.EnumerateFiles(files, "*", SearchOption.AllDirectories).Sum(static path => new FileInfo(path).Length);
                if (key == "snapshot") Directory.Delete(files, recursive: true);
            }
        return bytes;
    }

    /// <summary>The bare driver, one prepared insert a commit, with the durability that we use ourselves.</summary>
    private static async Task<double> RawAsync(string path, CancellationToken cancellationToken)
    {
        await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        await connection.OpenAsync(cancellationToken);
        await using (var settings = connection.CreateCommand())
        {
            settings.CommandText = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE IF NOT EXISTS raw_rows (tenant TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (tenant, id));";
            await settings.ExecuteNonQueryAsync(cancellationToken);
        }
        await using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO raw_rows (tenant, id, body) VALUES ('bench', $id, $body)";
        var id = insert.Parameters.AddWithValue("$id", "");
        insert.Parameters.AddWithValue("$body", new string('x', 200));
        var began = Stopwatch.GetTimestamp();
        var done = 0L;
        for (; Stopwatch.GetElapsedTime(began) < Span; done++)
        {
            id.Value = Ids.New();
            await insert.ExecuteNonQueryAsync(cancellationToken);
        }
        return done / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static string Sentence(Random random) => string.Join(' ', Enumerable.Range(0, 10).Select(_ => Words[(int)(Words.Length * Math.Pow(random.NextDouble(), 3))]));

    /// <summary>Each is another one: the values do not matter for a load, their bytes do.</summary>
    private static byte[] Vector(Random random)
    {
        var bytes = new byte[VectorBytes];
        random.NextBytes(bytes);
        BitConverter.TryWriteBytes(bytes, 0.001f);
        return bytes;
    }
}
