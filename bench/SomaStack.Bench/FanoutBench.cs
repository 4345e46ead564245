using System.Text.Json;

namespace SomaStack.Bench;

/// <summary>
/// <c>fanout</c>: many WebSockets of one server are told the same, and then one of them alone, by a server in a process of its own with the
/// clients in this one; then Socket.IO tells as many of the same clients a message of the same size.
/// </summary>
public static class FanoutBench
{
    private const int Connections = 10_000;
    private const int Openers = 64;
    private const int Singles = 300;

    /// <summary>Of the body; with the rest a frame has about 700 bytes.</summary>
    private const int BodyLength = 200;

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(5);

    public static readonly Benchmark Benchmark = new(
        "fanout", "One notification to 10 000 WebSockets of one server, memory of a connection, one person told alone; beside Socket.IO (npm is needed).", RunAsync);

    private sealed record Measured(List<double> P99, List<double> Last, double Bytes, List<double> Alone, string Text);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var (rounds, connections) = (options.Rounds ?? 10, options.Connections ?? Connections);
        var folder = Path.Combine(Path.GetTempPath(), "soma-bench-" + Guid.CreateVersion7().ToString("N"));
        try
        {
            Measured ours;
            await using (var soma = await FanoutSoma.StartAsync(options, folder, connections, cancellationToken))
                ours = await MeasureAsync("soma", soma, new string('x', BodyLength), rounds, connections, options, clients => AloneAsync(soma, cancellationToken), cancellationToken);
            Measured theirs;
            await using (var socketIo = await FanoutSocketIo.StartAsync(options, cancellationToken))
                theirs = await MeasureAsync("socket.io", socketIo, FanoutSoma.DataOf(ours.Text).GetRawText(), rounds, connections, options, static _ => Task.FromResult(new List<double>()), cancellationToken);
            var figures = new Dictionary<string, Figure>
            {
                ["p99_ms"] = Figure.Of(ours.P99, "ms"), ["last_ms"] = Figure.Of(ours.Last, "ms"), ["socketio_p99_ms"] = Figure.Of(theirs.P99, "ms"), ["socketio_last_ms"] = Figure.Of(theirs.Last, "ms"),
                ["bytes_per_connection"] = Figure.Of([ours.Bytes], "bytes"), ["socketio_bytes_per_connection"] = Figure.Of([theirs.Bytes], "bytes"),
                ["commit_to_frame_p50_ms"] = Figure.Of([Quantile(ours.Alone, 0.5)], "ms"), ["commit_to_frame_p99_ms"] = Figure.Of([Quantile(ours.Alone, 0.99)], "ms"),
            };
            var result = BenchResult.Of("fanout", figures, new Dictionary<string, double>
            {
                ["vs_socketio_p99"] = Math.Round(figures["p99_ms"].Median / figures["socketio_p99_ms"].Median, 3),
                ["vs_socketio_bytes"] = Math.Round(ours.Bytes / theirs.Bytes, 3),
            }, rounds);
            result.Facts["connections"] = JsonSerializer.SerializeToElement(connections, BenchJson.Default.Int32);
            result.Facts["frame_bytes"] = JsonSerializer.SerializeToElement(ours.Text.Length, BenchJson.Default.Int32);
            result.Facts["socketio_frame_bytes"] = JsonSerializer.SerializeToElement(theirs.Text.Length, BenchJson.Default.Int32);
            return result;
        }
        finally
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Measured> MeasureAsync(
        string name, IFanoutServer server, string body, int rounds, int connections, BenchOptions options, Func<Clients, Task<List<double>>> alone, CancellationToken cancellationToken)
    {
        using var clients = new Clients(server);
        // A first few, so that what is compiled and allocated once counts to nobody.
        await clients.OpenAsync(Math.Min(200, connections), cancellationToken);
        for (var i = 0; i < 20; i++) await clients.RoundAsync(body, cancellationToken);
        await Task.Delay(Rest, cancellationToken);
        var (few, before) = (clients.Count, StartBenchmark.ResidentBytes(server.ProcessId));
        await clients.OpenAsync(connections - few, cancellationToken);
        await Task.Delay(Rest, cancellationToken);
        var idle = (StartBenchmark.ResidentBytes(server.ProcessId) - before) / (connections - few);
        var (p99, last, text) = (new List<double>(), new List<double>(), "");
        for (var round = 1; round <= rounds; round++)
        {
            (text, var took) = await clients.RoundAsync(body, cancellationToken);
            p99.Add(Quantile(took, 0.99));
            last.Add(took[^1]);
            options.Progress($"{name} round {round}/{rounds}: p50 {Quantile(took, 0.5):0} ms, p99 {p99[^1]:0} ms, last {last[^1]:0} ms");
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
        }
        var singles = await alone(clients);
        await Task.Delay(Rest, cancellationToken);
        // After the rounds, so that what fan-out itself needs is in it.
        var bytes = (StartBenchmark.ResidentBytes(server.ProcessId) - before) / (connections - few);
        options.Progress($"{name}: {idle:0} bytes a connection when just connected, {bytes:0} after the rounds; {before / 1e6:0} MB with {few} connections");
        return new Measured(p99, last, bytes, singles, text);
    }

