using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// Begins runs when they are due, on the replica that holds the lease. A time is first written down and then begun, under a key of its own:
/// a crash in between, or a second replica, begins nothing twice.
/// </summary>
internal sealed partial class FireSchedules(
    Db db, ScheduleStore store, TemplateRuns runs, RunStore stored, RunRights rights, Lease lease, ISettings settings, TimeProvider clock, ILogger<FireSchedules> log) : BackgroundService
{
    private const int Batch = 100;

    /// <summary>Another replica may have written a schedule that is due sooner than those known here.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(5);

    /// <summary>How long a time is tried for while what it needs is away.</summary>
    private static readonly TimeSpan TriedFor = TimeSpan.FromHours(1);

    public void Handle(Subscriptions subscriptions) => subscriptions.On("workflows.schedules", [ApprovalEvents.Decided, ApprovalEvents.Returned], async (line, work, _) =>
    {
        if (line.Type == ApprovalEvents.Decided)
        {
            var decided = ApprovalEvents.ReadDecided(line);
            var yes = decided.Decision == "approve";
            await store.DecidedAsync(work, line.Tenant, decided.Id, yes ? null : "approval_rejected", yes ? null : decided.Comment ?? $"{decided.Decider} refused it.");
            return;
        }
        var returned = ApprovalEvents.ReadReturned(line);
        await store.DecidedAsync(work, line.Tenant, returned.Id, returned.Code == "expired" ? "approval_expired" : "approval_void", returned.Detail);
    });

    /// <summary>Everything that is due now.</summary>
    public async Task RoundAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        foreach (var row in await store.DueAsync(now.ToMicros(), Batch, cancellationToken))
            await store.TakeAsync(row, row.Timetable().Due(row.NextAt!.Value.ToInstant(), now, row.CatchUp), cancellationToken);
        foreach (var fire in await store.OpenAsync(Batch, cancellationToken)) await BeginAsync(fire, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var sooner = store.Sooner.Next;
            var wait = LookAgain;
            try
            {
                await lease.WhenHeldAsync(stoppingToken);
                await RoundAsync(stoppingToken);
                if (await store.NextAsync(stoppingToken) is { } next && next.ToInstant() - clock.GetUtcNow() < wait) wait = next.ToInstant() - clock.GetUtcNow();
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                NotLooked(log, exception);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            if (wait > TimeSpan.Zero) await Task.WhenAny(sooner, Task.Delay(wait, clock, stoppingToken));
        }
    }

    private async Task BeginAsync(FireRow fire, CancellationToken cancellationToken)
    {
        var system = RequestContext.ForSystem(fire.Tenant, settings.Mode);
        ScheduleRow? schedule = null;
        try
        {
            schedule = await store.GetAsync(fire.Tenant, fire.Schedule, cancellationToken);
            var context = await rights.ContextAsync(fire.Tenant, schedule.Starter, cancellationToken) with { IdempotencyKey = fire.Key, Approval = fire.Approval };
            if (schedule.Overlap == "skip" && await GoesOnAsync(fire, cancellationToken) is { } running)
            {
                await store.SettleAsync(context, fire with { State = "skipped", Code = ScheduleProblems.Overlap.Code, Detail = $"Run {running} still goes on." }, cancellationToken);
                return;
            }
            var (run, wanted) = await runs.BeginAsync(context, schedule.Target, schedule.Name, cancellationToken);
            await store.SettleAsync(context, wanted is null ? fire with { State = "started", Run = run!.Id } : fire with { State = "awaiting", Approval = wanted.Id }, cancellationToken);
        }
        catch (Problem problem) when ((problem.Code.Kind == ProblemKind.Busy || problem.IsAway()) && clock.GetUtcNow() - fire.DueAt.ToInstant() < TriedFor)
        {
            Waits(log, fire.Schedule, problem.Code.Code);
        }
        catch (Problem problem)
        {
            await store.SettleAsync(system, fire with { State = "failed", Code = problem.Code.Code, Detail = problem.Detail }, cancellationToken);
            if (problem.Code == WorkflowProblems.RightsLost && schedule is { Paused: null }) await PauseAsync(system, schedule, problem.Detail, cancellationToken);
        }
    }

    /// <summary>Whoever wrote it may act no more: it stops until somebody who may writes it anew.</summary>
    private Task PauseAsync(RequestContext system, ScheduleRow schedule, string reason, CancellationToken cancellationToken) => db.WriteAsync(schedule.Tenant, async work =>
    {
        try
        {
            await store.ReplaceAsync(work, system, schedule with { Paused = reason, NextAt = null, Version = schedule.Version + 1, UpdatedAt = clock.NowMicros() }, "paused", reason);
        }
        catch (Problem changed) when (changed.Code == PlatformProblems.VersionMismatch)
        {
            // It was written anew meanwhile.
        }
    }, cancellationToken);

    private async Task<string?> GoesOnAsync(FireRow fire, CancellationToken cancellationToken)
    {
        if (await store.RunBeforeAsync(fire, cancellationToken) is not { } before) return null;
        return await stored.FindAsync(fire.Tenant, before, cancellationToken) is { EndedAt: null } ? before : null;
    }

    [LoggerMessage(LogLevel.Warning, "Schedules could not be looked at; this is tried again.")]
    private static partial void NotLooked(ILogger log, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Schedule {Schedule} is due and cannot begin yet: {Code}.")]
    private static partial void Waits(ILogger log, string schedule, string code);
}
