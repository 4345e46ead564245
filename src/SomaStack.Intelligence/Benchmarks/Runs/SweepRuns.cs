using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>Deletes ended runs with their results, and decided suggestions, when they are older than the operator keeps them; in batches.</summary>
internal sealed partial class SweepRuns(RunStore runs, PromotionStore promotions, SomaOptions options, TimeProvider clock, ILogger<SweepRuns> log) : BackgroundService
{
    public const int Batch = 500;
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (System.Data.Common.DbException exception)
            {
                NotSwept(log, exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <returns>How many runs were deleted.</returns>
    internal async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        if (options.MeasuresKeepDays == 0) return 0;
        var (before, deleted) = (clock.GetUtcNow().AddDays(-options.MeasuresKeepDays).ToMicros(), 0);
        while (await runs.OldestAsync(before, cancellationToken) is { } old)
        {
            // A run has up to 20 000 results: they go first, so that a run which is still there tells that some may be.
            while (await runs.DeleteResultsAsync(old.Tenant, old.Id, Batch, cancellationToken) == Batch) { }
            await runs.DeleteAsync(old.Tenant, old.Id, cancellationToken);
            deleted++;
        }
        while (await promotions.DeleteDecidedAsync(before, Batch, cancellationToken) == Batch) { }
        if (deleted > 0) Swept(log, deleted);
        return deleted;
    }

    [LoggerMessage(LogLevel.Information, "{Runs} benchmark runs were old enough to be deleted.")]
    private static partial void Swept(ILogger log, int runs);

    [LoggerMessage(LogLevel.Warning, "Old benchmark runs could not be deleted; trying again in an hour.")]
    private static partial void NotSwept(ILogger log, Exception exception);
}
