using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>Bounds how often something can be tried, over all replicas.</summary>
internal sealed class Attempted(ICounters counters)
{
    /// <param name="key">Without the tenant.</param>
    /// <exception cref="Problem">429 with the time to wait.</exception>
    public async Task CountAsync(string tenant, string key, long limit, TimeSpan window, CancellationToken cancellationToken)
    {
        var answer = await counters.AddAsync($"{tenant}/notifications/{key}", limit, window, cancellationToken);
        if (!answer.IsAllowed) throw new Problem(PlatformProblems.RateLimited, $"This may be tried {limit} times in {window.TotalMinutes:0} minutes.") { RetryAfter = answer.RetryAfter };
    }
}
