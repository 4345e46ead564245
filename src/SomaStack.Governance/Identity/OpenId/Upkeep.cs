using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Rotates the signing key when it is old enough and forgets codes that nobody can use any more: hourly, by the replica that holds the
/// worker lease. Replicas need no restart: they read new public keys within 30 s, or at once when a token names one, and a replica whose own
/// key was retired makes itself another.
/// </summary>
internal sealed partial class Upkeep(RotateKeys rotate, Keyring keyring, GrantStore grants, Lease lease, SomaOptions options, TimeProvider clock, ILogger<Upkeep> log) : BackgroundService
{
    public static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await grants.PurgeAsync(now.ToMicros(), (now - Grant.Lifetime).ToMicros(), cancellationToken);
        if (options.KeyRotationDays == 0 || await keyring.OldestAsync(cancellationToken) is not { } made || now - made < TimeSpan.FromDays(options.KeyRotationDays)) return;
        var rotated = await rotate.RunAsync(RequestContext.ForSystem(Db.AllTenants, DeploymentMode.DeveloperLight), cancellationToken);
        Rotated(rotated.Kid, rotated.Retired.Count);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Pause, clock);
        do
        {
            try
            {
                await lease.WhenHeldAsync(stoppingToken);
                await RunAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(1, LogLevel.Information, "The signing key was rotated by schedule: {Kid} signs now, {Retired} are retired.")]
    private partial void Rotated(string kid, int retired);

    [LoggerMessage(2, LogLevel.Warning, "Keys could not be looked after; it is tried again in an hour.")]
    private partial void Failed(Exception exception);
}
