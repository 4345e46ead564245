using System.Globalization;
using System.Text.Json;
using SomaStack.Client;

namespace SomaStack.Bench;

/// <summary>
/// <c>models</c>: the benchmark capsules against the configured models. With SOMA_URL and SOMA_TOKEN set, on that running server; else on one
/// of its own that takes the environment's providers (SOMA_OPENAI_URL, SOMA_PROVIDERS, SOMA_MODEL, SOMA_BENCHMARK_MODELS). Each figure is
/// the value between the limits of its 95 % interval, not a spread over rounds; --rounds sets how often each question is asked.
/// </summary>
public static class ModelsBench
{
    public static readonly Benchmark Benchmark = new("models", "The benchmark capsules against the configured models: score and quality with 95 % intervals.", RunAsync);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var repetitions = Math.Clamp(options.Rounds ?? 1, 1, 20);
        if (Environment.GetEnvironmentVariable("SOMA_URL") is { } url && Environment.GetEnvironmentVariable("SOMA_TOKEN") is { } token) return await MeasureAsync(url, token, repetitions, options, cancellationToken);
        var folder = Path.Combine(Path.GetTempPath(), "soma-bench-" + Guid.CreateVersion7().ToString("N"));
        try
        {
            await using var soma = await SomaServerProcess.StartAsync(options, folder, [], cancellationToken);
            return await MeasureAsync(soma.Url, await soma.TokenAsync(cancellationToken), repetitions, options, cancellationToken);
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<BenchResult> MeasureAsync(string url, string token, int repetitions, BenchOptions options, CancellationToken cancellationToken)
    {
        var client = SomaClient.Connect(new Uri(url), token);
        using var body = JsonDocument.Parse($"{{\"repetitions\":{repetitions.ToString(CultureInfo.InvariantCulture)}}}");
        var run = (await client.SendAsync(HttpMethod.Post, "/v1/run", body.RootElement, cancellationToken: cancellationToken)).Body;
        var id = run.GetProperty("id").GetString()!;
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (run.GetProperty("ended_at").ValueKind == JsonValueKind.Null)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            run = await client.GetAsync("/v1/run/" + id, cancellationToken);
            options.Progress($"{run.GetProperty("asked").GetInt64()} of {run.GetProperty("questions").GetInt64()} questions");
        }
        if (run.GetProperty("status").GetString() != "done") throw new InvalidOperationException($"The run {id} ended as {run.GetProperty("status").GetString()}: {run.GetProperty("error").GetString()}");
        foreach (var part in run.GetProperty("parts").EnumerateArray())
            foreach (var reason in part.GetProperty("skipped").EnumerateObject())
                options.Progress($"skipped: {part.GetProperty("task").GetString()} with {part.GetProperty("model").GetString()}, {reason.Value.GetInt64()} questions ({reason.Name})");
        var scores = await client.GetAsync("/v1/scores", cancellationToken);
        var models = run.GetProperty("models").EnumerateArray().Select(static model => model.GetString()!).ToHashSet(StringComparer.Ordinal);
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal);
        foreach (var row in scores.GetProperty("data").EnumerateArray().Where(row => models.Contains(row.GetProperty("model").GetString()!)))
        {
            var name = $"{row.GetProperty("task").GetString()} {row.GetProperty("model").GetString()}";
            var interval = row.GetProperty("interval");
            var items = row.GetProperty("items").GetInt64();
            figures[name + " score"] = new Figure(row.GetProperty("score").GetDouble(), interval.GetProperty("low").GetDouble(), interval.GetProperty("high").GetDouble(), $"of 1, 95 %, {items} items");
            var quality = row.GetProperty("quality");
            if (quality.GetProperty("value").ValueKind == JsonValueKind.Number)
                figures[name + " quality"] = new Figure(quality.GetProperty("value").GetDouble(), quality.GetProperty("low").GetDouble(), quality.GetProperty("high").GetDouble(), "of 1, 95 %");
            if (row.GetProperty("p95_ms").ValueKind == JsonValueKind.Number)
            {
                var p95 = row.GetProperty("p95_ms").GetDouble();
                figures[name + " p95"] = new Figure(p95, p95, p95, "ms");
            }
        }
        return BenchResult.Of("models", figures, new Dictionary<string, double>(), repetitions);
    }
}
