using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>Deletes runs that ended long ago, contents and all, and what became of the times of schedules; the journal keeps that they were and the digests. Once an hour, on the replica that holds the lease.</summary>
internal sealed partial class SweepRuns(RunStore store, ScheduleStore schedules, Lease lease, SomaOptions options, TimeProvider clock, ILogger<SweepRuns> log) : BackgroundService
{
    private const int Batch = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    /// <returns>How many were deleted.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        if (options.RunsKeepDays == 0) return 0;
        var before = (clock.GetUtcNow() - TimeSpan.FromDays(options.RunsKeepDays)).ToMicros();
        var all = 0;
        for (var some = Batch; some == Batch; all += some) some = await store.SweepAsync(before, Batch, cancellationToken);
        await schedules.SweepAsync(before, cancellationToken);
        return all;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await lease.WhenHeldAsync(stoppingToken);
                if (await SweepAsync(stoppingToken) is > 0 and var count) Swept(log, count);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                NotSwept(log, exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(Interval, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(LogLevel.Information, "{Count} runs that ended long ago were deleted.")]
    private static partial void Swept(ILogger log, int count);

    [LoggerMessage(LogLevel.Warning, "Old runs could not be deleted; this is tried again.")]
    private static partial void NotSwept(ILogger log, Exception exception);
}
