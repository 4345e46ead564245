namespace SomaStack.Platform;

/// <summary>What a counter says to one request.</summary>
/// <param name="Remaining">Requests still allowed now.</param>
/// <param name="RetryAfter">Zero when allowed; else after this a request passes if nobody else takes its place.</param>
public readonly record struct CounterAnswer(bool IsAllowed, long Remaining, TimeSpan RetryAfter);

/// <summary>Two neighbouring windows of a counter: the one that <paramref name="Index"/> numbers and the one before it.</summary>
public readonly record struct CounterState(long Index, long Previous, long Current);

/// <summary>
/// The sliding-window counter: the previous window counts by the share of it that the sliding window still covers. It assumes that
/// the previous window's requests came evenly, so it is never off by more than that window's count; it needs two numbers a key.
/// </summary>
public static class SlidingWindow
{
    /// <param name="nowMicros">Time on any clock that does not run backwards.</param>
    /// <param name="limit">At least 1.</param>
    public static (CounterState State, CounterAnswer Answer) Add(CounterState state, long nowMicros, long limit, long windowMicros)
    {
        var index = nowMicros / windowMicros;
        state = (index - state.Index) switch
        {
            0 => state,
            1 => new CounterState(index, state.Current, 0),
            _ => new CounterState(index, 0, 0),
        };
        var elapsed = nowMicros % windowMicros;
        var used = state.Previous * (1 - (double)elapsed / windowMicros) + state.Current;
        var isAllowed = used + 1 <= limit;
        if (isAllowed) state = state with { Current = state.Current + 1 };
        return (state, Answer(isAllowed, state, nowMicros, limit, windowMicros));
    }

    /// <summary>What a caller hears once it is decided; shared counters decide in their store and keep the state there.</summary>
    /// <param name="state">After the request, which it counts when it was allowed; of this window, or of the next where another machine's clock is ahead.</param>
    public static CounterAnswer Answer(bool isAllowed, CounterState state, long nowMicros, long limit, long windowMicros)
    {
        var elapsed = state.Index > nowMicros / windowMicros ? 0 : nowMicros % windowMicros;
        if (!isAllowed) return new CounterAnswer(false, 0, Wait(state, elapsed, limit, windowMicros));
        var used = state.Previous * (1 - (double)elapsed / windowMicros) + state.Current;
        return new CounterAnswer(true, Math.Max(0, (long)Math.Floor(limit - used)), TimeSpan.Zero);
    }

    /// <summary>When the weighted count will have fallen to limit − 1.</summary>
    private static TimeSpan Wait(CounterState state, long elapsed, long limit, long windowMicros)
    {
        var micros = state.Current + 1 <= limit
            // Still in this window: Previous·(1 − e/w) ≤ limit − 1 − Current.
            ? windowMicros * (1 - (limit - 1 - state.Current) / (double)state.Previous) - elapsed
            // In the next one, where today's Current is the previous: Current·(1 − e/w) ≤ limit − 1.
            : windowMicros - elapsed + windowMicros * (1 - (limit - 1) / (double)state.Current);
        return TimeSpan.FromMicroseconds(Math.Ceiling(Math.Max(1, micros)));
    }
}
