using System.Collections.Concurrent;
using System.Data.Common;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;
using Temporalio.Activities;
using Temporalio.Exceptions;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// What a run's workflow asks of this room: to open the run, to take inputs, to record a decision, to carry an effect out. What goes wrong with
/// database, network or program is thrown and tried again by Temporal without end; what goes wrong with a step is an input that the rules judge.
/// </summary>
internal sealed partial class RunActivities(
    RunStore store, TemporalRunStore own, RunInputStore inputs, RunWriter writer, RunProgress progress, KnownStates states, RunEffects effects, FairSlots slots,
    TemporalRunHost host, IKillSwitch killSwitch, Db db, TimeProvider clock, ILogger<RunActivities> log)
{
    /// <summary>Type of the failure that says: the tables hold another history than this execution believes.</summary>
    public const string Overtaken = "run_overtaken";

    /// <summary>Type of the failure that says: stopped by a kill switch, to be tried again until it is released.</summary>
    public const string Paused = "run_paused";

    /// <summary>Tries of an effect that ends in a fault of the program, before its step fails.</summary>
    private const int FaultsMost = 5;

    private static readonly TimeSpan PausedFor = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, int> _faults = new(StringComparer.Ordinal);

    /// <returns>Null when there is no such run here any more.</returns>
    [Activity("open")]
    public async Task<OpenedRun?> OpenAsync(RunReference run)
    {
        var stop = ActivityExecutionContext.Current.CancellationToken;
        if (await store.FindAsync(run.Tenant, run.Run, stop) is not { } row || row.Identity.Host != TemporalRunHost.HostName) return null;
        await ThrowIfStoppedAsync(row, stop);
        await own.OpenAsync(row, stop);
        var history = new List<RunEvent>();
        await foreach (var happened in states.HistoryAsync(row, row.Base - 1, stop)) history.Add(happened);
        return new OpenedRun(history, row.Seq, row.Taken, row.Inbox > row.Taken);
    }

    [Activity("take")]
    public async Task<InputsTaken> TakeAsync(InputsWanted wanted) => new(
        [.. (await inputs.ReadAsync(wanted.Tenant, wanted.Run, wanted.After, ActivityExecutionContext.Current.CancellationToken)).Select(static one => new NumberedInput(one.Number, one.Input))]);

    /// <summary>Writes the decision down; the same decision again changes nothing.</summary>
    [Activity("record")]
    public async Task<RunRecorded> RecordAsync(RunDecided decided)
    {
        var stop = ActivityExecutionContext.Current.CancellationToken;
        var row = await RowAsync(decided.Tenant, decided.Run, stop);
        if (row.Seq == decided.After && decided.Events.Count == 0) await own.TakenAsync(row, decided.Taken, stop);
        else if (row.Seq != decided.After) await ThrowUnlessThereAsync(row, decided, stop);
        else
        {
            await ThrowIfStoppedAsync(row, stop);
            await WriteAsync(row, decided, stop);
        }
        var now = await RowAsync(decided.Tenant, decided.Run, stop);
        return new RunRecorded(now.Inbox > decided.Taken);
    }

    /// <summary>Does what is due under this key, as whoever started the run.</summary>
    [Activity("carry")]
    public async Task<EffectCarried> CarryAsync(EffectWanted wanted)
    {
        var context = ActivityExecutionContext.Current;
        var row = await RowAsync(wanted.Tenant, wanted.Run, context.CancellationToken);
        await ThrowIfStoppedAsync(row, context.CancellationToken);
        var state = await states.OfAsync(row, context.CancellationToken);
        if (RunDecider.Due(state).FirstOrDefault(effect => RunProgress.KeyOf(effect) == wanted.Key) is not { } effect) return new EffectCarried(null);
        using var source = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        void EndIfStopped()
        {
            try
            {
                if (Stopped(row) is not null) source.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The effect ended at the same moment.
            }
        }

        killSwitch.Engaged += EndIfStopped;
        var beats = BeatAsync(context, source.Token);
        try
        {
            return await CarryAsync(row, effect, source.Token);
        }
        catch (OperationCanceledException) when (source.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            await ThrowIfStoppedAsync(row, context.CancellationToken);
            throw;
        }
        finally
        {
            killSwitch.Engaged -= EndIfStopped;
            await source.CancelAsync();
            await beats;
        }
    }

    private async Task<EffectCarried> CarryAsync(RunRow row, RunEffect effect, CancellationToken cancellationToken)
    {
        try
        {
            await slots.EnterAsync(row.Tenant, cancellationToken);
            RunInput? input;
            try
            {
                (input, _) = await effects.PerformAsync(row.Identity, effect, host, cancellationToken);
            }
            finally
            {
                slots.Leave();
            }
            WorkflowMetrics.Done(effect, input);
            _faults.TryRemove(effect.Key, out _);
            return new EffectCarried(input);
        }
        catch (Problem problem) when (problem.Code.Code == KillSwitchProblems.EngagedCode)
        {
            await own.PauseAsync(row, problem.Detail, cancellationToken);
            throw PausedFailure();
        }
        catch (Exception exception) when (exception is not OperationCanceledException and not DbException)
        {
            NotDone(log, row.Id, effect.Path, exception);
            if (_faults.AddOrUpdate(effect.Key, 1, static (_, faults) => faults + 1) < FaultsMost) throw;
            _faults.TryRemove(effect.Key, out _);
            return new EffectCarried(new EffectFailed(
                clock.NowMicros(), effect.Path, effect.Attempt, new StepFailure(PlatformProblems.Internal.Code, "Something went wrong on our side; the log of the server has it."), Retryable: false, default));
        }
    }

    private async Task WriteAsync(RunRow row, RunDecided decided, CancellationToken cancellationToken)
    {
        var step = progress.Of(row, await states.OfAsync(row, cancellationToken), decided.Events, decided.Taken);
        // The count of steps is a fence: whoever read the row before this step writes nothing.
        var write = step.Write with { After = TemporalRunHost.Owned(step.Write.After), Also = work => TemporalRunStore.AdvanceAsync(work, row) };
        WriteOutcome outcome;
        try
        {
            outcome = await writer.WriteAsync(write);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            outcome = WriteOutcome.Refused;
        }
        if (outcome == WriteOutcome.Refused)
        {
            await ThrowUnlessThereAsync(await RowAsync(row.Tenant, row.Id, cancellationToken), decided, cancellationToken);
            return;
        }
        states.Keep(write.After, step.State);
        if (write.Report is { } report) host.Hear(row.Tenant, report.Run);
    }

    /// <summary>Another attempt may have written just this, and nobody heard of it.</summary>
    private async Task ThrowUnlessThereAsync(RunRow row, RunDecided decided, CancellationToken cancellationToken)
    {
        // A decision that folds the history leaves only its last event.
        var first = Math.Max(decided.After, row.Base - 1);
        var wanted = decided.Events.Skip((int)Math.Min(first - decided.After, decided.Events.Count)).Select(static one => JsonSerializer.Serialize(one, RunHistoryJson.Default.RunEvent));
        if (row.Seq == decided.After + decided.Events.Count && row.Taken == decided.Taken)
        {
            var there = await store.EventsAsync(row.Tenant, row.Id, first, decided.Events.Count, cancellationToken);
            if (there.Select(static one => one.Data).SequenceEqual(wanted, StringComparer.Ordinal)) return;
        }
        WorkflowMetrics.Fenced.Add(1);
        throw new ApplicationFailureException("The tables hold another history.", errorType: Overtaken, nonRetryable: true);
    }

    private async Task<RunRow> RowAsync(string tenant, string run, CancellationToken cancellationToken) =>
        await store.FindAsync(tenant, run, cancellationToken) ?? throw new ApplicationFailureException("The run was deleted.", errorType: Overtaken, nonRetryable: true);

    private string? Stopped(RunRow row) => killSwitch.Stopped(row.Tenant, new KillTarget(KillScope.Capsule, row.Identity.Capsule))?.Detail;

    private async Task ThrowIfStoppedAsync(RunRow row, CancellationToken cancellationToken)
    {
        if (Stopped(row) is not { } reason) return;
        await own.PauseAsync(row, reason, cancellationToken);
        throw PausedFailure();
    }

    private static ApplicationFailureException PausedFailure() => new("A kill switch stops it.", errorType: Paused, nonRetryable: false, nextRetryDelay: PausedFor);

    /// <summary>Only by heartbeats does an activity hear that it is wanted no more, and the server that its worker lives.</summary>
    private async Task BeatAsync(ActivityExecutionContext context, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Beat, clock);
        try
        {
            do context.Heartbeat();
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The effect has ended.
        }
    }

    [LoggerMessage(LogLevel.Warning, "Run {Run}: what became of step {Path} is not known; it is asked again under the same key.")]
    private static partial void NotDone(ILogger log, string run, string path, Exception exception);
}
