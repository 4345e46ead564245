namespace SomaStack.Intelligence.Inference.Contracts;

/// <summary>Event types that the room writes to the journal; the subject is <c>call/ID</c>. Upper rooms hear them.</summary>
public static class InferenceEvents
{
    public const string CallOpened = "somastack.inference.call_opened.v1";
    public const string CallSettled = "somastack.inference.call_settled.v1";
    public const string CallFailed = "somastack.inference.call_failed.v1";
    public const string CallCached = "somastack.inference.call_cached.v1";
    public const string CallLost = "somastack.inference.call_lost.v1";
}

/// <summary>A model is about to be called, with the gate's leave and the budget's reservation.</summary>
/// <param name="Purpose">chat, embeddings or infer.</param>
/// <param name="RequestSha256">Lower-hex digest of the request body.</param>
/// <param name="Decision">Digest of the gate's decision.</param>
/// <param name="RequestId">The caller's request, the same for all its attempts.</param>
/// <param name="Attempt">1 for the first.</param>
public sealed record CallOpened(
    string CallId, string Provider, string Model, string Purpose, bool Stream, string RequestSha256, string ConstitutionHash, long PolicyVersion,
    double Score, string Decision, long InputTokensMax, long OutputTokensMax, string? RequestId = null, int Attempt = 1);

/// <summary>The answer was complete, and this is what it cost: no line of the billing room repeats it. Tokens are as the provider counted them; null is unknown.</summary>
/// <param name="CostNanos">Null when price or usage is unknown.</param>
/// <param name="FirstByteMs">From our request to the first byte of the answer.</param>
/// <param name="OverheadMs">What this server added, without the waits for the provider and for the caller.</param>
/// <param name="Refused">Whether the answer refuses (docs/inference.md says how that is told); null when that cannot be told.</param>
/// <param name="Purpose">As in <see cref="CallOpened"/>.</param>
public sealed record CallSettled(
    string CallId, string Provider, string Model, long? InputTokens, long? OutputTokens, long? CachedInputTokens, long? ReasoningTokens,
    long? CostNanos, string Currency, double? FirstByteMs, double DurationMs, double OverheadMs, bool? Refused = null, string? Purpose = null, long? CacheWriteTokens = null);

/// <summary>The answer was not complete: refused, cut, or its reader left. What the provider counted until then is booked.</summary>
/// <param name="Code">The problem's code, <c>client_closed</c>, or <c>hedge_lost</c> when another attempt was faster.</param>
/// <param name="Estimated">The tokens that the provider did not count were estimated from what was sent and received.</param>
/// <param name="Chunks">Pieces of a stream that had come; null when nothing was streamed.</param>
public sealed record CallFailed(
    string CallId, string Provider, string Model, string Code, int? UpstreamStatus, int? Chunks, long? InputTokens, long? OutputTokens, long? CostNanos, string Currency,
    double? FirstByteMs, double DurationMs, string? RequestId = null, int Attempt = 1, bool Estimated = false, string? Purpose = null,
    long? CachedInputTokens = null, long? ReasoningTokens = null, long? CacheWriteTokens = null);

/// <summary>Answered from memory with the answer to an equal request of the same principal: no provider was asked, nothing is charged.</summary>
/// <param name="SavedInputTokens">What the provider counted when it gave that answer; null is unknown.</param>
public sealed record CallCached(
    string CallId, string Provider, string Model, string Purpose, bool Stream, string RequestSha256, string ConstitutionHash, long PolicyVersion,
    double Score, string Decision, long? SavedInputTokens, long? SavedOutputTokens, long CostNanos, string Currency, string? RequestId);

/// <summary>The process that made the call ended before it could say how it went. Usage and cost are unknown.</summary>
public sealed record CallLost(string CallId, string Provider, string Model, DateTimeOffset OpenedAt, long? InputTokens, long? OutputTokens, long? CostNanos);
