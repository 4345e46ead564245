using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using HdrHistogram;

namespace SomaStack.Bench;

/// <summary>What one way showed in one round; milliseconds, requests per second, microseconds for each piece of a stream (null when it streams nothing here).</summary>
internal sealed record GatewayTurn(double P50, double P99, double InstantP50, double InstantP99, double ClosedP50, double Rps, double? CpuMicros, double? PieceMicros);

/// <summary>One address under load. Every answer is read to its end and must be 200 and whole.</summary>
internal sealed class GatewayWay : IDisposable
{
    public const int Callers = 8;

    private const int RatePerSecond = 100;
    private const int SecondsPerTurn = 3;
    private const int ClosedLoop = 600;
    private const int Streams = 6;

    private static readonly byte[] Thinking = Request(GatewayServers.Thinking, "");
    private static readonly byte[] Instant = Request(GatewayServers.Instant, "");
    private static readonly byte[] Stream = Request(GatewayServers.Instant, "\"stream\":true,");

    private readonly HttpClient _client;

    public GatewayWay(string name, string url, string token, params (string Name, string Value)[] headers)
    {
        Name = name;
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.FromMinutes(60) }) { BaseAddress = new Uri(url) };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        foreach (var (header, value) in headers) _client.DefaultRequestHeaders.Add(header, value);
    }

    public string Name { get; }

    /// <summary>Portkey 1.15.2 answers every stream with 500 on Node 20 (it changes headers that are immutable there).</summary>
    public bool Streaming { get; init; } = true;

    /// <summary>The process behind the address, when it is one of its own.</summary>
    public int? ProcessId { get; init; }

    public async Task<GatewayTurn> TurnAsync(CancellationToken cancellationToken)
    {
        var thinking = await OpenAsync(Thinking, cancellationToken);
        var instant = await OpenAsync(Instant, cancellationToken);
        var (one, _) = await ClosedAsync(1, ClosedLoop, cancellationToken);
        var before = ProcessorTime();
        var (_, rps) = await ClosedAsync(Callers, ClosedLoop * 4, cancellationToken);
        var cpu = (ProcessorTime() - before)?.TotalMicroseconds / (ClosedLoop * 4);
        double? micros = Streaming ? await StreamsAsync(Streams, cancellationToken) : null;
        return new GatewayTurn(Milliseconds(thinking, 50), Milliseconds(thinking, 99), Milliseconds(instant, 50), Milliseconds(instant, 99), Milliseconds(one, 50), rps, cpu, micros);
    }

    /// <summary>Each caller asks again as soon as it is answered; the upstream answers at once.</summary>
    public async Task<(LongHistogram Latency, double Rps)> ClosedAsync(int callers, int count, CancellationToken cancellationToken)
    {
        var histogram = New();
        var left = count;
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0) await TimedAsync(histogram, Instant, cancellationToken);
        }));
        return (histogram, count / Stopwatch.GetElapsedTime(begun).TotalSeconds);
    }

    /// <summary>Sends at a fixed rate whether or not earlier answers have come, for as long as is asked; at most 256 calls are under way.</summary>
    /// <param name="each">Called about once a second.</param>
    /// <returns>Whole answers a second: less than was asked for when the server could not keep up.</returns>
    /// <exception cref="InvalidOperationException">A call failed; the first failure ends it.</exception>
    public async Task<double> SustainAsync(double ratePerSecond, TimeSpan time, Action<TimeSpan> each, CancellationToken cancellationToken)
    {
        var begun = Stopwatch.GetTimestamp();
        var (sent, answered, second) = (0L, 0L, 0L);
        Exception? failure = null;
        using var underWay = new SemaphoreSlim(256);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (await timer.WaitForNextTickAsync(cancellationToken) && Stopwatch.GetElapsedTime(begun) is var elapsed && elapsed < time && Volatile.Read(ref failure) is null)
        {
            for (var due = (long)(elapsed.TotalSeconds * ratePerSecond); sent < due; sent++)
            {
                await underWay.WaitAsync(cancellationToken);
                _ = ReleasingAsync();
            }
            if ((long)elapsed.TotalSeconds == second) continue;
            second = (long)elapsed.TotalSeconds;
            each(elapsed);
        }
        for (var i = 0; i < 256; i++) await underWay.WaitAsync(cancellationToken);
        if (failure is not null) throw new InvalidOperationException($"After {answered} answers a call failed.", failure);
        return answered / Stopwatch.GetElapsedTime(begun).TotalSeconds;

        async Task ReleasingAsync()
        {
            try
            {
                await CallAsync(Instant, cancellationToken);
                Interlocked.Increment(ref answered);
            }
            catch (Exception exception)
            {
                Interlocked.CompareExchange(ref failure, exception, null);
            }
            finally
            {
                underWay.Release();
            }
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Sends at a fixed rate whether or not earlier answers have come, so that a stall delays what follows it and is not hidden.</summary>
    private async Task<LongHistogram> OpenAsync(byte[] body, CancellationToken cancellationToken)
    {
        var histogram = New();
        var calls = new List<Task>();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1000.0 / RatePerSecond));
        for (var i = 0; i < RatePerSecond * SecondsPerTurn; i++)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            calls.Add(TimedAsync(histogram, body, cancellationToken));
        }
        await Task.WhenAll(calls);
        return histogram;
    }

    /// <summary>One stream after the other, as fast as the upstream gives its pieces.</summary>
    /// <returns>Microseconds for each piece, of the fastest half.</returns>
    private async Task<double> StreamsAsync(int count, CancellationToken cancellationToken)
    {
        var times = new double[count];
        for (var i = 0; i < count; i++)
        {
            var start = Stopwatch.GetTimestamp();
            using var content = Content(Stream);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = content };
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / GatewayServers.Pieces;
            if (response.StatusCode != HttpStatusCode.OK || body.AsSpan().Count("\" word\""u8) != GatewayServers.Pieces || body.AsSpan().IndexOf("[DONE]"u8) < 0)
                throw new InvalidOperationException($"{Name} answered {(int)response.StatusCode} with a stream that is not whole: {Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(500, body.Length)))}");
        }
        return Figure.Middle(times.Order().Take((count + 1) / 2));
    }

    private TimeSpan? ProcessorTime()
    {
        if (ProcessId is not { } id) return null;
        using var process = Process.GetProcessById(id);
        return process.TotalProcessorTime;
    }

    private async Task TimedAsync(LongHistogram histogram, byte[] body, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        await CallAsync(body, cancellationToken);
        var ticks = Math.Max(1, Stopwatch.GetElapsedTime(start).Ticks);
        lock (histogram) histogram.RecordValue(Math.Min(ticks, TimeSpan.TicksPerMinute));
    }

    private async Task CallAsync(byte[] request, CancellationToken cancellationToken)
    {
        using var content = Content(request);
        using var response = await _client.PostAsync("/v1/chat/completions", content, cancellationToken);
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        // Portkey writes the JSON anew, so only its content is compared.
        if (response.StatusCode != HttpStatusCode.OK || body.AsSpan().IndexOf("twelve million in its region."u8) < 0)
            throw new InvalidOperationException($"{Name} answered {(int)response.StatusCode}: {Encoding.UTF8.GetString(body)}");
    }

    private static ByteArrayContent Content(byte[] body) => new(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };

    private static byte[] Request(string model, string more) => Encoding.UTF8.GetBytes($$"""
        {"model":"{{model}}",{{more}}"messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"What is the capital of France?"}],"temperature":0.2,"max_completion_tokens":64}
        """);

    private static LongHistogram New() => new(1, TimeSpan.TicksPerMinute, 3);

    private static double Milliseconds(LongHistogram histogram, double percentile) => histogram.GetValueAtPercentile(percentile) / (double)TimeSpan.TicksPerMillisecond;
}
