using System.Globalization;
using System.Text.Json;
using SomaStack.Agents.Workflows;

namespace SomaStack.Bench;

/// <summary>What one seed came to.</summary>
/// <param name="Faults">Promises that were broken; empty when all held.</param>
internal sealed record SimulationOutcome(int Seed, int Runs, int Events, int Effects, int Crashes, RunStatus Status, IReadOnlyList<string> Faults);

/// <summary>
/// A whole world on one thread, driven by one seed: runs and what they nest, replicas that hold them by lease, a journal, an inbox, a ledger
/// of effects, and clocks that do not agree. Replicas crash at every point, leases are lost while work goes on, inputs come twice, late and
/// in any order, clocks jump. The same seed gives the same world. Afterwards the faults stop and everything must come to its end.
/// </summary>
internal sealed class RunSimulation
{
    private const int Replicas = 3;
    private const int QuietTicksMax = 200_000;

    private readonly Random _random;
    private readonly int _seed;
    private readonly SimulatedServices _services;
    private readonly List<SimulatedRun> _runs = [];
    private readonly List<(int Replica, SimulatedRun Run, RunEffect Effect)> _working = [];
    private readonly long[] _skew = new long[Replicas];
    private readonly List<string> _faults = [];
    private long _now = 1_800_000_000_000_000;
    private bool _quiet;
    private int _crashes;
    private int _signals;

    private RunSimulation(int seed)
    {
        (_seed, _random) = (seed, new Random(seed));
        _services = new SimulatedServices(seed, calm: false);
    }

    public static SimulationOutcome Of(int seed) => new RunSimulation(seed).Play();

    private SimulationOutcome Play()
    {
        Begin("run0", null, 0, new RunBudget(null, null, null, null), """{"n":3}""", []);
        var ticks = _random.Next(20, 1500);
        for (var i = 0; i < ticks && _faults.Count == 0; i++) Tick();
        _quiet = true;
        Array.Clear(_skew);
        for (var i = 0; !_runs.TrueForAll(static run => run.State().Ended && run.Inbox.Count == 0) && _faults.Count == 0; i++)
        {
            if (i > QuietTicksMax)
            {
                _faults.Add($"Without faults it does not end: {string.Join("; ", _runs.Where(static run => !run.State().Ended).Select(Describe))}");
                break;
            }
            Tick();
        }
        foreach (var run in _runs) _faults.AddRange(SimulationChecks.Of(run, _services));
        return new SimulationOutcome(_seed, _runs.Count, _runs.Sum(static run => run.Journal.Count), _services.Done, _crashes, _runs[0].State().Status, _faults);
    }

    private static string Describe(SimulatedRun run) => $"{run.Id} {run.State().Phase} with {string.Join(", ", RunDecider.Due(run.State()).Select(static effect => effect.ToString()))}";

    private void Begin(string id, (SimulatedRun Run, string Path, int Attempt)? parent, int depth, RunBudget budget, string inputs, IReadOnlyList<string> taints)
    {
        if (_runs.Exists(run => run.Id == id)) return;
        var capsule = SimulatedCapsules.Make(new Random(_services.Chance(id)), "child", depth, calm: false);
        var run = new SimulatedRun(id, parent);
        run.Inbox.Add(new BeginRun(_now, new RunPlan(capsule, id, parent?.Run.Id, depth, budget) { Taints = taints }, inputs, RunDecider.Version));
        _runs.Add(run);
    }

    private void Tick()
    {
        var roll = _random.Next(100);
        if (roll < 40) Process();
        else if (roll < 60) Launch();
        else if (roll < 80) Finish();
        else if (roll < 90) Outside();
        else if (roll < 95) Pass();
        else if (!_quiet) Disturb();
    }

    /// <summary>A replica takes an input: it reads, decides and commits; what it had in memory may be old, then its commit is refused.</summary>
    private void Process()
    {
        var waiting = _runs.Where(static run => run.Inbox.Count > 0).ToList();
        if (waiting.Count == 0) return;
        var run = waiting[_random.Next(waiting.Count)];
        var replica = Holder(run);
        var place = _quiet ? 0 : _random.Next(run.Inbox.Count);
        // The first input is the beginning; nothing can be told before.
        if (run.Journal.Count == 0) place = 0;
        var input = run.Inbox[place];
        var state = run.Memory(replica);
        var events = RunDecider.Decide(state, input);
        if (!_quiet && _random.Next(40) == 0)
        {
            Crash(replica);
            return;
        }
        if (!run.Commit(replica, state, events)) return;
        if (_quiet || _random.Next(10) > 0) run.Inbox.RemoveAt(place);
        if (!_quiet && _random.Next(40) == 0) Crash(replica);
        Tell(run);
        if (!_quiet && _random.Next(60) == 0) run.Continue();
    }

