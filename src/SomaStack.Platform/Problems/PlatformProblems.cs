namespace SomaStack.Platform;

/// <summary>Refusals that any route may give. Rooms add their own beside their use cases.</summary>
public static class PlatformProblems
{
    public static readonly ProblemCode MalformedRequest = new("malformed_request", ProblemKind.Malformed, "The request could not be read", "Send valid JSON with the content type application/json.");
    public static readonly ProblemCode Unauthenticated = new("unauthenticated", ProblemKind.Unauthenticated, "Authentication is needed", "Send 'Authorization: Bearer' with an access token or an API key.");
    public static readonly ProblemCode MissingCapability = new("capability_missing", ProblemKind.Forbidden, "A capability is missing", "Ask a tenant administrator for the named capability.");
    public static readonly ProblemCode StepUpRequired = new("step_up_required", ProblemKind.Forbidden, "A fresh second factor is needed", "POST /v1/auth/step-up with a code and repeat the request with the token that it gives; POST /v1/auth/mfa/enroll takes a second factor on.");
    public static readonly ProblemCode NotFound = new("not_found", ProblemKind.NotFound, "There is no such thing here", "Check the id; ids of other tenants look the same as unknown ones.");
    public static readonly ProblemCode MethodNotAllowed = new("method_not_allowed", ProblemKind.MethodNotAllowed, "The route does not take this method", "See the Allow header or /docs.");
    public static readonly ProblemCode Conflict = new("conflict", ProblemKind.Conflict, "The state has changed meanwhile", "Read the current state and try again.");
    public static readonly ProblemCode VersionMismatch = new("version_mismatch", ProblemKind.PreconditionFailed, "The version is not the current one", "Read the resource again and send its ETag in If-Match.");
    public static readonly ProblemCode PreconditionRequired = new("precondition_required", ProblemKind.PreconditionRequired, "If-Match is needed", "Send the ETag that you read in If-Match.");
    public static readonly ProblemCode TooLarge = new("too_large", ProblemKind.TooLarge, "The request is too large", "Send less at once; the limit is in the detail.");
    public static readonly ProblemCode UnsupportedMedia = new("unsupported_media_type", ProblemKind.Unsupported, "The content type is not understood", "Send application/json.");
    public static readonly ProblemCode InvalidRequest = new("invalid_request", ProblemKind.Invalid, "A field is not acceptable", "Correct the named fields.");
    public static readonly ProblemCode UnknownField = new("unknown_field", ProblemKind.Invalid, "A field is not known", "Remove the named field or leave strict mode.");
    public static readonly ProblemCode UnknownCapability = new("capability_unknown", ProblemKind.Invalid, "A capability is not published", "Use names from GET /v1/capabilities.");
    public static readonly ProblemCode Busy = new("busy", ProblemKind.Busy, "Too much at once", "Wait for the seconds in Retry-After, then try again.");
    public static readonly ProblemCode RateLimited = new("rate_limited", ProblemKind.Busy, "A rate limit is reached", "Wait for the seconds in Retry-After, or ask for a higher limit.");
    public static readonly ProblemCode CountersUnavailable = new("counters_unavailable", ProblemKind.Unavailable, "The shared counters do not answer", "Try again in a moment; the operator looks after the Redis that SOMA_REDIS names. Nothing passes uncounted.");
    public static readonly ProblemCode Internal = new("internal_error", ProblemKind.Internal, "Something went wrong on our side", "Report the trace_id to the operator.");
    public static readonly ProblemCode NotBuilt = new("not_built", ProblemKind.NotBuilt, "This is not built yet", "See the documentation for what is there.");
    public static readonly ProblemCode Unavailable = new("unavailable", ProblemKind.Unavailable, "A needed part is not available", "Try again later; /readyz?verbose names the part.");
    public static readonly ProblemCode Timeout = new("deadline_exceeded", ProblemKind.Timeout, "The request took too long", "Ask for less, or try again later.");

    public static readonly ProblemCode AddressRefused = new("address_refused", ProblemKind.Forbidden, "An outside address is not allowed", "Use a public http or https address, or ask the operator to allow the origin.");
    public static readonly ProblemCode AnswerTooLarge = new("upstream_too_large", ProblemKind.Upstream, "An outside server answered too much", "Ask for less, or call another server.");

    public static readonly IReadOnlyList<ProblemCode> All =
    [
        MalformedRequest, Unauthenticated, MissingCapability, StepUpRequired, NotFound, MethodNotAllowed, Conflict, VersionMismatch, PreconditionRequired,
        TooLarge, UnsupportedMedia, InvalidRequest, UnknownField, UnknownCapability, Busy, RateLimited, CountersUnavailable, Internal, NotBuilt, Unavailable, Timeout,
        AddressRefused, AnswerTooLarge,
    ];
}