    /// <summary>One person told alone, while all others are connected.</summary>
    private static async Task<List<double>> AloneAsync(FanoutSoma server, CancellationToken cancellationToken)
    {
        var ready = new FanoutRound(1);
        var round = new FanoutRound(1);
        using var socket = new FanoutBenchSocket(0, (client, text, at) =>
        {
            if (server.IsReady(client, text)) ready.Heard(0, text, at);
            else if (server.IsPublished(client, text)) Volatile.Read(ref round).Heard(0, text, at);
        });
        var ended = await socket.OpenAsync(server.Address, server.Path, $"Authorization: Bearer {server.SingleToken}\r\n", cancellationToken);
        await ready.AllAsync(cancellationToken);
        var took = new List<double>();
        for (var i = 0; i < Singles + 20; i++)
        {
            Volatile.Write(ref round, new FanoutRound(1));
            await server.PublishToSingleAsync(new string('x', BodyLength), cancellationToken);
            var (text, at) = await round.AllAsync(cancellationToken);
            if (i >= 20) took.Add(at[0] - server.SentAt(text));
            await Task.Delay(TimeSpan.FromMilliseconds(10), cancellationToken);
        }
        socket.Dispose();
        await ended;
        took.Sort();
        return took;
    }

    /// <param name="sorted">Ascending.</param>
    private static double Quantile(List<double> sorted, double q) => sorted[Math.Min(sorted.Count - 1, (int)Math.Ceiling(sorted.Count * q) - 1)];

    private sealed class Clients(IFanoutServer server) : IDisposable
    {
        private readonly List<FanoutBenchSocket> _sockets = [];
        private FanoutRound _round = new(0);
        private int _ready;

        public int Count => _sockets.Count;

        public async Task OpenAsync(int more, CancellationToken cancellationToken)
        {
            var first = _sockets.Count;
            for (var i = 0; i < more; i++) _sockets.Add(new FanoutBenchSocket(first + i, Heard));
            await Parallel.ForEachAsync(_sockets.Skip(first), new ParallelOptions { MaxDegreeOfParallelism = Openers, CancellationToken = cancellationToken },
                async (socket, token) => _ = await socket.OpenAsync(server.Address, server.Path, server.HeadersOf(socket.Index), cancellationToken));
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(TimeSpan.FromMinutes(2));
            while (Volatile.Read(ref _ready) < _sockets.Count) await timer.WaitForNextTickAsync(deadline.Token);
        }

        /// <returns>A text that was heard, and how long each took, ascending, in milliseconds.</returns>
        public async Task<(string Text, List<double> Took)> RoundAsync(string body, CancellationToken cancellationToken)
        {
            var round = new FanoutRound(_sockets.Count);
            Volatile.Write(ref _round, round);
            await server.PublishAsync(body, cancellationToken);
            var (text, at) = await round.AllAsync(cancellationToken);
            var sent = server.SentAt(text);
            List<double> took = [.. at.Select(one => one - sent).Order()];
            return (text, took);
        }

        public void Dispose()
        {
            foreach (var socket in _sockets) socket.Dispose();
        }

        private void Heard(FanoutBenchSocket socket, ReadOnlySpan<byte> text, double at)
        {
            if (server.IsPublished(socket, text)) Volatile.Read(ref _round).Heard(socket.Index, text, at);
            else if (server.IsReady(socket, text)) Interlocked.Increment(ref _ready);
        }
    }
}
