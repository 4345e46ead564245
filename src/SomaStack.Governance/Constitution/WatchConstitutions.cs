using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>Sees within a second what another replica activated. One process over SQLite has nobody to watch.</summary>
internal sealed partial class WatchConstitutions(ConstitutionStore store, ActiveConstitutions constitutions, Db db, TimeProvider clock, ILogger<WatchConstitutions> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (db.Name == "sqlite") return;
        using var timer = new PeriodicTimer(Pause, clock);
        string? seen = null;
        var failing = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                var stamp = await store.StampAsync(stoppingToken);
                // What was loaded before the first look may be older than it.
                if (stamp != seen) constitutions.Changed(Db.AllTenants);
                (seen, failing) = (stamp, false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // What is in memory expires by itself.
                if (!failing) LogFailure(exception);
                failing = true;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The constitutions could not be watched; it is tried every second.")]
    private partial void LogFailure(Exception exception);
}
