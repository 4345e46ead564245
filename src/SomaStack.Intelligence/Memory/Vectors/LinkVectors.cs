using Microsoft.Extensions.Hosting;

namespace SomaStack.Intelligence.Memory;

/// <summary>After a large load, gives vectors their place in the graph in short slices, so that searches get faster while they go on.</summary>
internal sealed class LinkVectors(Shelves shelves, TimeProvider clock) : BackgroundService
{
    /// <summary>About 15 ms: so long may a search have to wait.</summary>
    private const int Slice = 32;

    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var more = false;
            foreach (var shelf in shelves.InMemory) more |= shelf.LinkSome(Slice);
            await Task.Delay(more ? Breath : Idle, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
