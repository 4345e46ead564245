namespace SomaStack.Operations.Notifications;

/// <summary>
/// When a delivery is tried again: the schedule that Standard Webhooks advises, each wait spread by a fifth either way so that what failed
/// together does not come back together. The far side's Retry-After is the least that is waited.
/// </summary>
internal static class RetrySchedule
{
    private const double Spread = 0.2;

    private static readonly TimeSpan[] Waits =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5), TimeSpan.FromHours(10),
        TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>Whoever asks for longer is asked again after this.</summary>
    public static readonly TimeSpan RetryAfterMax = TimeSpan.FromHours(24);

    /// <param name="attempt">The attempt that failed, from 1.</param>
    /// <param name="random">Uniform in [0, 1).</param>
    /// <returns>Null when that would be past <paramref name="giveUpAt"/>.</returns>
    public static DateTimeOffset? Next(long attempt, DateTimeOffset now, DateTimeOffset giveUpAt, TimeSpan? retryAfter, double random)
    {
        var wait = Waits[Math.Clamp(attempt, 1, Waits.Length) - 1] * (1 - Spread + 2 * Spread * random);
        if (retryAfter is { } asked)
        {
            var least = asked < RetryAfterMax ? asked : RetryAfterMax;
            if (least > wait) wait = least;
        }
        var next = now + wait;
        return next > giveUpAt ? null : next;
    }
}
