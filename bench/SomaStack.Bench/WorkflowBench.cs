using System.Diagnostics;
using System.Text.Json;
using SomaStack.Agents.Capsules.Contracts;
using SomaStack.Agents.Workflows;

namespace SomaStack.Bench;

/// <summary>
/// <c>workflows</c>: durable runs of two steps, one after the other and 64 at a time, on a PostgreSQL of our own; DBOS on the same one and Restate beside
/// it, round by round in turn. Then runs that wait, resumed by signals; and how fast histories are read.
/// </summary>
public static class WorkflowBench
{
    private const int InFlight = 64;
    private const int SequentialRuns = 200;
    private const int ParallelRuns = 1500;
    private const int WaitingRuns = 100_000;
    private const int Resumed = 200;

    public static readonly Benchmark Benchmark = new(
        "workflows", "Durable two-step runs on PostgreSQL beside DBOS and Restate (npm is needed), start to first step, replay, 100 000 waiting runs (--waiting); --simulate N plays seeds.", RunAsync);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        if (options.Simulate is { } seeds) return Simulate(seeds, options);
        var rounds = options.Rounds ?? 5;
        await using var postgres = await PrivatePostgres.StartAsync() ?? throw new InvalidOperationException("PostgreSQL 15 or newer is not installed.");
        var absent = new List<string>();
        var (dbos, restate) = await PeersAsync(postgres, absent, options, cancellationToken);
        var samples = new Samples();
        var load = Load();
        await using (var room = await WorkflowRoom.OpenAsync(await postgres.CreateAsync(), cancellationToken))
        {
            try
            {
                for (var round = 0; round <= rounds; round++)
                {
                    await RoundAsync(room, dbos, restate, samples, warm: round == 0, cancellationToken);
                    if (round > 0) options.Progress($"round {round}/{rounds}: {samples.Line()}");
                }
            }
            finally
            {
                if (dbos is not null) await dbos.DisposeAsync();
                if (restate is not null) await restate.DisposeAsync();
            }
            await ResumeAsync(room, options.Connections ?? WaitingRuns, samples, options, cancellationToken);
            if (await room.CountAsync("failed", cancellationToken) is > 0 and var failed) throw new InvalidOperationException($"{failed} runs failed: {await room.FailureAsync(cancellationToken)}");
        }
        for (var round = 0; round < rounds; round++) samples.Add("replay_events_per_s", Replay());
        return Result(samples, rounds, absent, load);
    }

    private static async Task<(WorkflowPeer? Dbos, WorkflowPeer? Restate)> PeersAsync(PrivatePostgres postgres, List<string> absent, BenchOptions options, CancellationToken cancellationToken)
    {
        WorkflowPeer? dbos = null, restate = null;
        try
        {
            var folder = await NodePackages.InstallAsync("workflows", [], options.Progress, cancellationToken);
            dbos = await WorkflowPeer.StartDbosAsync(folder, await postgres.CreateAsync(), cancellationToken);
            restate = await WorkflowPeer.StartRestateAsync(folder, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            absent.Add($"{(dbos is null ? "dbos, restate" : "restate")}: {exception.Message}");
            options.Progress("not measured: " + absent[^1]);
        }
        return (dbos, restate);
    }

    private static async Task RoundAsync(WorkflowRoom room, WorkflowPeer? dbos, WorkflowPeer? restate, Samples samples, bool warm, CancellationToken cancellationToken)
    {
        foreach (var (runs, inFlight, kind) in new[] { (SequentialRuns, 1, "sequential"), (ParallelRuns, InFlight, "parallel") })
        {
            var many = warm ? runs / 4 : runs;
            room.Steps.Delays.Clear();
            var before = room.Steps.Done;
            var took = await OursAsync(room, many, inFlight, cancellationToken);
            if (room.Steps.Done - before != 2 * many) throw new InvalidOperationException($"{room.Steps.Done - before} steps were done for {many} runs.");
            double[] delays = [.. room.Steps.Delays.Order()];
            var theirs = dbos is null ? (double?)null : await dbos.RoundAsync(many, inFlight, cancellationToken);
            var others = restate is null ? (double?)null : await restate.RoundAsync(many, inFlight, cancellationToken);
            if (warm) continue;
            samples.Add(kind, took / many, many);
            samples.Add(kind + "_first_step", delays[(int)Math.Ceiling(delays.Length * 0.99) - 1]);
            if (theirs is { } milliseconds) samples.Add("dbos_" + kind, milliseconds / many, many);
            if (others is { } also) samples.Add("restate_" + kind, also / many, many);
        }
    }

    private static async Task<double> OursAsync(WorkflowRoom room, int runs, int inFlight, CancellationToken cancellationToken)
    {
        var next = 0;
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, inFlight).Select(_ => Task.Run(async () =>
        {
            while (Interlocked.Increment(ref next) <= runs) await room.RunAsync(TwoSteps, cancellationToken);
        }, cancellationToken)));
        return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
    }

    /// <summary>Runs that wait are begun until there are enough of them; some are then signalled, one after the other.</summary>
    private static async Task ResumeAsync(WorkflowRoom room, int waiting, Samples samples, BenchOptions options, CancellationToken cancellationToken)
    {
        var ids = new string[waiting];
        var next = -1;
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, InFlight).Select(_ => Task.Run(async () =>
        {
            for (var i = Interlocked.Increment(ref next); i < waiting; i = Interlocked.Increment(ref next)) ids[i] = await room.StartAsync(Waits, cancellationToken);
        }, cancellationToken)));
        samples.Add("waiting_started_per_s", waiting / Stopwatch.GetElapsedTime(began).TotalSeconds);
        var there = await room.CountAsync("waiting", cancellationToken);
        if (there != waiting) throw new InvalidOperationException($"{there} of {waiting} runs wait.");
        GC.Collect();
        options.Progress($"{waiting} runs wait; this process holds {GC.GetTotalMemory(true) / 1e6:0} MB");
        var random = new Random(1);
        room.Steps.Delays.Clear();
        for (var i = 0; i < Math.Min(Resumed, waiting); i++)
        {
            var heard = room.Steps.Delays.Count;
            await room.SignalAsync(ids[(long)i * waiting / Math.Min(Resumed, waiting)], "go", cancellationToken);
            while (room.Steps.Delays.Count == heard) await Task.Delay(1, cancellationToken);
            // Not all at the same moment of the runner's second.
            await Task.Delay(random.Next(10), cancellationToken);
        }
        double[] delays = [.. room.Steps.Delays.Order()];
        samples.Add("waiting_resume_max_ms", delays[^1]);
        samples.Add("waiting_resume_p50_ms", delays[delays.Length / 2]);
        samples.Fact("waiting_runs", waiting);
    }

    private static double Replay()
    {
        var events = History();
        string[] texts = [.. events.Select(static one => JsonSerializer.Serialize(one, RunHistoryJson.Default.RunEvent))];
        var (done, began) = (0L, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(1))
        {
            var state = RunState.None;
            foreach (var text in texts) state = RunDecider.Apply(state, JsonSerializer.Deserialize(text, RunHistoryJson.Default.RunEvent)!);
            if (!state.Ended) throw new InvalidOperationException("The history does not end.");
            done += texts.Length;
        }
        return done / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Of a run of fifty steps, as the rules make it.</summary>
    private static List<RunEvent> History()
    {
        var capsule = TwoSteps with { Digest = new string('b', 64), Steps = [.. Enumerable.Range(1, 50).Select(static i => Step($"s{i}", "bench.step", i == 1 ? [] : [$"s{i - 1}"]))] };
        var history = new List<RunEvent>();
        var state = RunState.None;
        void Take(RunInput input)
        {
            foreach (var happened in RunDecider.Decide(state, input))
            {
                history.Add(happened);
                state = RunDecider.Apply(state, happened);
            }
        }

        Take(new BeginRun(1, new RunPlan(capsule, "replay", null, 0, new RunBudget(null, null, null, null)), "{}", RunDecider.Version));
        while (!state.Ended)
        {
            var due = RunDecider.Due(state)[0];
            Take(new EffectSucceeded(state.Now + 1, due.Path, due.Attempt, new EffectResult("""{"number":1,"text":"done"}""", default)));
        }
        return history;
    }

    private static BenchResult Simulate(int seeds, BenchOptions options)
    {
        var (first, began, events) = (options.Seed ?? 1, Stopwatch.GetTimestamp(), 0L);
        for (var i = 0; i < seeds; i++)
        {
            var outcome = RunSimulation.Of(first + i);
            if (outcome.Faults.Count > 0) throw new InvalidOperationException($"Seed {first + i}: {string.Join(" ", outcome.Faults)}");
            events += outcome.Events;
            if ((i + 1) % 1000 == 0) options.Progress($"{i + 1} of {seeds} seeds hold");
        }
        var result = BenchResult.Of("workflows", new Dictionary<string, Figure> { ["seeds_per_s"] = Figure.Of([seeds / Stopwatch.GetElapsedTime(began).TotalSeconds], "seeds/s") }, new Dictionary<string, double>(), 1);
        result.Facts["seeds"] = JsonSerializer.SerializeToElement(seeds, BenchJson.Default.Int32);
        result.Facts["first_seed"] = JsonSerializer.SerializeToElement(first, BenchJson.Default.Int32);
        return result;
    }

    private static BenchResult Result(Samples samples, int rounds, List<string> absent, string load)
    {
        var figures = new Dictionary<string, Figure>
        {
            ["steps_per_s"] = samples.StepsPerSecond("parallel"), ["sequential_run_ms"] = samples.Of("sequential", "ms"),
            ["start_to_first_step_p99_ms"] = samples.Of("sequential_first_step", "ms"), ["start_to_first_step_loaded_p99_ms"] = samples.Of("parallel_first_step", "ms"),
            ["replay_events_per_s"] = samples.Of("replay_events_per_s", "events/s"), ["waiting_resume_max_ms"] = samples.Of("waiting_resume_max_ms", "ms"),
            ["waiting_resume_p50_ms"] = samples.Of("waiting_resume_p50_ms", "ms"), ["waiting_started_per_s"] = samples.Of("waiting_started_per_s", "runs/s"),
        };
        var ratios = new Dictionary<string, double>();
        foreach (var peer in new[] { "dbos", "restate" })
        {
            if (!samples.Has(peer + "_parallel")) continue;
            figures[peer + "_steps_per_s"] = samples.StepsPerSecond(peer + "_parallel");
            figures[peer + "_sequential_run_ms"] = samples.Of(peer + "_sequential", "ms");
            ratios[$"vs_{peer}_steps"] = Math.Round(figures["steps_per_s"].Median / figures[peer + "_steps_per_s"].Median, 3);
            ratios[$"vs_{peer}_sequential"] = Math.Round(figures[peer + "_sequential_run_ms"].Median / figures["sequential_run_ms"].Median, 3);
        }
        var result = BenchResult.Of("workflows", figures, ratios, rounds);
        foreach (var (name, value) in samples.Facts) result.Facts[name] = JsonSerializer.SerializeToElement(value, BenchJson.Default.Int32);
        result.Facts["load_before_and_after"] = JsonSerializer.SerializeToElement($"{load} / {Load()}", BenchJson.Default.String);
        foreach (var one in absent) result.Facts["not_measured"] = JsonSerializer.SerializeToElement(one, BenchJson.Default.String);
        return result;
    }

    private static string Load() => File.Exists("/proc/loadavg") ? string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : "unknown";

    private static readonly Capsule TwoSteps = new("two_steps", "1.0.0", "Two steps", "composite", new string('a', 64)) { Steps = [Step("first", "bench.step", []), Step("second", "bench.step", ["first"])] };

    private static readonly Capsule Waits = new("waits", "1.0.0", "Waits for a signal", "composite", new string('c', 64))
    {
        Steps = [new CapsuleStep("wait", "wait.signal", """{"name":"go"}""", []), Step("after", "bench.step", ["wait"])],
    };

    private static CapsuleStep Step(string name, string action, string[] after) => new(name, action, """{"number":1}""", after);

    private sealed class Samples
    {
        private readonly Dictionary<string, List<double>> _all = new(StringComparer.Ordinal);

        public Dictionary<string, int> Facts { get; } = [];

        public void Add(string name, double value, int count = 0)
        {
            if (!_all.TryGetValue(name, out var values)) _all[name] = values = [];
            values.Add(value);
            if (count > 0) Facts[name + "_runs"] = count;
        }

        public void Fact(string name, int value) => Facts[name] = value;

        public bool Has(string name) => _all.ContainsKey(name);

        public Figure Of(string name, string unit) => Figure.Of(_all[name], unit);

        /// <summary>Two steps a run.</summary>
        public Figure StepsPerSecond(string name) => Figure.Of([.. _all[name].Select(static milliseconds => 2000 / milliseconds)], "steps/s");

        public string Line() => string.Join(", ", _all.Select(static one => $"{one.Key} {one.Value[^1]:0.000}"));
    }
}
