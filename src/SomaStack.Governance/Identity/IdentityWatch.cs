using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Looks once a second at what other replicas changed: one sum and the few training locks. What it cannot see for two seconds, nobody remembers:
/// credentials are then verified in the database, and refused when that does not answer.
/// </summary>
internal sealed partial class IdentityWatch(
    IdentityStore store, CredentialCache cache, TrainingStore training, TrainingHolds holds, AttemptStore attempts, TimeProvider clock, ILogger<IdentityWatch> log) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Looks between two clearings of old failures, about ten minutes.</summary>
    private const int PurgeEvery = 600;

    public async Task LookAsync(CancellationToken cancellationToken)
    {
        var began = clock.GetTimestamp();
        cache.Looked(began, await store.GenerationAsync(cancellationToken));
        var changes = holds.Changes;
        holds.Looked(began, changes, await training.HeldAsync(clock.NowMicros(), cancellationToken));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failing = false;
        var looks = 0;
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            do
            {
                try
                {
                    await LookAsync(stoppingToken);
                    failing = false;
                    if (looks++ % PurgeEvery == 0) await attempts.PurgeAsync((clock.GetUtcNow() - LockoutRule.Window).ToMicros(), stoppingToken);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    if (!failing) Failed(exception);
                    failing = true;
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Revocations and training locks cannot be read; no remembered credential counts until they can.")]
    private partial void Failed(Exception exception);
}
