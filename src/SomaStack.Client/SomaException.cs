namespace SomaStack.Client;

/// <summary>A refusal of the server: <c>Code</c> is stable and listed in docs/errors.md, the message is its public sentence.</summary>
public sealed class SomaException(int status, string code, string detail, string? traceId, TimeSpan? retryAfter) : Exception(detail)
{
    /// <summary>HTTP status.</summary>
    public int Status { get; } = status;

    public string Code { get; } = code;

    public string? TraceId { get; } = traceId;

    /// <summary>How long to wait before trying again, when the server said so.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>What the caller can do, in one sentence; null when the answer came from elsewhere.</summary>
    public string? Remedy { get; init; }

    /// <summary>Which rules spoke; empty when none did.</summary>
    public IReadOnlyList<Reason> Reasons { get; init; } = [];

    /// <summary>Which fields were not acceptable; empty when none were named.</summary>
    public IReadOnlyList<FieldError> Errors { get; init; } = [];
}

public sealed record FieldError(string Field, string Message);
