using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>
/// Asks what waiting runs hold, one run after another. A run is held by a claim that is renewed; when its worker dies, another takes it up
/// and asks only what has no result. One model's failures stop no other model.
/// </summary>
internal sealed partial class ExecuteRuns(
    RunStore store, CapsuleShelf shelf, Examiner examiner, ReadScores scores, PromotionStore promotions, IPrimaryModels primaries, ISettings settings, Journal journal, TimeProvider clock,
    ILogger<ExecuteRuns> log) : BackgroundService
{
    /// <summary>Questions under way at once, over all models of the run.</summary>
    private const int AtOnce = 4;
    private const int Batch = 4;
    private const int Attempts = 5;

    /// <summary>After so many failures one after another a model is asked nothing more in this run.</summary>
    private const int FailuresInARow = 5;

    /// <summary>The directory has just been asked; it will not know more in the same run.</summary>
    private const string ModelUnknown = "model_unknown";

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <returns>How many runs were taken up.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var taken = 0;
        foreach (var run in await store.DueAsync(clock.NowMicros(), Batch, cancellationToken))
        {
            var claim = Ids.New(clock);
            if (!await store.ClaimAsync(run, claim, Later(Lease), clock.NowMicros(), cancellationToken)) continue;
            taken++;
            await RunAsync(run with { Claim = claim, Attempts = run.Attempts + 1 }, cancellationToken);
        }
        return taken;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Poll, clock);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                LogFailure(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task RunAsync(RunRow run, CancellationToken cancellationToken)
    {
        using var held = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var renewing = RenewAsync(run, held);
        try
        {
            await AskAsync(run, held.Token);
            await EndAsync(run, held.Token);
        }
        catch (OperationCanceledException) when (held.IsCancellationRequested)
        {
            // Stopped, or another replica has the run: it goes on where this one ended.
        }
        catch (Exception exception)
        {
            LogRun(exception, run.Id, run.Tenant);
            if (run.Attempts >= Attempts) await GiveUpAsync(run);
            else await store.RenewAsync(run.Tenant, run.Id, run.Claim, Later(Pause), CancellationToken.None);
        }
        finally
        {
            await held.CancelAsync();
            await renewing;
        }
    }

    private async Task AskAsync(RunRow run, CancellationToken cancellationToken)
    {
        // The budget is the asker's own.
        var context = RequestContext.ForSystem(run.Tenant, settings.Mode) with { Principal = run.Principal };
        var done = (await store.ResultsAsync(run.Tenant, run.Id, cancellationToken)).Select(static row => (row.Model, row.Capsule, row.Item, row.Repetition)).ToHashSet();
        var failures = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var stopped = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        var questions = Questions(run).Where(one => !done.Contains((one.Model, one.Capsule.Named, one.Item.Id, one.Repetition)));
        await Parallel.ForEachAsync(questions, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (one, stop) =>
        {
            var outcome = stopped.TryGetValue(one.Model, out var reason) ? Outcome.Skip(reason) : await examiner.AskAsync(context, one.Model, one.Capsule, one.Item, stop);
            if (outcome.Status == Outcome.Answered) failures[one.Model] = 0;
            else if (outcome.Reason == ModelUnknown) stopped[one.Model] = ModelUnknown;
            else if (outcome.Status == Outcome.Failed && failures.AddOrUpdate(one.Model, 1, static (_, before) => before + 1) >= FailuresInARow) stopped[one.Model] = "given_up_on_model";
            var row = new ResultRow(one.Model, one.Capsule.Task, one.Capsule.Named, one.Item.Id, one.Repetition, outcome, clock.NowMicros());
            if (await store.AddResultAsync(run.Tenant, run.Id, run.Claim, row, CancellationToken.None)) BenchmarkMetrics.Asked(one.Capsule.Task, outcome.Status);
        });
    }

    /// <summary>Models take turns, so that what changes with time changes for all of them.</summary>
    private IEnumerable<(string Model, Capsule Capsule, CapsuleItem Item, long Repetition)> Questions(RunRow run)
    {
        for (var repetition = 1L; repetition <= run.Repetitions; repetition++)
            foreach (var capsule in shelf.All.Where(capsule => run.Capsules.Contains(capsule.Named)))
                foreach (var item in capsule.Items)
                    foreach (var model in run.Models) yield return (model, capsule, item, repetition);
    }

    /// <summary>End, scores and suggestions in one transaction.</summary>
    private async Task EndAsync(RunRow run, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(run.Tenant, settings.Mode);
        var weights = Weights.Of(settings.Mode);
        var results = await store.ResultsAsync(run.Tenant, run.Id, cancellationToken);
        var seen = await scores.SeenAsync(run.Tenant, clock.GetUtcNow(), ReadScores.WindowDays, cancellationToken);
        var touched = seen.Where(one => results.Exists(row => row.Model == one.Model && row.Task == one.Task && row.Outcome.Status != Outcome.Skipped)).ToList();
        var scored = touched.Select(one => Scored(run, one, weights)).ToList();
        var tasks = touched.Select(static one => one.Task).ToHashSet(StringComparer.Ordinal);
        var suggestions = Suggestions.Of(seen, await PrimariesAsync(context, cancellationToken), Thresholds(), weights).Where(one => tasks.Contains(one.Task)).ToList();
        var finished = new RunFinished(run.Id, "done", null, Count(results, Outcome.Answered), Count(results, Outcome.Failed), Count(results, Outcome.Skipped));
        var ended = await store.Db.WriteAsync(run.Tenant, async work =>
        {
            if (!await RunStore.EndAsync(work, run.Id, run.Claim, "done", null, clock.NowMicros())) return false;
            await journal.AppendAsync(work, context, "benchmark_run/" + run.Id, 2, BenchmarkEvents.RunFinished, finished, BenchmarksJson.Default.RunFinished);
            foreach (var score in scored) await journal.AppendAsync(work, context, BenchmarkEvents.ModelProfileScored, score, BenchmarksJson.Default.ModelProfileScored);
            foreach (var suggestion in suggestions) await promotions.SuggestAsync(work, context, run.Id, suggestion, clock.NowMicros());
            return true;
        }, CancellationToken.None);
        if (ended) BenchmarkMetrics.Ended("done");
    }

    private async Task GiveUpAsync(RunRow run)
    {
        var context = RequestContext.ForSystem(run.Tenant, settings.Mode);
        var results = await store.ResultsAsync(run.Tenant, run.Id, CancellationToken.None);
        var finished = new RunFinished(run.Id, "failed", "unexpected", Count(results, Outcome.Answered), Count(results, Outcome.Failed), Count(results, Outcome.Skipped));
        var ended = await store.Db.WriteAsync(run.Tenant, async work =>
        {
            if (!await RunStore.EndAsync(work, run.Id, run.Claim, "failed", "unexpected", clock.NowMicros())) return false;
            await journal.AppendAsync(work, context, "benchmark_run/" + run.Id, 2, BenchmarkEvents.RunFinished, finished, BenchmarksJson.Default.RunFinished);
            return true;
        }, CancellationToken.None);
        if (ended) BenchmarkMetrics.Ended("failed");
    }

    private static ModelProfileScored Scored(RunRow run, Seen seen, Weights weights)
    {
        var calls = new Observations(seen.Calls);
        var score = Score.Of(calls, weights);
        return new ModelProfileScored(
            run.Id, seen.Model, seen.Task, run.Mode, score.Value, score.Interval.Low, score.Interval.High, calls.Items, score.Quality.Value, score.Cost.Value, score.Latency.Value, score.Reliability.Value, score.Unknown);
    }

    private async Task<Dictionary<string, string>> PrimariesAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var primary = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var role in Tasks.All.Select(Tasks.RoleOf).Distinct(StringComparer.Ordinal))
            if (await primaries.PrimaryAsync(context, role, cancellationToken) is { } model) primary[role] = model;
        return primary;
    }

    private Dictionary<string, double> Thresholds() => shelf.All.Where(static capsule => capsule.Thresholds is not null)
        .GroupBy(static capsule => capsule.Task, StringComparer.Ordinal).ToDictionary(static group => group.Key, static group => group.Max(static capsule => capsule.Thresholds!.Quality), StringComparer.Ordinal);

    private async Task RenewAsync(RunRow run, CancellationTokenSource held)
    {
        while (!held.IsCancellationRequested)
        {
            await Task.Delay(Renewal, clock, held.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (held.IsCancellationRequested) return;
            try
            {
                if (await store.RenewAsync(run.Tenant, run.Id, run.Claim, Later(Lease), held.Token)) continue;
                await held.CancelAsync();
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                LogFailure(exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private static long Count(List<ResultRow> results, string status) => results.Count(row => row.Outcome.Status == status);

    private long Later(TimeSpan pause) => (clock.GetUtcNow() + pause).ToMicros();

    [LoggerMessage(Level = LogLevel.Error, Message = "The benchmark run {Run} of tenant {Tenant} broke off; it is taken up again.")]
    private partial void LogRun(Exception exception, string run, string tenant);

    [LoggerMessage(Level = LogLevel.Error, Message = "Benchmark runs could not be read; trying again.")]
    private partial void LogFailure(Exception exception);
}
