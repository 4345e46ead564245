using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Writes shelf files from time to time and when the server stops. At the start it removes those of namespaces in which a memory was
/// erased after the file was written: the crash may have come between the commit and the removal.
/// </summary>
internal sealed partial class KeepSnapshots(IndexStore index, Shelves shelves, Snapshots snapshots, TimeProvider clock, ILogger<KeepSnapshots> log) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(10);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await shelves.SaveAsync(clock.GetUtcNow(), all: true, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            NotWritten(exception);
        }
    }

    internal async Task SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var header in snapshots.Sweep())
            if (await index.IsErasedAfterAsync(header.Tenant, header.Namespace, header.Horizon, cancellationToken)) snapshots.Erase(header.Tenant, header.Namespace);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Files belong to SQLite, where one process numbers all changes.
        if (index.Db.Name != "sqlite") return;
        try
        {
            await SweepAsync(stoppingToken);
            using var timer = new PeriodicTimer(Look, clock);
            while (await timer.WaitForNextTickAsync(stoppingToken)) await SaveAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await shelves.SaveAsync(clock.GetUtcNow(), all: false, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            NotWritten(exception);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "An index file could not be written; the next start reads the rows instead.")]
    private partial void NotWritten(Exception exception);
}