    private void Tell(SimulatedRun run)
    {
        var state = run.State();
        if (!state.Ended || run.Told || run.Parent is not { } parent) return;
        run.Told = true;
        var ended = new NestedEnded(_now, parent.Path, parent.Attempt, state.Status, state.Outputs ?? "{}", state.Failure, state.Used) { Taints = state.Taints };
        parent.Run.Inbox.Add(ended);
        if (_random.Next(4) == 0) parent.Run.Inbox.Add(ended);
    }

    /// <summary>The holder of a run begins something that is due and that it has not begun yet, as far as it remembers.</summary>
    private void Launch()
    {
        var run = _runs[_random.Next(_runs.Count)];
        var replica = Holder(run);
        foreach (var effect in RunDecider.Due(run.Memory(replica)))
        {
            if (effect is StartTimer timer)
            {
                if (_now + _skew[replica] >= timer.Due) run.Inbox.Add(new TimerFired(_now + _skew[replica], timer.Path, timer.Timer));
                continue;
            }
            if (!run.Begun[replica].Add(effect.Key + (effect is StopEffect ? " stop" : "") + (effect is CallTool { Approval: not null } ? " yes" : ""))) continue;
            if (effect is StopEffect) Stop(run, effect);
            else _working.Add((replica, run, effect));
        }
    }

    private void Stop(SimulatedRun run, RunEffect effect)
    {
        _working.RemoveAll(work => work.Run == run && work.Effect.Key == effect.Key && _random.Next(3) > 0);
        _runs.Find(child => child.Id == Child(run, effect))?.Inbox.Add(new CancelRun(_now, "parent", "Its parent stops it."));
    }

    private static string Child(SimulatedRun run, RunEffect effect) => string.Create(CultureInfo.InvariantCulture, $"{run.Id}/{effect.Path}/{effect.Attempt}");

    /// <summary>Something that was begun takes effect, and its answer comes back, twice or never.</summary>
    private void Finish()
    {
        if (_working.Count == 0) return;
        var place = _random.Next(_working.Count);
        var (replica, run, effect) = _working[place];
        _working.RemoveAt(place);
        if (!run.Journal.Exists(happened => happened is StepStarted started && started.Path == effect.Path && started.Attempt == effect.Attempt) && !run.Folded)
            _faults.Add($"{effect.Key} takes effect and the journal does not know of it.");
        switch (effect)
        {
            case StartNested nested:
                Begin(Child(run, effect), (run, effect.Path, effect.Attempt), run.State().Plan!.Depth + 1, nested.Left, nested.Inputs, nested.Taints);
                return;
            case AskPerson:
                run.Asked.Add(effect.Path);
                return;
        }
        var answer = _services.Do(effect, _now + _skew[replica], _faults);
        var lost = !_quiet && _random.Next(12) == 0;
        if (lost)
        {
            Crash(replica);
            return;
        }
        run.Inbox.Add(answer);
        if (_random.Next(6) == 0) run.Inbox.Add(answer);
    }

    /// <summary>People and other systems: approvals, forms, signals, a cancellation.</summary>
    private void Outside()
    {
        if (_services.Pending.Count > 0 && _random.Next(2) == 0)
        {
            var approval = _services.Pending.First();
            _services.Pending.Remove(approval);
            var no = _services.Chance(approval + "?") % 9 == 0;
            // The run that asked is in the key: approval/run/ID/PATH/ATTEMPT.
            foreach (var run in _runs)
                if (approval.StartsWith($"approval/run/{run.Id}/", StringComparison.Ordinal))
                    run.Inbox.Add(new ApprovalEnded(_now, approval, no ? "approval_rejected" : null, null, "second"));
        }
        var chosen = _runs[_random.Next(_runs.Count)];
        if (chosen.Journal.Count == 0) return;
        foreach (var path in chosen.Asked.ToList())
            if (_random.Next(3) == 0) chosen.Inbox.Add(new FormAnswered(_now, path, _random.Next(3) == 0 && !_quiet ? """{"ok":"yes"}""" : """{"ok":true}""", "person"));
        if (chosen.Journal.Count > 0 && (_quiet || _random.Next(3) == 0))
        {
            var signal = new SignalCame(_now, $"sig{_signals++ / 2}", $"signal_{_random.Next(2)}", """{"x":1}""", "outside");
            if (chosen.Inbox.Count < 50 && !chosen.State().Ended) chosen.Inbox.Add(signal);
        }
        if (!_quiet && _random.Next(60) == 0) chosen.Inbox.Add(new CancelRun(_now, "person", "No more."));
        if (!_quiet && _random.Next(20) == 0 && chosen.State().Phase == RunPhase.Failed && chosen.Parent is null) chosen.Inbox.Add(new RetryRun(_now, "person"));
    }

