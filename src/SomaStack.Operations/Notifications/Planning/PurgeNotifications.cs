using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Deletes notifications that are older than the operator keeps them, with what people did with them and their ledger. In batches, so that nobody
/// waits long for the database; every replica with the role <c>worker</c> may do it at once. What still waits for somebody is kept.
/// </summary>
internal sealed partial class PurgeNotifications(RetentionStore store, SomaOptions options, TimeProvider clock, ILogger<PurgeNotifications> log) : BackgroundService
{
    public const int Batch = 200;
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            try
            {
                await PurgeAsync(stoppingToken);
            }
            catch (System.Data.Common.DbException exception)
            {
                NotPurged(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <returns>How many notifications were deleted.</returns>
    internal async Task<int> PurgeAsync(CancellationToken cancellationToken)
    {
        if (options.NotificationsKeepDays == 0) return 0;
        var (deleted, now) = (0, clock.GetUtcNow());
        for (var batch = Batch; batch == Batch; deleted += batch) batch = await store.DeleteAsync(now.AddDays(-options.NotificationsKeepDays).ToMicros(), now.ToMicros(), Batch, cancellationToken);
        if (deleted > 0) Purged(deleted);
        return deleted;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} notifications were old enough to be deleted.")]
    private partial void Purged(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old notifications could not be deleted; trying again in an hour.")]
    private partial void NotPurged(Exception exception);
}
