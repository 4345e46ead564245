namespace SomaStack.Intelligence.Inference;

/// <summary>
/// How long a request waits before its next attempt: exponential with full jitter, uniform in [0, min(cap, base · 2^(attempt−1))], so
/// that requests that failed together do not come back together (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture
/// Blog, 2015). A provider's Retry-After is the least it waits.
/// </summary>
internal static class Backoff
{
    private static readonly TimeSpan Base = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Cap = TimeSpan.FromMinutes(1);

    /// <summary>A provider that asks for longer is asked again after this.</summary>
    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromMinutes(10);

    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="random">Uniform in [0, 1).</param>
    public static TimeSpan After(long attempt, double random, TimeSpan? retryAfter)
    {
        var full = Math.Min(Base.TotalSeconds * Math.Pow(2, attempt - 1), Cap.TotalSeconds);
        var wait = TimeSpan.FromSeconds(full * random);
        if (retryAfter is not { } asked) return wait;
        var least = asked < RetryAfterMax ? asked : RetryAfterMax;
        return wait > least ? wait : least;
    }
}
