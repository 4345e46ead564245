using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Takes requests and works on them, some at a time. Woken by what is queued here, by the topic <c>slm.requests</c>, and once a second;
/// every replica with the role <c>worker</c> has one, and the database hands each request to one of them.
/// </summary>
internal sealed partial class RequestWorker(
    RequestStore store, RunRequest run, RunningRequests running, WorkSignal signal, Lease lease, TimeProvider clock, ILogger<RequestWorker> log) : BackgroundService
{
    private const int RunningMax = 16;
    private const int LooksPerRenewal = 10;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    private CancellationToken _stopping;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _stopping = stoppingToken;
        // Renewals go on until the last attempt has stored its end.
        using var ended = new CancellationTokenSource();
        var watching = WatchAsync(ended.Token);
        await AbandonAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = signal.Next;
            if (await TakeAsync() == 0 || running.Count >= RunningMax) await WaitAsync(next, stoppingToken);
        }
        await Task.WhenAll(running.All.Select(static request => request.Done));
        await ended.CancelAsync();
        await watching;
    }

    private async Task<int> TakeAsync()
    {
        var free = RunningMax - running.Count;
        if (free <= 0) return 0;
        try
        {
            var rows = await store.ClaimAsync(lease.Holder, free, run.ContextOf);
            foreach (var row in rows) Begin(row);
            return rows.Count;
        }
        catch (Exception exception)
        {
            // The database may be away for a while; what was claimed and not heard of comes back when its lease runs out.
            NotTaken(log, exception);
            return 0;
        }
    }

    private void Begin(RequestRow row)
    {
        var request = new RunningRequest(row, _stopping);
        if (!running.TryAdd(request))
        {
            // An attempt that lost its lease has not noticed yet; this one is taken again when its own lease runs out.
            request.Dispose();
            running.Cancel(row.Tenant, row.Id);
            return;
        }
        QueueMetrics.Started(row, clock);
        request.Done = RunAsync(request);
    }

    private async Task RunAsync(RunningRequest request)
    {
        await Task.Yield();
        try
        {
            await run.RunAsync(request, () => _stopping.IsCancellationRequested);
        }
        catch (Exception exception)
        {
            NotEnded(log, request.Row.Id, exception);
        }
        finally
        {
            QueueMetrics.Left();
            running.Remove(request);
            request.Dispose();
            signal.Ring();
        }
    }

    /// <summary>Renews the leases and hears of cancels that reached another replica, and of attempts that were taken over.</summary>
    private async Task WatchAsync(CancellationToken cancellationToken)
    {
        for (var look = 1; !cancellationToken.IsCancellationRequested; look++)
        {
            await Task.Delay(Look, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var all = running.All;
            if (all.Count == 0) continue;
            try
            {
                var held = await store.RenewAsync([.. all.Select(static item => (item.Row.Tenant, item.Row.Id, item.Attempt))], look % LooksPerRenewal == 0, cancellationToken);
                foreach (var request in all)
                {
                    var mine = held.Find(item => item.Tenant == request.Row.Tenant && item.Id == request.Row.Id && item.Attempt == request.Attempt);
                    if (mine.Id is null || mine.CancelBy is not null) request.End();
                }
            }
            catch (Exception exception)
            {
                if (!cancellationToken.IsCancellationRequested) NotWatched(log, exception);
            }
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
            NotTaken(log, exception);
        }
    }

    private async Task WaitAsync(Task next, CancellationToken cancellationToken)
    {
        try
        {
            await next.WaitAsync(Poll, clock, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            // Nothing rang here; look anyway.
        }
    }

    [LoggerMessage(LogLevel.Warning, "Requests could not be taken; the worker tries again.")]
    private static partial void NotTaken(ILogger log, Exception exception);

    [LoggerMessage(LogLevel.Error, "The end of request {RequestId} could not be stored; it is tried again when its lease runs out.")]
    private static partial void NotEnded(ILogger log, string requestId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The leases of running requests could not be renewed.")]
    private static partial void NotWatched(ILogger log, Exception exception);
}
