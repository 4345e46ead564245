using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Erases memories whose time is over. Nobody has seen them since then; this takes the content away. Several replicas may sweep at once:
/// each memory is erased once. What is under hold waits for its release.
/// </summary>
internal sealed partial class Expire(MemoryStore store, MemoryErasure erasure, ISettings settings, TimeProvider clock, ILogger<Expire> log) : BackgroundService
{
    public static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private const int Batch = 200;
    private const string Reason = "expired";

    /// <returns>How many this call erased.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var erased = 0;
        List<(string Tenant, string Id)> over;
        do
        {
            over = await EraseStore.ExpiredAsync(store.Db, clock.NowMicros(), Batch, cancellationToken);
            foreach (var tenant in over.GroupBy(static row => row.Tenant, StringComparer.Ordinal))
                erased += await EraseAsync(tenant.Key, [.. tenant.Select(static row => row.Id)], cancellationToken);
        }
        while (over.Count == Batch);
        if (erased > 0) LogErased(erased);
        return erased;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                LogFailure(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task<int> EraseAsync(string tenant, List<string> ids, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(tenant, settings.Mode);
        var count = await store.Db.WriteAsync(tenant, async work =>
        {
            var erased = 0;
            foreach (var id in ids)
                if (await erasure.EraseAsync(work, context, id, Reason, clock.NowMicros())) erased++;
            return erased;
        }, cancellationToken);
        LifecycleMetrics.Expired.Add(count);
        return count;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Erased {Count} memories whose time was over.")]
    private partial void LogErased(int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Expired memories could not be erased; nobody sees them, and it is tried again.")]
    private partial void LogFailure(Exception exception);
}
