using Temporalio.Common;
using Temporalio.Exceptions;
using Temporalio.Workflows;
using Workflow = Temporalio.Workflows.Workflow;

namespace SomaStack.Agents.Workflows;

/// <summary>
/// A run as a workflow of Temporal: the rules of <see cref="RunDecider"/> on what activities bring, each decision recorded before anything is done
/// about it. Its state is read from the room's tables when it begins, so that an execution may end and another go on. Whatever changes the order of
/// what it asks of Temporal needs <c>Workflow.Patched</c>: recorded histories are replayed by tests.
/// </summary>
[Workflow(Name)]
internal sealed class RunWorkflow
{
    public const string Name = "soma-run";
    public const string Told = "told";

    /// <summary>Who cancels a run that was cancelled in Temporal, where this room knows nobody.</summary>
    public const string Canceller = "temporal";

    private static readonly ActivityOptions Quick = new()
    {
        StartToCloseTimeout = TimeSpan.FromMinutes(5),
        RetryPolicy = new RetryPolicy { InitialInterval = TimeSpan.FromMilliseconds(100), BackoffCoefficient = 2, MaximumInterval = TimeSpan.FromSeconds(10) },
        // What is written down is written down, whatever was cancelled.
        CancellationToken = CancellationToken.None,
    };

    private static readonly RetryPolicy Again = new() { InitialInterval = TimeSpan.FromSeconds(1), BackoffCoefficient = 2, MaximumInterval = TimeSpan.FromSeconds(10) };

    // In the order in which they were begun: what is cancelled first must be the same in every replay.
    private readonly List<Errand> _errands = [];
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _handedOver = new(StringComparer.Ordinal);
    private readonly List<RunInput> _came = [];
    private RunState _state = RunState.None;
    private long _seq;
    private long _taken;
    private bool _told;
    private bool _rang;
    private bool _leaving;
    private Alarm? _alarm;
    private Task _cancelling = Task.CompletedTask;

