using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>
/// Gives back what a crash left bound: a reservation that is an hour old and was neither settled nor released. No model call runs that
/// long, and if one did, its late settlement is still booked. Several replicas may sweep at once; each reservation is released once.
/// </summary>
internal sealed partial class ReleaseStale(
    LedgerStore store, LimitStore limits, LedgerBilling billing, ISettings settings, Db db, Journal journal, TimeProvider clock, ILogger<ReleaseStale> log) : BackgroundService
{
    public static readonly TimeSpan Age = TimeSpan.FromHours(1);

    /// <summary>Long after the last settlement that could still move a window.</summary>
    private static readonly TimeSpan WindowsKept = TimeSpan.FromDays(2);

    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);
    private const int Batch = 100;

    /// <returns>How many this call released.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var released = 0;
        List<ReservationRow> stale;
        do
        {
            stale = await store.StaleAsync((clock.GetUtcNow() - Age).ToMicros(), Batch, cancellationToken);
            foreach (var row in stale)
                if (await ReleaseAsync(row, cancellationToken)) released++;
        }
        while (stale.Count == Batch);
        if (released > 0) LogReleased(released);
        return released;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        do
        {
            try
            {
                await SweepAsync(stoppingToken);
                await limits.PurgeAsync((clock.GetUtcNow() - WindowsKept).ToMicros(), stoppingToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                LogFailure(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private Task<bool> ReleaseAsync(ReservationRow row, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(row.Tenant, settings.Mode);
        return db.WriteAsync(row.Tenant, async work =>
        {
            if (await billing.TryReleaseAsync(work, context, row.Id, "stale") is null) return false;
            await journal.AppendAsync(work, context, BillingEvents.ReservationReleased,
                new ReservationReleased(row.Id, row.Provider, row.Model, row.ReservedNanos, row.Currency, "stale"), BillingJson.Default.ReservationReleased);
            return true;
        }, cancellationToken);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Released {Count} reservations that nobody had settled for an hour.")]
    private partial void LogReleased(int count);

    [LoggerMessage(Level = LogLevel.Error, Message = "Stale reservations could not be released; it is tried again.")]
    private partial void LogFailure(Exception exception);
}
