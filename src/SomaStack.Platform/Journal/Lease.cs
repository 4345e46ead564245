using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SomaStack.Platform;

/// <summary>
/// One replica works, the others stand by and take over when its lease runs out. A lease only saves double work: whatever must
/// not happen twice is fenced in its own transaction. The holder is the machine and its data folder, so that a restarted replica
/// has its lease back at once.
/// </summary>
public sealed partial class Lease(Db db, SomaOptions options, TimeProvider clock, ILogger<Lease> log) : BackgroundService
{
    private const string Name = "worker";
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(5);

    private readonly string _holder = HolderOf(options);
    private TaskCompletionSource _held = New();
    private long _until;

    /// <summary>This replica; the same after a restart.</summary>
    public string Holder => _holder;

    public bool Held => clock.NowMicros() < Interlocked.Read(ref _until);

    /// <summary>Returns at once while this replica holds the lease.</summary>
    public async Task WhenHeldAsync(CancellationToken cancellationToken)
    {
        while (!Held)
        {
            var held = Volatile.Read(ref _held);
            // It ran out unrenewed: wait for the next time it is taken.
            if (held.Task.IsCompleted) Interlocked.CompareExchange(ref _held, New(), held);
            else await held.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Takes or renews the lease; false while another replica holds it.</summary>
    internal async Task<bool> TakeAsync(CancellationToken cancellationToken)
    {
        var now = clock.NowMicros();
        var until = now + (long)Lifetime.TotalMicroseconds;
        var taken = await db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
            INSERT INTO journal_leases (name, holder, expires_at) VALUES ({Name}, {_holder}, {until})
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
            WHERE journal_leases.holder = excluded.holder OR journal_leases.expires_at < {now}
            """), cancellationToken) == 1;
        // A fifth is kept back for clocks that differ between replicas.
        Interlocked.Exchange(ref _until, taken ? until - (long)Lifetime.TotalMicroseconds / 5 : 0);
        if (taken) Volatile.Read(ref _held).TrySetResult();
        return taken;
    }

    internal Task ReleaseAsync(CancellationToken cancellationToken)
    {
        Interlocked.Exchange(ref _until, 0);
        return db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"DELETE FROM journal_leases WHERE name = {Name} AND holder = {_holder}"), cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (Held) await ReleaseAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await TakeAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Unreachable(exception);
            }
            await Task.Delay(Renewal, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static string HolderOf(SomaOptions options)
    {
        var folder = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(options.DataDirectory)));
        return $"{Environment.MachineName}/{Convert.ToHexStringLower(folder)[..12]}";
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The worker lease could not be renewed.")]
    private partial void Unreachable(Exception exception);
}
