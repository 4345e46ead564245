using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

internal enum NextStep
{
    /// <summary>The request itself is at fault, or no provider is.</summary>
    Stop,

    /// <summary>This model will fail again now; another may not.</summary>
    OtherModel,

    /// <summary>Another try may succeed.</summary>
    SameModel,
}

/// <summary>What follows from a failure before the first byte. Pure.</summary>
internal static class FailureRules
{
    /// <summary>A longer Retry-After is not waited for.</summary>
    public static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan BackOffBase = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan BackOffMax = TimeSpan.FromSeconds(2);

    /// <param name="status">Of the provider; null when it gave none, or a good one before it failed.</param>
    public static NextStep After(Problem problem, int? status)
    {
        var step = status switch
        {
            401 or 403 or 404 => NextStep.OtherModel,
            408 or 409 or 429 or >= 500 => NextStep.SameModel,
            >= 400 => NextStep.Stop,
            _ when problem.Code == InferenceProblems.Unavailable || problem.Code == InferenceProblems.Timeout || problem.Code == InferenceProblems.Garbled
                || problem.Code == InferenceProblems.RateLimited => NextStep.SameModel,
            _ when problem.Code == InferenceProblems.Unauthorized || problem.Code == PlatformProblems.AddressRefused || problem.Code == PlatformProblems.AnswerTooLarge => NextStep.OtherModel,
            _ => NextStep.Stop,
        };
        return step == NextStep.SameModel && problem.RetryAfter > RetryAfterMax ? NextStep.OtherModel : step;
    }

    /// <summary>Whether it counts against the model's health. A limit on the rate or a refused key does not.</summary>
    public static bool Blames(Problem problem) =>
        problem.Code == InferenceProblems.Unavailable || problem.Code == InferenceProblems.Timeout || problem.Code == InferenceProblems.Garbled;

    /// <summary>
    /// Full jitter: uniform between zero and the doubling bound (M. Brooker, "Exponential Backoff And Jitter", 2015), or what the
    /// provider asks for when that is longer.
    /// </summary>
    /// <param name="chance">0 to 1.</param>
    public static TimeSpan BackOff(int retry, TimeSpan? retryAfter, double chance)
    {
        var bound = Math.Min(BackOffMax.TotalMilliseconds, BackOffBase.TotalMilliseconds * Math.Pow(2, retry));
        var wait = TimeSpan.FromMilliseconds(bound * chance);
        return retryAfter is { } asked && asked > wait ? asked : wait;
    }
}
