using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Intelligence.Memory;

/// <summary>Where memories live: in this process, or in another one that is called.</summary>
internal interface IBrain
{
    /// <summary>in_process, reachable or unreachable.</summary>
    string State { get; }

    /// <summary>How many keys may be tried at once now: 0 while it is known to be away, 1 to find out whether it is back.</summary>
    int Room { get; }

    /// <summary>Applies a buffered write as its principal, with what that principal may do now.</summary>
    /// <exception cref="BrainUnreachableException">Nothing is known of the outcome.</exception>
    Task<BrainAnswer> ApplyAsync(BufferedItem item, CancellationToken cancellationToken);
}

/// <param name="Code">Of the problem, when it was refused.</param>
internal sealed record BrainAnswer(int Status, string? Code = null, string? Detail = null, TimeSpan? RetryAfter = null)
{
    public Outcome Outcome => Status switch
    {
        >= 200 and < 300 => Outcome.Applied,
        408 or 425 or 429 or 502 or 503 or 504 => Outcome.Later,
        409 when Code is "idempotency_running" => Outcome.Later,
        409 when Code is "conflict" => Outcome.Failed,
        501 => Outcome.Refused,
        >= 500 => Outcome.Failed,
        _ => Outcome.Refused,
    };

    public string Reason => Code is null ? $"status {Status}" : $"{Code}: {Detail}";
}

internal enum Outcome
{
    Applied,

    /// <summary>Not its fault: try again, as often as it takes.</summary>
    Later,

    /// <summary>Try again, but not for ever.</summary>
    Failed,

    /// <summary>Trying again would be refused again.</summary>
    Refused,
}

/// <param name="sent">False when nothing left this process: then the brain cannot have done anything.</param>
internal sealed class BrainUnreachableException(string message, bool sent, Exception? cause = null) : Exception(message, cause)
{
    public bool Sent => sent;
}