    private static long Now => (Workflow.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private bool HasCome => _told || _rang || _came.Count > 0;

    private bool IsOver => _state.Ended && _errands.Count == 0;

    /// <summary>Inputs were kept for the run; there is nothing in the signal itself.</summary>
    [WorkflowSignal(Told)]
    public Task ToldAsync()
    {
        _told = true;
        return Task.CompletedTask;
    }

    [WorkflowRun]
    public async Task<RunClosed> RunAsync(RunReference run)
    {
        // What was kept before the run is read is read with it.
        _told = false;
        _cancelling = HearCancelAsync();
        if (await Workflow.ExecuteActivityAsync((RunActivities room) => room.OpenAsync(run), Quick) is not { } opened) return new RunClosed(null);
        _state = RunDecider.Apply(RunState.None, opened.History);
        (_seq, _taken, _told) = (opened.Seq, opened.Taken, _told || opened.Told);
        while (true)
        {
            See(run);
            if (IsOver && !HasCome) return new RunClosed(_state.Status.Name());
            if (_leaving && _errands.Count == 0 && _came.Count == 0) throw Next(run);
            await Workflow.WaitConditionAsync(() => HasCome || IsOver || (_leaving && _errands.Count == 0), CancellationToken.None);
            if (HasCome) await GoOnAsync(run);
        }
    }

    private async Task GoOnAsync(RunReference run)
    {
        List<RunInput> inputs = [.. _came];
        _came.Clear();
        _rang = false;
        var taken = _taken;
        if (_told)
        {
            _told = false;
            foreach (var (number, input) in (await Workflow.ExecuteActivityAsync((RunActivities room) => room.TakeAsync(new InputsWanted(run.Tenant, run.Run, taken)), Quick)).Inputs)
            {
                inputs.Add(input);
                taken = number;
            }
        }
        var (state, events) = RunRound.Decide(_state, inputs, Now, RunDecider.EventsMax);
        if (events.Count > 0 || taken != _taken) await RecordAsync(run, events, taken);
        _state = state;
    }

    private async Task RecordAsync(RunReference run, List<RunEvent> events, long taken)
    {
        var decided = new RunDecided(run.Tenant, run.Run, _seq, taken, events);
        try
        {
            var recorded = await Workflow.ExecuteActivityAsync((RunActivities room) => room.RecordAsync(decided), Quick);
            // Not in one expression with the await: a signal may have come meanwhile.
            _told |= recorded.Told;
        }
        catch (ActivityFailureException failed) when (failed.InnerException is ApplicationFailureException { ErrorType: RunActivities.Overtaken })
        {
            // The tables went on without this execution: the next one begins with what they say.
            throw Next(run);
        }
        (_seq, _taken) = (_seq + events.Count, taken);
    }

    /// <summary>Begins what is due, ends what is due no more. Close to the end of what Temporal keeps of one execution nothing is begun, and the next one goes on.</summary>
    private void See(RunReference run)
    {
        _leaving |= Workflow.ContinueAsNewSuggested;
        var due = RunDecider.Due(_state);
        var wanted = due.Select(RunProgress.KeyOf).ToHashSet(StringComparer.Ordinal);
        _handedOver.IntersectWith(wanted);
        foreach (var errand in _errands.Where(errand => !wanted.Contains(errand.Key)).ToList()) errand.Source.Cancel();
        if (!_leaving)
            foreach (var effect in due)
            {
                // A timer is an alarm of the run, a form is a row that was written with the step.
                if (effect is StartTimer or AskPerson) continue;
                var key = RunProgress.KeyOf(effect);
                if (_handedOver.Contains(key) || !_keys.Add(key)) continue;
                var errand = new Errand(effect, key, new CancellationTokenSource());
                _errands.Add(errand);
                errand.Done = CarryAsync(run, errand);
            }
        if (RunProgress.NextTimer(due) is not { } at || _alarm?.At <= at) return;
        // One for the whole run, set anew only when something is due earlier: ten thousand limits of time are one timer.
        _alarm?.Source.Cancel();
        _alarm = new Alarm(at, new CancellationTokenSource());
        _alarm.Done = RingAsync(_alarm);
    }

    private async Task CarryAsync(RunReference run, Errand errand)
    {
        var wanted = new EffectWanted(run.Tenant, run.Run, errand.Key);
        try
        {
            var carried = await Workflow.ExecuteActivityAsync((RunActivities room) => room.CarryAsync(wanted), new ActivityOptions
            {
                TaskQueue = TemporalLink.EffectsQueueOf(Workflow.Info.TaskQueue), StartToCloseTimeout = TimeSpan.FromDays(7), HeartbeatTimeout = TimeSpan.FromSeconds(20),
                RetryPolicy = Again, CancellationToken = errand.Source.Token,
            });
            if (errand.Source.IsCancellationRequested) return;
            if (carried.Input is { } input) _came.Add(input);
            else _handedOver.Add(errand.Key);
        }
        catch (ActivityFailureException)
        {
            // Activities of this room are tried until they tell; who else ends one is an operator.
            if (!errand.Source.IsCancellationRequested)
                _came.Add(new EffectFailed(Now, errand.Effect.Path, errand.Effect.Attempt, new StepFailure("activity_ended", "The activity was ended in Temporal."), Retryable: false, default));
        }
        finally
        {
            _errands.Remove(errand);
            _keys.Remove(errand.Key);
        }
    }

    /// <summary>Conditions are looked at only when a task has run, so something has to wait for the cancellation.</summary>
    private async Task HearCancelAsync()
    {
        try
        {
            await Workflow.WaitConditionAsync(static () => false);
        }
        catch (OperationCanceledException)
        {
            _came.Add(new CancelRun(Now, Canceller, "It was cancelled in Temporal."));
        }
    }

    private async Task RingAsync(Alarm alarm)
    {
        try
        {
            await Workflow.DelayAsync(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling((alarm.At - Now) / 1000.0))), alarm.Source.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }
        if (ReferenceEquals(_alarm, alarm)) _alarm = null;
        _rang = true;
    }

    private static ContinueAsNewException Next(RunReference run) => Workflow.CreateContinueAsNewException((RunWorkflow next) => next.RunAsync(run));

    /// <summary>An effect that an activity sees to.</summary>
    private sealed record Errand(RunEffect Effect, string Key, CancellationTokenSource Source)
    {
        public Task Done { get; set; } = Task.CompletedTask;
    }

    private sealed record Alarm(long At, CancellationTokenSource Source)
    {
        public Task Done { get; set; } = Task.CompletedTask;
    }
}
