using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>Refusals that only the edge gives.</summary>
internal static class EdgeProblems
{
    public static readonly ProblemCode AccessUndeclared = new("access_undeclared", ProblemKind.Forbidden, "The route is closed", "Report this: the route declares no capability, so nobody may call it.");
    public static readonly ProblemCode SlowRequest = new("request_too_slow", ProblemKind.Slow, "The request arrived too slowly", "Send the body without long pauses.");
    public static readonly ProblemCode AddressTooLong = new("address_too_long", ProblemKind.AddressTooLong, "The address is too long", "Send long values in the body.");
    public static readonly ProblemCode HeadersTooLarge = new("headers_too_large", ProblemKind.HeadersTooLarge, "The headers are too large", "Send fewer or shorter headers.");
    public static readonly ProblemCode ResidencyRefused = new("residency_refused", ProblemKind.Forbidden, "This region may not serve the tenant", "Call an installation in one of the tenant's regions.");
    public static readonly ProblemCode KeyReused = new("idempotency_key_reused", ProblemKind.Invalid, "The Idempotency-Key was used for another request", "Use a new key for a new request.");
    public static readonly ProblemCode KeyRunning = new("idempotency_running", ProblemKind.Conflict, "The first request with this Idempotency-Key is still running", "Wait for the seconds in Retry-After, then repeat the same request.");

    public static readonly IReadOnlyList<ProblemCode> All =
        [AccessUndeclared, SlowRequest, AddressTooLong, HeadersTooLarge, ResidencyRefused, KeyReused, KeyRunning];
}
