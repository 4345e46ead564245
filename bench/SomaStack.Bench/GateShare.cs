using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Agents.Sessions;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;
using SomaStack.Server;

namespace SomaStack.Bench;

/// <summary>
/// What part of a session's time the gate takes: every decision of the session as the gate's own histogram records it, and for each
/// decision the time to append its line inside an open transaction. The commit is the session's, with or without the gate. The whole
/// server in this process, SQLite on disk, the extractive responder, one session at a time.
/// </summary>
internal static class GateShare
{
    private const int Sessions = 40;
    private const int Appends = 40;
    private const string Tenant = "gate-share";

    /// <summary>Figures by name; each round's is the median of its sessions.</summary>
    public static async Task<Dictionary<string, Figure>> MeasureAsync(BenchOptions options, int rounds, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("soma-bench-gate-").FullName;
        try
        {
            await using var app = await SomaServer.BuildAsync(new SomaOptions { DataDirectory = folder, Url = "http://127.0.0.1:0", Detect = false }, cancellationToken);
            await app.StartAsync(cancellationToken);
            using var decisions = new DecisionTimes();
            List<double> shares = [], gates = [], appends = [], sessions = [], counts = [];
            for (var round = -1; round < rounds; round++)
            {
                var append = await AppendAsync(app.Services, cancellationToken);
                List<double> share = [], gate = [], session = [], count = [];
                for (var i = 0; i < Sessions; i++)
                {
                    decisions.Reset();
                    var began = Stopwatch.GetTimestamp();
                    await SessionAsync(app.Services, $"Question {round} {i}: who may release the kill switch?", cancellationToken);
                    session.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
                    var (seconds, many) = decisions.Read();
                    gate.Add(seconds * 1e6);
                    count.Add(many);
                    share.Add((gate[^1] + many * append) / session[^1]);
                }
                // The first round compiles.
                if (round < 0) continue;
                foreach (var (all, one) in new[] { (shares, share), (gates, gate), (sessions, session), (counts, count) }) all.Add(Figure.Middle(one));
                appends.Add(append);
                options.Progress($"round {round + 1}: the gate takes {shares[^1]:P2} of a session of {sessions[^1] / 1000:0.0} ms ({counts[^1]:0} decisions {gates[^1]:0} µs, a line {append:0} µs)");
            }
            await app.StopAsync(cancellationToken);
            if (counts.Min() < 2) throw new InvalidOperationException("A session passed the gate less than twice, so this measures something else.");
            return new Dictionary<string, Figure>(StringComparer.Ordinal)
            {
                ["gate_share"] = Figure.Of(shares, "of a session's time"), ["gate_us"] = Figure.Of(gates, "µs for the decisions of a session"), ["gate_decisions"] = Figure.Of(counts, "decisions of a session"),
                ["gate_line_us"] = Figure.Of(appends, "µs to append a line"), ["session_us"] = Figure.Of(sessions, "µs for a session"),
            };
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task SessionAsync(IServiceProvider services, string prompt, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(Tenant, DeploymentMode.DeveloperLight);
        var request = new TurnRequest(null, prompt, PersonaStore.Starter, null, null, 8);
        var (_, turn, done) = await services.GetRequiredService<AwaitTurn>().BeginAsync(context, request, services.GetRequiredService<OpenTurn>(), cancellationToken);
        await done;
        var view = await services.GetRequiredService<SessionStore>().FindTurnAsync(Tenant, turn, cancellationToken);
        if (view?.Status != "completed") throw new InvalidOperationException($"The turn is {view?.Status}: {view?.Failure?.Detail}");
    }

    /// <summary>Microseconds, median; without begin and commit.</summary>
    private static async Task<double> AppendAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var (db, journal) = (services.GetRequiredService<Db>(), services.GetRequiredService<Journal>());
        var context = RequestContext.ForSystem(Tenant, DeploymentMode.DeveloperLight);
        var notice = new PolicyNotice("info", "A decision was made.", "session/x", "nobody", "bench", "session.start", "guide", 1);
        var times = new List<double>(Appends);
        for (var i = 0; i < Appends; i++)
            await db.WriteAsync(Tenant, async work =>
            {
                var began = Stopwatch.GetTimestamp();
                await journal.AppendAsync(work, context, PolicyEvents.Notify, notice, PolicyJson.Default.PolicyNotice);
                times.Add(Stopwatch.GetElapsedTime(began).TotalMicroseconds);
            }, cancellationToken);
        return Figure.Middle(times);
    }

    /// <summary>Listens to the histogram that the gate fills.</summary>
    private sealed class DecisionTimes : IDisposable
    {
        private readonly Lock _lock = new();
        private readonly MeterListener _listener = new();
        private double _seconds;
        private int _count;

        public DecisionTimes()
        {
            _listener.InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument.Name == "somastack_policy_duration_seconds") listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<double>((_, seconds, _, _) =>
            {
                lock (_lock) (_seconds, _count) = (_seconds + seconds, _count + 1);
            });
            _listener.Start();
        }

        public void Reset()
        {
            lock (_lock) (_seconds, _count) = (0, 0);
        }

        public (double Seconds, int Count) Read()
        {
            lock (_lock) return (_seconds, _count);
        }

        public void Dispose() => _listener.Dispose();
    }
}
