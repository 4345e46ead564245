namespace SomaStack.Intelligence.Inference.Contracts;

/// <summary>Event types of work that is done later; the subject is <c>request/ID</c>. They hold digests and counts, never the words.</summary>
public static class RequestEvents
{
    /// <summary>On the topic <c>slm.requests</c>; wakes the workers.</summary>
    public const string Queued = "somastack.inference.request_queued.v1";

    public const string Started = "somastack.inference.request_started.v1";

    public const string Retried = "somastack.inference.request_retried.v1";

    public const string CancelAsked = "somastack.inference.request_cancel_asked.v1";

    /// <summary>On the topic <c>slm.responses</c>; the end, whatever it was.</summary>
    public const string Completed = "somastack.inference.request_completed.v1";

    /// <summary>The version of <see cref="RequestQueued"/> and <see cref="RequestCompleted"/>; a reader refuses one that it does not know.</summary>
    public const string Version = "v1";
}

/// <summary>There is work: new, or replayed after it had failed.</summary>
/// <param name="Mode">chat, infer_sync or embedding.</param>
/// <param name="Model">As asked for; null leaves it to the tenant's choice for the role.</param>
/// <param name="RequestSha256">Lower-hex digest of the payload.</param>
/// <param name="Attempts">Attempts that were made before: 0 unless it is a replay.</param>
/// <param name="AttemptsMax">The number of the attempt after which it is given up.</param>
public sealed record RequestQueued(
    string Version, string RequestId, string? SessionId, string Role, string Mode, string? Model, string RequestSha256, long Attempts, long AttemptsMax);

/// <param name="AfterLoss">The worker of the attempt before it ended without a word; what it had streamed is superseded.</param>
public sealed record RequestStarted(string RequestId, long Attempt, string Owner, bool AfterLoss);

/// <param name="Code">The code of the problem that ended the attempt.</param>
public sealed record RequestRetried(string RequestId, long Attempt, string Code, DateTimeOffset NextAttemptAt);

public sealed record RequestCancelAsked(string RequestId, string By);

/// <summary>The end of a request; its words are read with <c>GET /v1/requests/{id}</c>.</summary>
/// <param name="Status">succeeded, failed or cancelled.</param>
/// <param name="ResultSha256">Lower-hex digest of the result's text in UTF-8; null when there is none.</param>
/// <param name="ResultChars">UTF-16 code units of that text.</param>
/// <param name="CallId">The settled model call; null when there is none of its own.</param>
/// <param name="Code">Why it failed, or null.</param>
/// <param name="Dead">It was tried as often as it may be and waits for a replay.</param>
public sealed record RequestCompleted(
    string Version, string RequestId, string? SessionId, string Role, string Mode, string Status, long Attempt, string? ResultSha256, int? ResultChars,
    RequestMetrics? Metrics, string? CallId, string? Code, bool Dead);

/// <summary>Tokens are as the provider counted them; null is unknown.</summary>
public sealed record RequestMetrics(string Model, long? PromptTokens, long? CompletionTokens, long? TotalTokens);
