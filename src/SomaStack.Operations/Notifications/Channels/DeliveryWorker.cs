using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// Sends what is due. Each channel has a loop and lanes of its own; every replica with the role <c>worker</c> runs them, and the database
/// hands each delivery to one of them.
/// </summary>
internal sealed partial class DeliveryWorker(
    IEnumerable<IDeliveryChannel> channels, DeliveryStore store, SendDelivery send, DeliverySignal signal, Lease lease, TimeProvider clock, ILogger<DeliveryWorker> log) : BackgroundService
{
    /// <summary>Longer than an attempt can last, so that no attempt has to be renewed.</summary>
    private static readonly TimeSpan LeaseTime = SendDelivery.AttemptMax * 2;

    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await AbandonAsync(stoppingToken);
        await Task.WhenAll(channels.Select(channel => RunAsync(channel, stoppingToken)));
    }

    private async Task RunAsync(IDeliveryChannel channel, CancellationToken stopping)
    {
        var lanes = new Lanes();
        var running = new HashSet<Task>();
        using var timer = new PeriodicTimer(Poll, clock);
        var tick = timer.WaitForNextTickAsync(stopping).AsTask();
        while (!stopping.IsCancellationRequested)
        {
            var queued = signal.Next;
            foreach (var row in await ClaimAsync(channel, lanes, stopping)) running.Add(OneAsync(channel, lanes, row, stopping));
            running.RemoveWhere(static task => task.IsCompleted);
            // Whatever ends makes room at once; what falls due is seen at the next look, and what is queued here when it rings.
            await Task.WhenAny([.. running, tick, queued]);
            if (tick.IsCompletedSuccessfully) tick = timer.WaitForNextTickAsync(stopping).AsTask();
        }
        await Task.WhenAll(running);
    }

    private async Task<List<LedgerRow>> ClaimAsync(IDeliveryChannel channel, Lanes lanes, CancellationToken cancellationToken)
    {
        if (lanes.Free <= 0) return [];
        try
        {
            var now = clock.GetUtcNow();
            var rows = await store.ClaimAsync(lanes.Ask(channel.Name, lease.Holder), now, now + LeaseTime, cancellationToken);
            foreach (var row in rows) lanes.Enter(row.Tenant, row.Target);
            return rows;
        }
        catch (Exception exception)
        {
            // The database may be away for a while; what was claimed and not heard of comes back when its lease runs out.
            if (!cancellationToken.IsCancellationRequested) NotTaken(log, channel.Name, exception);
            return [];
        }
    }

    private async Task OneAsync(IDeliveryChannel channel, Lanes lanes, LedgerRow row, CancellationToken stopping)
    {
        await Task.Yield();
        ChannelMetrics.Running.Add(1, new KeyValuePair<string, object?>("channel", row.Channel));
        try
        {
            await send.RunAsync(channel, row, stopping);
        }
        catch (Exception exception)
        {
            NotEnded(log, row.Id, exception);
        }
        finally
        {
            ChannelMetrics.Running.Add(-1, new KeyValuePair<string, object?>("channel", row.Channel));
            lanes.Leave(row.Tenant, row.Target);
        }
    }

    private async Task AbandonAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.AbandonAsync(lease.Holder, cancellationToken);
        }
        catch (Exception exception)
        {
            if (!cancellationToken.IsCancellationRequested) NotTaken(log, "every channel", exception);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Deliveries of {Channel} could not be taken; the worker tries again.")]
    private static partial void NotTaken(ILogger log, string channel, Exception exception);

    [LoggerMessage(LogLevel.Error, "The end of an attempt of delivery {DeliveryId} could not be stored; it is tried again when its lease runs out.")]
    private static partial void NotEnded(ILogger log, string deliveryId, Exception exception);
}
