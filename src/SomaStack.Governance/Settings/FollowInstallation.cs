using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>Learns within a second what another replica changed for the whole installation, and ends a mode whose time is over.</summary>
internal sealed partial class FollowInstallation(ServedSettings settings, ServedMode mode, EndMode end, TimeProvider clock, ILogger<FollowInstallation> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public async Task OnceAsync(CancellationToken cancellationToken)
    {
        await mode.FollowAsync(cancellationToken);
        await settings.FollowAsync(cancellationToken);
        await end.RunAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        var failing = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await timer.WaitForNextTickAsync(stoppingToken);
                await OnceAsync(stoppingToken);
                failing = false;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                if (!failing) LogFailure(exception);
                failing = true;
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The mode and the settings of the installation could not be read again; the last known ones count.")]
    private partial void LogFailure(Exception exception);
}
