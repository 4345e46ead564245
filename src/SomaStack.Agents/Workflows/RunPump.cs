using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// Keeps this replica's lease and takes runs that are due: woken by what is told here and on other replicas, and once a second. Every replica
/// with the role <c>worker</c> has one, and the database hands each run to one of them.
/// </summary>
internal sealed partial class RunPump(Db db, RunLeaseStore leases, JournalRunHost host, IKillSwitch killSwitch, TimeProvider clock, ILogger<RunPump> log) : BackgroundService
{
    private const int ClaimMost = 128;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    /// <summary>A fifth is kept back for clocks that differ between replicas.</summary>
    private static readonly TimeSpan Trusted = RunLeaseStore.Lifetime * 4 / 5;

    private long _renewedAt;
    private int _turn;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        killSwitch.Engaged += Pause;
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        killSwitch.Engaged -= Pause;
        await base.StopAsync(cancellationToken);
        if (host.Replica is not { Length: > 0 } replica) return;
        await host.DrainAsync(Grace, cancellationToken);
        try
        {
            await leases.LeaveAsync(replica, cancellationToken);
        }
        catch (Exception exception)
        {
            NotLeft(log, exception);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(PumpAsync(stoppingToken), ListenAsync(stoppingToken));

    private async Task PumpAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = host.Due.Next;
            var wait = Poll;
            try
            {
                wait = await LookAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                NotLooked(log, exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            if (wait > TimeSpan.Zero) await Task.WhenAny(next, Task.Delay(wait, clock, stoppingToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Looks after everything once; a test calls it, the server does so by itself.</summary>
    /// <returns>When to look again at the latest.</returns>
    public async Task<TimeSpan> LookAsync(CancellationToken cancellationToken)
    {
        await KeepAsync(cancellationToken);
        foreach (var (tenant, run) in await leases.ToldAsync(host.Replica, cancellationToken)) host.Hear(tenant, run);
        var now = clock.NowMicros();
        var waiting = await leases.DueAsync(cancellationToken);
        string[] due = [.. waiting.Where(one => one.WakeAt <= now).Select(static one => one.Tenant)];
        var taken = await TakeAsync(due, cancellationToken);
        if (taken > 0) return TimeSpan.Zero;
        if (waiting.Count == due.Length) return Poll;
        var next = TimeSpan.FromMicroseconds(waiting.Where(one => one.WakeAt > now).Min(static one => one.WakeAt) - now + 999);
        return next < Poll ? next : Poll;
    }

    private async Task<int> TakeAsync(string[] tenants, CancellationToken cancellationToken)
    {
        var free = Math.Min(ClaimMost, host.Free);
        if (tenants.Length == 0 || free <= 0) return 0;
        var share = Math.Max(1, free / tenants.Length);
        var (count, first) = (0, _turn++ % tenants.Length);
        for (var i = 0; i < tenants.Length && count < free; i++)
            foreach (var row in await leases.ClaimAsync(tenants[(first + i) % tenants.Length], host.Replica, share, cancellationToken))
            {
                count++;
                try
                {
                    await host.TakeAsync(row, cancellationToken);
                }
                catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
                {
                    await host.PutBackAsync(row, exception);
                }
            }
        return count;
    }

    /// <summary>Renews the lease, or takes a new name when the old one has lost its runs; looks for replicas that are gone and stops that are over.</summary>
    private async Task KeepAsync(CancellationToken cancellationToken)
    {
        var since = clock.GetElapsedTime(_renewedAt);
        if (host.Replica.Length > 0 && since < RunLeaseStore.Renewal) return;
        var at = clock.GetTimestamp();
        if (host.Replica.Length == 0 || since > Trusted || !await leases.RenewAsync(host.Replica, cancellationToken))
        {
            if (host.Replica.Length > 0)
            {
                LeaseLost(log);
                await host.ForgetAsync();
            }
            var replica = Ids.New(clock);
            await leases.RegisterAsync(replica, cancellationToken);
            host.Enlist(replica);
        }
        _renewedAt = at;
        if (await leases.ReapAsync(cancellationToken) is > 0 and var left)
        {
            LeftBehind(log, left);
            WorkflowMetrics.TakenOver.Add(left);
        }
        foreach (var (tenant, capsule) in await leases.PausedAsync(cancellationToken))
            if (killSwitch.Stopped(tenant, new KillTarget(KillScope.Capsule, capsule)) is null) await leases.ResumeAsync(tenant, capsule, cancellationToken);
    }

    private async Task ListenAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await db.ListenAsync(RunInputStore.Channel, static () => { }, Heard, stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // What was told meanwhile is found by looking.
                NotHeard(log, exception);
            }
            await Task.Delay(Poll, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Heard(string told)
    {
        var parts = told.Split(' ', 2);
        if (parts.Length == 2) host.Hear(parts[0], parts[1]);
        else host.Due.Ring();
    }

    private void Pause() => _ = host.PauseEngagedAsync();

    [LoggerMessage(LogLevel.Warning, "Runs could not be looked after; this is tried again.")]
    private static partial void NotLooked(ILogger log, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Messages about runs are not heard; they are found a second later.")]
    private static partial void NotHeard(ILogger log, Exception exception);

    [LoggerMessage(LogLevel.Warning, "The lease on runs has run out; others go on with them.")]
    private static partial void LeaseLost(ILogger log);

    [LoggerMessage(LogLevel.Warning, "A replica is gone; {Count} runs of it go on elsewhere.")]
    private static partial void LeftBehind(ILogger log, int count);

    [LoggerMessage(LogLevel.Warning, "Runs could not be handed over; they are free when the lease runs out.")]
    private static partial void NotLeft(ILogger log, Exception exception);
}
