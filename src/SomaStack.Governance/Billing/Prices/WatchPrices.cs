using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>Shows every replica within a second what another has added to the price book. One process over SQLite has nobody to watch.</summary>
internal sealed partial class WatchPrices(PriceBook prices, Db db, TimeProvider clock, ILogger<WatchPrices> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (db.Name == "sqlite") return;
        using var timer = new PeriodicTimer(Pause, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await prices.RefreshAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // The prices in memory hold until the database answers again.
                LogFailure(exception);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The price book could not be read again; it is tried every second.")]
    private partial void LogFailure(Exception exception);
}
