using Microsoft.Extensions.Hosting;

namespace SomaStack.Intelligence.Inference;

/// <summary>Keeps the directory of models current.</summary>
internal sealed class RefreshModels(ModelDirectory directory, TimeProvider clock) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(60), clock);
        do
        {
            await directory.RefreshAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }
}
