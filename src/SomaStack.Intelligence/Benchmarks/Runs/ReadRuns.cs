using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <param name="Quality">The mean over graded answers; null when none was graded.</param>
/// <param name="WordErrorRate">Of speech: the mean over sentences with its 95 % interval; null elsewhere.</param>
/// <param name="Skipped">How many were not asked, by reason.</param>
/// <param name="FailedBy">How many failed, by reason.</param>
/// <param name="Cost">The sum in US dollars; null when some call's cost is unknown.</param>
internal sealed record RunPart(
    string Model, string Task, long Answered, long Failed, long Refused, double? Quality, double? P95Ms, decimal? Cost, IReadOnlyDictionary<string, long> FailedBy, IReadOnlyDictionary<string, long> Skipped,
    ErrorRate? WordErrorRate = null);

/// <param name="Sentences">Each counts once, however often it was spoken.</param>
internal sealed record ErrorRate(double Value, double Low, double High, int Sentences);

/// <param name="Status">queued, running, done or failed.</param>
/// <param name="Questions">How many there are to ask; <paramref name="Asked"/> of them have a result.</param>
/// <param name="Parts">By model and task; absent in a list.</param>
internal sealed record RunView(
    string Id, string Status, string Cause, IReadOnlyList<string> Models, IReadOnlyList<string> Capsules, long Repetitions, long Questions, long? Asked, string Mode,
    DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, string? Error, IReadOnlyList<RunPart>? Parts);

internal sealed record ResultView(
    string Model, string? Provider, string Task, string Capsule, string Item, long Repetition, string Status, string? Reason, double? Quality, bool Refused, double? LatencyMs, double? FirstTokenMs,
    long? InputTokens, long? OutputTokens, decimal? Cost, string? Currency, string? CallId, DateTimeOffset At);

/// <param name="NextRun">When the schedule runs next; null without SOMA_BENCHMARK_AT.</param>
internal sealed record RunList(IReadOnlyList<RunView> Data, string? NextCursor, DateTimeOffset? NextRun);

internal sealed record CapsuleView(string Id, string Task, long Version, string Description, int Items, string Grader, double? QualityThreshold, string? Skipped);

/// <param name="Faults">Files of the data folder that were left out, with the reason.</param>
internal sealed record CapsuleList(IReadOnlyList<CapsuleView> Data, IReadOnlyList<string> Faults);

