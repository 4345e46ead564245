using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>Looks at the buffers once a second for gauges and readiness, counts what this process replays, and forgets what is long applied.</summary>
internal sealed partial class BufferMonitor(Buffers buffers, IBrain brain, TimeProvider clock, ILogger<BufferMonitor> log) : BackgroundService, IReadiness
{
    private const int Seconds = 60;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Purge = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly long[] _counts = new long[Seconds];
    private readonly long[] _second = new long[Seconds];
    private long _purgedAt;
    private volatile Seen? _seen;

    private sealed record Seen(BufferTotals Totals, DateTimeOffset At);

    public string Name => "memory_buffer";

    public bool IsRequired => false;

    /// <summary>Items a second that this process applied, over the last minute.</summary>
    public double ReplayRate
    {
        get
        {
            var now = clock.GetUtcNow().ToUnixTimeSeconds();
            long sum = 0;
            lock (_gate)
                for (var i = 0; i < Seconds; i++)
                    if (now - _second[i] < Seconds) sum += _counts[i];
            return (double)sum / Seconds;
        }
    }

    public void Replayed(int items)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        lock (_gate)
        {
            var slot = now % Seconds;
            if (_second[slot] != now) (_second[slot], _counts[slot]) = (now, 0);
            _counts[slot] += items;
        }
        GatewayMetrics.Replayed.Add(items);
    }

    public async Task LookAsync(CancellationToken cancellationToken)
    {
        _seen = new Seen(await buffers.TotalsAsync(null, cancellationToken), clock.GetUtcNow());
        GatewayMetrics.Show(_seen.Totals, Age(_seen), ReplayRate, brain as RemoteBrain);
    }

    public ValueTask<Readiness> CheckAsync(CancellationToken cancellationToken)
    {
        if (_seen is not { } seen) return ValueTask.FromResult(new Readiness(ReadinessState.Unknown, "Nobody has looked yet."));
        var detail = string.Create(System.Globalization.CultureInfo.InvariantCulture,
            $"{buffers.Front.Name}: brain {brain.State}, {seen.Totals.Dead} dead letters, oldest {Age(seen).TotalSeconds:F0} s, {ReplayRate:F2} replayed a second.");
        var isWell = brain.State != "unreachable" && seen.Totals.Dead == 0;
        return ValueTask.FromResult(new Readiness(isWell ? ReadinessState.Ok : ReadinessState.Degraded, detail, seen.Totals.Queued, "items"));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        GatewayMetrics.Replayed.Add(0);
        GatewayMetrics.Taken(0);
        using var timer = new PeriodicTimer(Look, clock);
        do
        {
            try
            {
                await LookAsync(stoppingToken);
                if (clock.GetElapsedTime(_purgedAt) < Purge && _purgedAt != 0) continue;
                _purgedAt = clock.GetTimestamp();
                foreach (var buffer in buffers.All) await buffer.PurgeAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                // The gauges keep what was last seen; the readiness probe of the database speaks for itself.
                NotSeen(exception);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private static TimeSpan Age(Seen seen) => seen.Totals.Oldest is { } oldest && oldest < seen.At ? seen.At - oldest : TimeSpan.Zero;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The memory buffer could not be looked at.")]
    private partial void NotSeen(Exception exception);
}
