using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <param name="Items">Different questions; <paramref name="Answered"/> and <paramref name="Failed"/> count calls, repetitions included.</param>
/// <param name="PerfectShare">The share of questions that were right every time; recall at 1 for embeddings.</param>
/// <param name="Unknown">Terms that nothing is known of; the weights of the others are scaled up to 1.</param>
/// <param name="MeanCost">US dollars an answer.</param>
internal sealed record ScoreView(
    string Model, string Task, double Score, Interval Interval, long Items, long Answered, long Failed, long Refused,
    ScoreTerm Quality, ScoreTerm Cost, ScoreTerm Latency, ScoreTerm Reliability, IReadOnlyList<string> Unknown,
    double? PerfectShare, decimal? MeanCost, double? P95Ms, string? Role);

/// <param name="CostReference">US dollars an answer at which the cost term is one half.</param>
/// <param name="LatencyReferenceMs">The p95 at which the latency term is one half.</param>
internal sealed record ScoreList(
    IReadOnlyList<ScoreView> Data, string Mode, Weights Weights, decimal CostReference, double LatencyReferenceMs, DateTimeOffset AsOf, int WindowDays, IReadOnlyList<string> Capsules);

/// <summary><c>GET /v1/scores</c>: what each model is worth for each task, over a window of the past.</summary>
internal sealed class ReadScores(RunStore store, CapsuleShelf shelf, ISettings settings, TimeProvider clock)
{
    public const int WindowDays = 30;

    private const int WindowDaysMax = 366;
    private const int ModelLengthMax = 200;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/scores", (RequestContext context, ReadScores use, string? task, string? model, DateTimeOffset? as_of, int? window_days, CancellationToken cancellationToken) =>
            use.RunAsync(context, task, model, as_of, window_days, cancellationToken))
            .Requires(Capability.BenchmarkRead).WithTags("benchmarks").WithSummary("The score of each model for each task, best first, with its terms.");

    /// <summary>The calls of the window by model and task. Of capsules that were changed since, and of those that are gone, nothing counts.</summary>
    public async Task<IReadOnlyList<Seen>> SeenAsync(string tenant, DateTimeOffset asOf, int days, CancellationToken cancellationToken)
    {
        var present = shelf.All.Select(static capsule => capsule.Named).ToHashSet(StringComparer.Ordinal);
        var rows = await store.WindowAsync(tenant, asOf.AddDays(-days).ToMicros(), asOf.ToMicros(), cancellationToken);
        return [.. rows.Where(row => present.Contains(row.Capsule)).GroupBy(static row => (row.Model, row.Task))
            .OrderBy(static group => group.Key.Task, StringComparer.Ordinal).ThenBy(static group => group.Key.Model, StringComparer.Ordinal)
            .Select(static group => new Seen(group.Key.Model, group.Key.Task, [.. group.Select(ObservationOf)]))];
    }

    internal static Observation ObservationOf(ResultRow row) => new(
        row.Capsule + "/" + row.Item, row.Outcome.Status == Outcome.Answered, row.Outcome.Quality, row.Outcome.Refused, row.Outcome.LatencyMs, row.Outcome.Currency == "USD" ? row.Outcome.CostNanos : null);

    private async Task<ScoreList> RunAsync(RequestContext context, string? task, string? model, DateTimeOffset? asOf, int? windowDays, CancellationToken cancellationToken)
    {
        Check.That(task is null || Tasks.All.Contains(task), "task", $"must be one of {string.Join(", ", Tasks.All)}")
            .And(model is null or { Length: >= 1 and <= ModelLengthMax }, "model", $"must have 1 to {ModelLengthMax} characters")
            .And(windowDays is null or (>= 1 and <= WindowDaysMax), "window_days", $"must be from 1 to {WindowDaysMax}")
            .And(asOf is null || asOf > DateTimeOffset.UnixEpoch.AddDays(WindowDaysMax), "as_of", "must be after 1971-01-02")
            .OrThrow();
        var weights = Weights.Of(settings.Mode);
        var until = asOf ?? clock.GetUtcNow();
        var seen = await SeenAsync(context.Tenant, until, windowDays ?? WindowDays, cancellationToken);
        var views = new List<ScoreView>();
        foreach (var one in seen.Where(one => (task is null || one.Task == task) && (model is null || one.Model == model)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            views.Add(View(one, weights));
        }
        return new ScoreList(
            [.. views.OrderBy(static view => view.Task, StringComparer.Ordinal).ThenByDescending(static view => view.Score).ThenBy(static view => view.Model, StringComparer.Ordinal)],
            settings.Mode.Name(), weights, (decimal)Score.CostReferenceNanos / 1_000_000_000m, Score.LatencyReferenceMs, until, windowDays ?? WindowDays, [.. shelf.All.Select(static capsule => capsule.Named)]);
    }

    private static ScoreView View(Seen seen, Weights weights)
    {
        var calls = new Observations(seen.Calls);
        var score = Score.Of(calls, weights);
        return new ScoreView(
            seen.Model, seen.Task, score.Value, score.Interval, calls.Items, calls.Answered, calls.Failed, calls.Refused, score.Quality, score.Cost, score.Latency, score.Reliability, score.Unknown,
            calls.Perfect, (decimal?)score.MeanCostNanos / 1_000_000_000m, score.P95Ms, Tasks.RoleOf(seen.Task));
    }
}
