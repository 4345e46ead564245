using System.Globalization;

namespace SomaStack.Client;

/// <summary>
/// Whether and when a call is repeated, pure. The wait is drawn evenly from 0 to a bound that doubles ("full jitter": Brooker, Exponential
/// Backoff and Jitter, AWS 2015); what <c>Retry-After</c> says comes before it. clients/scenario/retry.json holds the cases that all clients share.
/// </summary>
internal static class RetryRule
{
    /// <summary>Refusals that last until a person acts, though their status is one that usually passes.</summary>
    private static readonly string[] Lasting = ["kill_switch_engaged", "constitution_missing", "constitution_unverified", "budget_exhausted"];

    /// <param name="Status">Null when there was no answer.</param>
    public readonly record struct Outcome(int? Status, string? Code, TimeSpan? RetryAfter);

    /// <param name="attempt">How many attempts were made, from 1.</param>
    /// <returns>How long to wait before the next attempt; null when there is none.</returns>
    public static TimeSpan? Next(SomaClientOptions options, int attempt, Outcome outcome, TimeSpan elapsed)
    {
        if (attempt >= options.MaxAttempts || !Passes(outcome)) return null;
        // Beyond 2^20 the bound has long been reached.
        var bound = Math.Min(options.MaxDelay.TotalSeconds, options.BaseDelay.TotalSeconds * (1 << Math.Min(attempt - 1, 20)));
        var wait = (outcome.RetryAfter ?? TimeSpan.Zero) + TimeSpan.FromSeconds(options.Random() * bound);
        return elapsed + wait < options.Deadline ? wait : null;
    }

    /// <param name="value">Seconds or an HTTP date.</param>
    public static TimeSpan? RetryAfter(string? value, DateTimeOffset now)
    {
        if (value is null) return null;
        if (long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)) return TimeSpan.FromSeconds(Math.Min(seconds, 86_400));
        if (!DateTimeOffset.TryParseExact(value, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at)) return null;
        return at > now ? at - now : TimeSpan.Zero;
    }

    private static bool Passes(Outcome outcome) => outcome.Status switch
    {
        null => true,
        409 => outcome.Code == "idempotency_running",
        408 or 429 or 502 or 503 or 504 => !Lasting.Contains(outcome.Code),
        _ => false,
    };
}
