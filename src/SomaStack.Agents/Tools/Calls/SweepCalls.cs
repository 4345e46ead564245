using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Ends calls whose process died, as unknown, and deletes those that are old. One that may be repeated is left for whoever comes back with its
/// key, for a day. Every replica with the role worker may do it at once.
/// </summary>
internal sealed partial class SweepCalls(CallStore calls, RecordCalls records, ISettings settings, Db db, SomaOptions options, TimeProvider clock, ILogger<SweepCalls> log) : BackgroundService
{
    private const int Batch = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RepeatableKept = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var timer = new PeriodicTimer(Interval, clock);
            do
            {
                try
                {
                    await SweepAsync(stoppingToken);
                }
                catch (Exception exception) when (exception is System.Data.Common.DbException or Problem)
                {
                    NotSwept(log, exception);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    /// <summary>SQLite has one process: whatever is open when it starts was left behind by the one before.</summary>
    public Task TakeOverAsync(CancellationToken cancellationToken) => db.Name == "sqlite" ? calls.OrphanAsync(clock.NowMicros() - 1, cancellationToken) : Task.CompletedTask;

    /// <returns>How many were ended, and how many deleted.</returns>
    internal async Task<(int Ended, int Deleted)> SweepAsync(CancellationToken cancellationToken)
    {
        var (ended, deleted, now) = (0, 0, clock.GetUtcNow());
        List<CallRow> abandoned;
        do
        {
            abandoned = await calls.AbandonedAsync(now.ToMicros(), (now - RepeatableKept).ToMicros(), Batch, cancellationToken);
            foreach (var row in abandoned)
            {
                await records.GiveUpAsync(RequestContext.ForSystem(row.Tenant, settings.Mode), row);
                ended++;
            }
        }
        while (abandoned.Count == Batch);
        if (options.ToolCallsKeepDays > 0)
            for (int batch; (batch = await calls.DeleteAsync((now - TimeSpan.FromDays(options.ToolCallsKeepDays)).ToMicros(), Batch, cancellationToken)) > 0;) deleted += batch;
        return (ended, deleted);
    }

    [LoggerMessage(LogLevel.Warning, "Tool calls could not be swept; it is tried again.")]
    private static partial void NotSwept(ILogger log, Exception exception);
}
