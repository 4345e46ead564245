using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Settings.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>Renews the leases of this process's calls and finds the calls that another process, or an earlier life of this one, left open.</summary>
internal sealed partial class ReconcileCalls(ModelCalls calls, ISettings settings, TimeProvider clock, ILogger<ReconcileCalls> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(ModelCalls.Lease / 3, clock);
        do
        {
            try
            {
                await calls.RenewAsync(stoppingToken);
                var lost = await calls.ReconcileAsync(settings.Mode, stoppingToken);
                if (lost > 0) InferenceMetrics.RecordLost(lost);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // The database may be away for a while; leases are checked again at the next tick.
                LogFailed(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>The web server has stopped by now, so nothing more is added to what waits.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await calls.DrainAsync(cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Open model calls could not be reconciled; trying again.")]
    private partial void LogFailed(Exception exception);
}
