namespace SomaStack.Intelligence.Inference;

/// <summary>
/// Holds retries to a fifth of the calls, so that retrying never becomes the load that keeps a provider down: each call earns
/// <see cref="PerCall"/>, each retry costs 1000 (thousandths of a retry). It starts with <see cref="Start"/> and saves at most
/// <see cref="Most"/>, so over any n calls at most n/5 + 20 retries are made. Safe for concurrent use.
/// </summary>
internal sealed class RetryBudget
{
    public const int PerCall = 200;
    public const int Start = 10_000;
    public const int Most = 20_000;

    private const int PerRetry = 1000;

    private int _thousandths = Start;

    public void Earn()
    {
        while (true)
        {
            var now = Volatile.Read(ref _thousandths);
            // Full, which it is while all is well: no write, no contention.
            if (now >= Most) return;
            if (Interlocked.CompareExchange(ref _thousandths, Math.Min(Most, now + PerCall), now) == now) return;
        }
    }

    public bool TrySpend()
    {
        while (true)
        {
            var now = Volatile.Read(ref _thousandths);
            if (now < PerRetry) return false;
            if (Interlocked.CompareExchange(ref _thousandths, now - PerRetry, now) == now) return true;
        }
    }
}
