using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>What is due of a run is begun, what is due no more is ended; each result comes back to the run as an input.</summary>
internal sealed partial class JournalRunHost
{
    /// <summary>Tries of an effect that ends in a fault of the program, before its step fails.</summary>
    private const int FaultsMost = 5;

    private void Carry(HotRun run, IReadOnlyList<RunEffect> due)
    {
        run.KeepOnly(due.Select(RunProgress.KeyOf).ToHashSet(StringComparer.Ordinal));
        foreach (var effect in due)
        {
            // A timer is an alarm of the run, a form is a row that was written with the step.
            if (effect is StartTimer or AskPerson) continue;
            if (run.Begin(effect) is { } one) _ = PerformAsync(run, one);
        }
        run.Alarm(RunProgress.NextTimer(due), clock, () => Post(run, null));
    }

    private async Task PerformAsync(HotRun run, Underway one)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        RunInput? result = null;
        var handedOver = false;
        try
        {
            await slots.EnterAsync(run.Row.Tenant, one.Token);
            try
            {
                (result, handedOver) = await effects.PerformAsync(run.Row.Identity, one.Effect, this, one.Token);
            }
            finally
            {
                slots.Leave();
            }
        }
        catch (OperationCanceledException) when (one.Token.IsCancellationRequested)
        {
            // Nobody waits for it any more; whoever drives the run next begins it again, under the same key.
        }
        catch (Problem problem) when (problem.Code.Code == KillSwitchProblems.EngagedCode)
        {
            run.Ended(one);
            await PauseAsync(run, problem.Detail);
            return;
        }
        catch (Exception exception)
        {
            // The database is away, or the program has a fault: nothing is known about the effect, so its key is tried again.
            NotDone(log, run.Row.Id, one.Effect.Path, exception);
            var faults = run.Fault(one.Effect);
            if (faults < FaultsMost || exception is System.Data.Common.DbException)
            {
                await Task.Delay(RunEffects.RepeatPause * Math.Min(10, faults), clock, one.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                run.Ended(one);
                if (!one.IsStopped) Post(run, null);
                return;
            }
            result = new EffectFailed(clock.NowMicros(), one.Effect.Path, one.Effect.Attempt, new StepFailure(PlatformProblems.Internal.Code, "Something went wrong on our side; the log of the server has it."), Retryable: false, default);
        }
        if (result is not null || handedOver) WorkflowMetrics.Done(one.Effect, result);
        if (handedOver) run.HandOver(one.Effect);
        // First the result, so that nobody takes the effect for one that was not begun.
        var drive = !one.IsStopped && (result is not null || handedOver) && run.Add(result);
        run.Ended(one);
        if (drive) _ = DriveAsync(run);
    }

    private void Drop(HotRun run)
    {
        if (_hot.TryRemove(new KeyValuePair<(string, string), HotRun>((run.Row.Tenant, run.Row.Id), run))) WorkflowMetrics.Hot.Add(-1);
        run.Leave();
        run.Dispose();
    }

    /// <summary>Gives the run to whoever takes it next, after a pause.</summary>
    private async Task GiveUpAsync(HotRun run)
    {
        Drop(run);
        try
        {
            await store.ReleaseAsync(run.Row, (clock.GetUtcNow() + LongestPause).ToMicros(), null, CancellationToken.None);
        }
        catch (Exception exception)
        {
            NotReleased(log, run.Row.Id, exception);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Run {Run} was taken over by another replica.")]
    private static partial void TakenOver(ILogger log, string run);

    [LoggerMessage(LogLevel.Error, "Run {Run} cannot be decided; it is tried again.")]
    private static partial void Stuck(ILogger log, string run, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Run {Run} could not be written; the database is asked again.")]
    private static partial void DatabaseAway(ILogger log, string run, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Run {Run}: what became of step {Path} is not known; it is asked again under the same key.")]
    private static partial void NotDone(ILogger log, string run, string path, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Run {Run} could not be given back; it is free when the lease of this replica runs out.")]
    private static partial void NotReleased(ILogger log, string run, Exception exception);
}
