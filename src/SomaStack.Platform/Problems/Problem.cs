namespace SomaStack.Platform;

/// <summary>What went wrong, in the few kinds that a caller can act on; each is one HTTP status.</summary>
public enum ProblemKind
{
    Malformed = 400,
    Unauthenticated = 401,
    Forbidden = 403,
    NotFound = 404,
    MethodNotAllowed = 405,
    Slow = 408,
    Conflict = 409,
    PreconditionFailed = 412,
    TooLarge = 413,
    AddressTooLong = 414,
    Unsupported = 415,
    Invalid = 422,
    Locked = 423,
    PreconditionRequired = 428,
    Busy = 429,
    HeadersTooLarge = 431,
    Internal = 500,
    NotBuilt = 501,
    Upstream = 502,
    Unavailable = 503,
    Timeout = 504,
}

/// <summary>A stable, documented refusal: <c>docs/errors.md</c> is generated from these.</summary>
/// <param name="Code">snake_case, never renamed once published.</param>
/// <param name="Remedy">One sentence that says what the caller can do.</param>
public sealed record ProblemCode(string Code, ProblemKind Kind, string Title, string Remedy)
{
    public Problem Because(string detail, Exception? cause = null) => new(this, detail, cause);
}

public sealed record FieldError(string Field, string Message);

/// <summary>Why something was refused; the code is stable, rule and version say which rule spoke.</summary>
public sealed record Reason(string Code, string Message, string? Rule = null, long? Version = null, string? Remedy = null);

/// <summary>
/// The one exception that carries a refusal to the edge, where one handler turns it into RFC 9457 problem details.
/// <c>Detail</c> is public: it never contains secrets or another tenant's names. The private cause is the inner exception.
/// </summary>
public sealed class Problem(ProblemCode code, string detail, Exception? cause = null) : Exception(detail, cause)
{
    public ProblemCode Code { get; } = code;

    public string Detail => Message;

    public IReadOnlyList<Reason> Reasons { get; init; } = [];

    public IReadOnlyList<FieldError> Errors { get; init; } = [];

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Refuses with 422 <c>invalid_request</c>, naming the field.</summary>
    public static Problem Invalid(string field, string message) =>
        new(PlatformProblems.InvalidRequest, $"'{field}' {message}") { Errors = [new FieldError(field, message)] };
}
