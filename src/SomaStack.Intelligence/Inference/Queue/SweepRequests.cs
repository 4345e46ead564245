using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Deletes ended requests with their events, and daily counts, when they are older than the operator keeps them. In batches, so that nobody
/// waits long for the database; every replica with the role <c>worker</c> may do it at once.
/// </summary>
internal sealed partial class SweepRequests(RequestStore requests, DailyStore daily, SomaOptions options, TimeProvider clock, ILogger<SweepRequests> log) : BackgroundService
{
    public const int Batch = 100;
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

    /// <returns>How many requests and rows of counts were deleted.</returns>
    internal async Task<(int Requests, int Counts)> SweepAsync(CancellationToken cancellationToken)
    {
        var (ended, counts, now) = (0, 0, clock.GetUtcNow());
        if (options.RequestsKeepDays > 0)
            for (var batch = Batch; batch == Batch; ended += batch) batch = await requests.DeleteEndedAsync(now.AddDays(-options.RequestsKeepDays).ToMicros(), Batch, cancellationToken);
        if (options.MeasuresKeepDays > 0)
        {
            var before = now.AddDays(-options.MeasuresKeepDays).UtcDateTime.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            for (var batch = Batch; batch == Batch; counts += batch) batch = await daily.DeleteAsync(before, Batch, cancellationToken);
        }
        if (ended + counts > 0) Swept(log, ended, counts);
        return (ended, counts);
    }

    [LoggerMessage(LogLevel.Information, "{Requests} ended requests and {Counts} rows of daily counts were old enough to be deleted.")]
    private static partial void Swept(ILogger log, int requests, int counts);

    [LoggerMessage(LogLevel.Warning, "Old requests and counts could not be deleted; trying again in an hour.")]
    private static partial void NotSwept(ILogger log, Exception exception);
}
