using System.Collections.Concurrent;

namespace SomaStack.Platform;

/// <summary>Port: counts what happens per key in a sliding window. In process here; shared through Redis or the database past one machine.</summary>
public interface ICounters
{
    /// <summary>Counts one when the limit allows it. A refusal counts nothing.</summary>
    /// <param name="key">Starts with the tenant.</param>
    ValueTask<CounterAnswer> AddAsync(string key, long limit, TimeSpan window, CancellationToken cancellationToken);
}

/// <summary>Counters of this process; a key that is idle for two windows is forgotten.</summary>
public sealed class ProcessCounters(TimeProvider clock) : ICounters
{
    private const int KeysMax = 100_000;
    private readonly ConcurrentDictionary<string, Cell> _cells = new(StringComparer.Ordinal);

    public ValueTask<CounterAnswer> AddAsync(string key, long limit, TimeSpan window, CancellationToken cancellationToken)
    {
        if (_cells.Count > KeysMax) Forget();
        var cell = _cells.GetOrAdd(key, static _ => new Cell());
        var micros = (long)window.TotalMicroseconds;
        lock (cell)
        {
            cell.IdleAtMicros = clock.NowMicros() + 2 * micros;
            (cell.State, var answer) = SlidingWindow.Add(cell.State, clock.NowMicros(), limit, micros);
            return ValueTask.FromResult(answer);
        }
    }

    private void Forget()
    {
        var now = clock.NowMicros();
        foreach (var (key, cell) in _cells)
            if (cell.IdleAtMicros < now) _cells.TryRemove(key, out _);
    }

    private sealed class Cell
    {
        public CounterState State;
        public long IdleAtMicros;
    }
}
