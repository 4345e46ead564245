using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Removes workspaces that nothing has used for as long as they are kept, hourly. One that a run or session still uses is never old.</summary>
internal sealed partial class SweepWorkspaces(Workspaces workspaces, SomaOptions options, TimeProvider clock, ILogger<SweepWorkspaces> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.WorkspacesKeepDays == 0 || !OperatingSystem.IsLinux()) return;
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            do Sweep(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
            // Stopping.
        }
    }

    private void Sweep(CancellationToken cancellationToken)
    {
        try
        {
            if (workspaces.Sweep(clock.GetUtcNow() - TimeSpan.FromDays(options.WorkspacesKeepDays), cancellationToken) is > 0 and var removed) Removed(log, removed);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or LinuxException)
        {
            NotSwept(log, exception);
        }
    }

    [LoggerMessage(EventId = 0, Level = LogLevel.Information, Message = "{Removed} workspaces were removed that nothing used.")]
    private static partial void Removed(ILogger log, int removed);

    [LoggerMessage(EventId = 1, Level = LogLevel.Warning, Message = "Old workspaces could not be removed; the next sweep tries again.")]
    private static partial void NotSwept(ILogger log, Exception exception);
}
