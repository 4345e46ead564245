using SomaStack.Agents.Workflows;
using SomaStack.Tests.Workflows.Deciding;
using Temporalio.Api.Common.V1;

namespace SomaStack.Tests.Workflows.Temporal;

/// <summary>
/// Says what a run on Temporal must ask for, and when: a decision is recorded before anything is done about it, what is due no more is cancelled
/// first, then what is due is begun in the order in which it fell due, then the alarm is set when something is due earlier. This is the specification
/// of <see cref="RunWorkflow"/>, written without it.
/// </summary>
internal sealed class HostedRun
{
    private static readonly RunPayloads Payloads = new();
    private static readonly RunReference Reference = new("demo", "run1");

    private readonly HistoryWriter _writer = new("soma/demo/run1");
    private readonly Dictionary<string, string> _underway = [];
    private readonly List<string> _order = [];
    private readonly HashSet<string> _handedOver = [];
    private RunState _state = RunState.None;
    private long _seq;
    private long _taken;
    private (long At, string Id)? _alarm;
    private bool _leaving;

    public HistoryWriter Writer => _writer;

    public RunState State => _state;

    public long Now => (_writer.Now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond;

    public static HostedRun Open(string yaml, string inputs = "{}")
    {
        var run = new HostedRun();
        var events = RunDecider.Decide(RunState.None, new BeginRun(run.Now, new RunPlan(ScriptedRun.Capsule(yaml), "run1", null, 0, new RunBudget(null, null, null, null)), inputs, RunDecider.Version));
        run._writer.Start(Of(Reference));
        run._writer.WorkflowTask();
        var opened = run._writer.Schedule("open", Of(Reference));
        run.Pass(10);
        run._writer.Complete(opened, Of(new OpenedRun(events, events.Count, 0, false)));
        (run._state, run._seq) = (RunDecider.Apply(RunState.None, events), events.Count);
        run._writer.WorkflowTask();
        run.See();
        return run;
    }

    public HostedRun Pass(int milliseconds)
    {
        _writer.Now = _writer.Now.AddMilliseconds(milliseconds);
        return this;
    }

    public HostedRun Succeed(string path, string output = "{}", bool suggestContinueAsNew = false)
    {
        var effect = Effect(path);
        return Carried(effect, new EffectSucceeded(Pass(20).Now, path, effect.Attempt, new EffectResult(output, default)), suggestContinueAsNew);
    }

    public HostedRun Fail(string path, bool retryable = true)
    {
        var effect = Effect(path);
        return Carried(effect, new EffectFailed(Pass(20).Now, path, effect.Attempt, new StepFailure("tool_failed", "It did not work."), retryable, default));
    }

    /// <summary>It waits for a second person.</summary>
    public HostedRun Suspend(string path, string approval)
    {
        var effect = Effect(path);
        return Carried(effect, new EffectSuspended(Pass(20).Now, path, effect.Attempt, approval));
    }

    /// <summary>The effect goes on elsewhere; nothing is decided.</summary>
    public HostedRun HandOver(string path, bool stops = false)
    {
        var effect = Effect(path, stops);
        Ended(effect, null);
        _handedOver.Add(RunProgress.KeyOf(effect));
        _writer.WorkflowTask();
        See();
        return this;
    }

    /// <summary>A signal comes while the decision about a result is being recorded: it is not lost.</summary>
    public HostedRun SucceedWhileTold(string path, RunInput told)
    {
        var effect = Effect(path);
        var input = new EffectSucceeded(Pass(20).Now, path, effect.Attempt, new EffectResult("{}", default));
        Ended(effect, input);
        _writer.WorkflowTask();
        var (state, events) = RunRound.Decide(_state, [input], Now, RunDecider.EventsMax);
        var recording = _writer.Schedule("record", Of(new RunDecided("demo", "run1", _seq, _taken, events)));
        _writer.Signal(RunWorkflow.Told);
        _writer.Complete(recording, Of(new RunRecorded(false)));
        _writer.WorkflowTask();
        (_state, _seq) = (state, _seq + events.Count);
        See();
        return Take([told]);
    }

    public HostedRun Tell(params RunInput[] inputs)
    {
        _writer.Signal(RunWorkflow.Told);
        _writer.WorkflowTask();
        return Take(inputs);
    }

    private HostedRun Take(RunInput[] inputs)
    {
        var taking = _writer.Schedule("take", Of(new InputsWanted("demo", "run1", _taken)));
        Pass(5);
        _writer.Complete(taking, Of(new InputsTaken([.. inputs.Select((input, i) => new NumberedInput(_taken + i + 1, input))])));
        _writer.WorkflowTask();
        Record(inputs, _taken + inputs.Length);
        return this;
    }

    /// <summary>The alarm rings at its time.</summary>
    public HostedRun Ring()
    {
        var (at, id) = _alarm!.Value;
        _alarm = null;
        if (at > Now) _writer.Now = DateTimeOffset.UnixEpoch.AddTicks(at * TimeSpan.TicksPerMicrosecond).AddMilliseconds(1);
        _writer.FireTimer(id);
        _writer.WorkflowTask();
        Record([], _taken);
        return this;
    }

    public HostedRun CancelWorkflow()
    {
        _writer.RequestCancelOfWorkflow();
        _writer.WorkflowTask();
        Record([new CancelRun(Now, RunWorkflow.Canceller, "It was cancelled in Temporal.")], _taken);
        return this;
    }

    private HostedRun Carried(RunEffect effect, RunInput input, bool suggestContinueAsNew = false)
    {
        Ended(effect, input);
        _leaving |= suggestContinueAsNew;
        _writer.WorkflowTask(suggestContinueAsNew);
        Record([input], _taken, suggestContinueAsNew);
        return this;
    }

    private void Ended(RunEffect effect, RunInput? input)
    {
        var key = RunProgress.KeyOf(effect);
        _writer.Complete(_underway[key], Of(new EffectCarried(input)));
        _underway.Remove(key);
        _order.Remove(key);
    }

    private void Record(RunInput[] inputs, long taken, bool suggestContinueAsNew = false)
    {
        var (state, events) = RunRound.Decide(_state, inputs, Now, RunDecider.EventsMax);
        if (events.Count > 0 || taken != _taken)
        {
            var recording = _writer.Schedule("record", Of(new RunDecided("demo", "run1", _seq, taken, events)));
            Pass(5);
            _writer.Complete(recording, Of(new RunRecorded(false)));
            _writer.WorkflowTask(suggestContinueAsNew);
        }
        (_state, _seq, _taken) = (state, _seq + events.Count, taken);
        See();
    }

    private void See()
    {
        var due = RunDecider.Due(_state);
        var wanted = due.ToDictionary(RunProgress.KeyOf);
        foreach (var key in _order.Where(key => !wanted.ContainsKey(key)).ToList())
        {
            _writer.RequestCancel(_underway[key]);
            _underway.Remove(key);
            _order.Remove(key);
        }
        if (!_leaving)
            foreach (var (key, effect) in wanted)
            {
                if (effect is StartTimer or AskPerson || _underway.ContainsKey(key) || _handedOver.Contains(key)) continue;
                _underway[key] = _writer.Schedule("carry", Of(new EffectWanted("demo", "run1", key)), "soma-runs-effects");
                _order.Add(key);
            }
        if (RunProgress.NextTimer(due) is { } at && !(_alarm?.At <= at))
        {
            if (_alarm is { } before) _writer.CancelTimer(before.Id);
            _alarm = (at, _writer.StartTimer(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling((at - Now) / 1000.0)))));
        }
        if (_state.Ended && _underway.Count == 0) _writer.End(Of(new RunClosed(_state.Status.Name())));
        else if (_leaving && _underway.Count == 0) _writer.ContinueAsNew(Of(Reference));
    }

    private static Payload Of(object value) => Payloads.ToPayload(value);

    private RunEffect Effect(string path, bool stops = false) => RunDecider.Due(_state).Single(effect => effect.Path == path && effect is not StartTimer && effect is StopEffect == stops);
}
