using Microsoft.Extensions.Hosting;

namespace SomaStack.Intelligence.Inference;

/// <summary>Keeps the directory of models current, and looks for servers beside this one.</summary>
internal sealed class RefreshModels(ModelDirectory directory, LoopbackServers loopback, TimeProvider clock) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(60), clock);
        // The first look also loads what HTTP needs, which may take up all its time.
        await loopback.DetectAsync(stoppingToken);
        do
        {
            await loopback.DetectAsync(stoppingToken);
            await directory.RefreshAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