/// <summary><c>GET /v1/run/{id}</c>, <c>/v1/run/{id}/results</c>, <c>/v1/runs</c> and <c>/v1/benchmarks</c>.</summary>
internal sealed class ReadRuns(RunStore store, CapsuleShelf shelf, Schedule schedule, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/run/{id}", (string id, RequestContext context, ReadRuns use, CancellationToken cancellationToken) => use.FindAsync(context, id, cancellationToken))
            .Requires(Capability.BenchmarkRead).WithTags("benchmarks").WithSummary("How far a run has come, by model and task.");
        routes.MapGet("/v1/run/{id}/results", (string id, RequestContext context, ReadRuns use, string? cursor, int? limit, CancellationToken cancellationToken) =>
            use.ResultsAsync(context, id, cursor, limit, cancellationToken)).Requires(Capability.BenchmarkRead).WithTags("benchmarks").WithSummary("What became of each question of a run.");
        routes.MapGet("/v1/runs", (RequestContext context, ReadRuns use, string? cursor, int? limit, CancellationToken cancellationToken) => use.ListAsync(context, cursor, limit, cancellationToken))
            .Requires(Capability.BenchmarkRead).WithTags("benchmarks").WithSummary("Runs, newest first, and when the next is scheduled.");
        routes.MapGet("/v1/benchmarks", (ReadRuns use) => use.Capsules()).Requires(Capability.BenchmarkRead).WithTags("benchmarks").WithSummary("The benchmark capsules.");
    }

    public async Task<RunView> FindAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var run = await OwnAsync(context, id, cancellationToken);
        var results = await store.ResultsAsync(context.Tenant, id, cancellationToken);
        var parts = results.GroupBy(static row => (row.Model, row.Task)).OrderBy(static group => group.Key.Task, StringComparer.Ordinal).ThenBy(static group => group.Key.Model, StringComparer.Ordinal)
            .Select(static group => PartOf(group.Key.Model, group.Key.Task, [.. group])).ToList();
        return View(run, results.Count, parts);
    }

    internal static RunPart PartOf(string model, string task, IReadOnlyList<ResultRow> rows)
    {
        var outcomes = rows.Select(static row => row.Outcome).ToList();
        var answered = outcomes.Where(static one => one.Status == Outcome.Answered).ToList();
        var graded = answered.Where(static one => one.Quality is not null).Select(static one => one.Quality!.Value).ToList();
        var latencies = answered.Where(static one => one.LatencyMs is not null).Select(static one => one.LatencyMs!.Value).Order().ToArray();
        decimal? cost = answered.Count > 0 && answered.All(static one => one is { CostNanos: not null, Currency: "USD" }) ? answered.Sum(static one => one.CostNanos!.Value) / 1_000_000_000m : null;
        return new RunPart(
            model, task, answered.Count, outcomes.Count(static one => one.Status == Outcome.Failed), answered.Count(static one => one.Refused), graded.Count == 0 ? null : graded.Average(),
            latencies.Length == 0 ? null : Intervals.NearestRank(latencies, 0.95), cost, Reasons(outcomes, Outcome.Failed), Reasons(outcomes, Outcome.Skipped),
            task == "speech" ? ErrorsOf(rows) : null);
    }

    /// <summary>The share of words that were heard wrongly, sentence by sentence, each at most 1: quality is what is left of it.</summary>
    private static ErrorRate? ErrorsOf(IReadOnlyList<ResultRow> rows)
    {
        var sentences = rows.Where(static row => row.Outcome is { Status: Outcome.Answered, Quality: not null }).GroupBy(static row => (row.Capsule, row.Item))
            .Select(static group => 1 - group.Average(static row => row.Outcome.Quality!.Value)).ToArray();
        if (sentences.Length == 0) return null;
        var interval = Intervals.OfMean(sentences);
        return new ErrorRate(sentences.Average(), interval.Low, interval.High, sentences.Length);
    }

    private async Task<Page<ResultView>> ResultsAsync(RequestContext context, string id, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        await OwnAsync(context, id, cancellationToken);
        var size = Cursor.Limit(limit);
        var after = Cursor.Decode(cursor) ?? "";
        // Of a run there are at most 20 000.
        var rows = (await store.ResultsAsync(context.Tenant, id, cancellationToken)).Select(static row => (Key: Key(row), Row: row))
            .Where(pair => string.CompareOrdinal(pair.Key, after) > 0).OrderBy(static pair => pair.Key, StringComparer.Ordinal).Take(size + 1).ToList();
        var page = Cursor.Page(rows, size, static pair => pair.Key);
        return new Page<ResultView>([.. page.Data.Select(static pair => ViewOf(pair.Row))], page.NextCursor);
    }

    private async Task<RunList> ListAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var (at, id) = Before(cursor);
        var rows = await store.ListAsync(context.Tenant, at, id, size + 1, cancellationToken);
        var page = Cursor.Page(rows, size, static row => string.Create(CultureInfo.InvariantCulture, $"{row.CreatedAt} {row.Id}"));
        return new RunList([.. page.Data.Select(static row => View(row, null, null))], page.NextCursor, schedule.Next(clock.GetUtcNow()));
    }

    private CapsuleList Capsules() => new(
        [.. shelf.All.Select(static one => new CapsuleView(one.Id, one.Task, one.Version, one.Description, one.Items.Count, one.Grader, one.Thresholds?.Quality, one.Skipped))], shelf.Faults);

    private async Task<RunRow> OwnAsync(RequestContext context, string id, CancellationToken cancellationToken) =>
        await store.FindAsync(context.Tenant, id, cancellationToken) ?? throw BenchmarkProblems.RunUnknown.Because("There is no run of this id.");

    private static RunView View(RunRow run, long? asked, IReadOnlyList<RunPart>? parts) => new(
        run.Id, run.Status, run.Cause, run.Models, run.Capsules, run.Repetitions, run.Questions, asked, run.Mode, run.CreatedAt.ToInstant(), run.StartedAt?.ToInstant(), run.EndedAt?.ToInstant(), run.Error, parts);

    private static ResultView ViewOf(ResultRow row) => new(
        row.Model, row.Outcome.Provider, row.Task, row.Capsule, row.Item, row.Repetition, row.Outcome.Status, row.Outcome.Reason, row.Outcome.Quality, row.Outcome.Refused, row.Outcome.LatencyMs,
        row.Outcome.FirstTokenMs, row.Outcome.InputTokens, row.Outcome.OutputTokens, row.Outcome.CostNanos / 1_000_000_000m, row.Outcome.Currency, row.Outcome.CallId, row.At.ToInstant());

    private static string Key(ResultRow row) => string.Create(CultureInfo.InvariantCulture, $"{row.Capsule}\n{row.Item}\n{row.Model}\n{row.Repetition:D4}");

    private static Dictionary<string, long> Reasons(IReadOnlyList<Outcome> outcomes, string status) => outcomes.Where(one => one.Status == status)
        .GroupBy(static one => one.Reason ?? "unknown", StringComparer.Ordinal).OrderBy(static group => group.Key, StringComparer.Ordinal)
        .ToDictionary(static group => group.Key, static group => (long)group.Count(), StringComparer.Ordinal);

    private static (long At, string Id) Before(string? cursor)
    {
        if (Cursor.Decode(cursor) is not { } text) return (long.MaxValue, "");
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        return space > 0 && long.TryParse(text.AsSpan(0, space), NumberStyles.None, CultureInfo.InvariantCulture, out var at)
            ? (at, text[(space + 1)..])
            : throw Problem.Invalid("cursor", "is not a cursor that this server issued");
    }
}