    private void Pass()
    {
        if (!_quiet || _random.Next(4) == 0) _now += _random.Next(1, 60_000_000);
        var due = _runs.Where(static run => !run.State().Ended).SelectMany(static run => RunDecider.Due(run.State()).OfType<StartTimer>()).Select(static timer => timer.Due).DefaultIfEmpty(0).Min();
        if (_quiet && _working.Count == 0 && due > _now && _runs.TrueForAll(static run => run.Inbox.Count == 0)) _now = due;
    }

    private void Disturb()
    {
        switch (_random.Next(3))
        {
            case 0: Crash(_random.Next(Replicas)); break;
            case 1: _runs[_random.Next(_runs.Count)].Holder = _random.Next(Replicas); break;
            case 2: _skew[_random.Next(Replicas)] = _random.NextInt64(-3_600_000_000, 3_600_000_000); break;
        }
    }

    private int Holder(SimulatedRun run)
    {
        // Now and then one that lost the lease and does not know it yet goes on.
        if (!_quiet && _random.Next(15) == 0) return _random.Next(Replicas);
        return run.Holder;
    }

    private void Crash(int replica)
    {
        _crashes++;
        _working.RemoveAll(work => work.Replica == replica);
        foreach (var run in _runs)
        {
            run.Forget(replica);
            if (run.Holder == replica) run.Holder = (replica + 1) % Replicas;
        }
    }
}

/// <summary>A run as it is kept, and what each replica remembers of it.</summary>
internal sealed class SimulatedRun(string id, (SimulatedRun Run, string Path, int Attempt)? parent)
{
    private readonly (RunState State, int Version)?[] _memories = new (RunState, int)?[3];
    private (RunState State, int Version) _newest = (RunState.None, 0);
    private int _version;

    public string Id => id;

    public (SimulatedRun Run, string Path, int Attempt)? Parent => parent;

    public List<RunEvent> Journal { get; } = [];

    public List<RunInput> Inbox { get; } = [];

    public HashSet<string>[] Begun { get; } = [new(StringComparer.Ordinal), new(StringComparer.Ordinal), new(StringComparer.Ordinal)];

    public SortedSet<string> Asked { get; } = new(StringComparer.Ordinal);

    public int Holder { get; set; }

    public bool Told { get; set; }

    public bool Folded { get; private set; }

    /// <summary>What the journal says, whoever remembers what.</summary>
    public RunState State()
    {
        if (_newest.Version != _version) _newest = (RunDecider.Apply(RunState.None, Journal), _version);
        return _newest.State;
    }

    public RunState Memory(int replica)
    {
        _memories[replica] ??= (RunDecider.Apply(RunState.None, Read()), _version);
        return _memories[replica]!.Value.State;
    }

    /// <summary>The fence: who decided on an old state commits nothing and forgets it.</summary>
    public bool Commit(int replica, RunState state, IReadOnlyList<RunEvent> events)
    {
        if (_memories[replica] is not { } memory || memory.Version != _version)
        {
            Forget(replica);
            return false;
        }
        if (events.Count == 0) return true;
        Journal.AddRange(events);
        _version++;
        _newest = (RunDecider.Apply(state, events), _version);
        _memories[replica] = _newest;
        return true;
    }

    public void Forget(int replica)
    {
        _memories[replica] = null;
        Begun[replica].Clear();
    }

    /// <summary>Continue as new: the history becomes one event.</summary>
    public void Continue()
    {
        var state = State();
        if (state.Phase == RunPhase.None) return;
        Journal.Clear();
        Journal.Add(RunDecider.Fold(state));
        Folded = true;
        _version++;
    }

    /// <summary>As a database gives it back.</summary>
    private IReadOnlyList<RunEvent> Read()
    {
        var json = JsonSerializer.Serialize(Journal, RunHistoryJson.Default.IReadOnlyListRunEvent);
        return JsonSerializer.Deserialize(json, RunHistoryJson.Default.IReadOnlyListRunEvent)!;
    }
}
