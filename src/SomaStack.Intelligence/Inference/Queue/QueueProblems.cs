using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

internal static class QueueProblems
{
    public static readonly ProblemCode Unknown = new("request_unknown", ProblemKind.NotFound, "There is no such request", "Check the id, or list yours with GET /v1/requests.");
    public static readonly ProblemCode Ended = new("request_ended", ProblemKind.Conflict, "The request has ended", "Read it with GET /v1/requests/{id}; there is nothing to cancel.");
    public static readonly ProblemCode NotFailed = new("request_not_failed", ProblemKind.Conflict, "The request has not failed", "Only failed requests can be replayed; send a new one with POST /v1/requests.");
    public static readonly ProblemCode QueueFull = new("request_queue_full", ProblemKind.Busy, "Too many requests are waiting", "Wait for the seconds in Retry-After, then try again.");
    public static readonly ProblemCode RegionRefused = new("request_region_refused", ProblemKind.Unavailable, "This worker may not run the tenant's requests", "Ask the operator to run a worker in one of the tenant's regions.");

    public static readonly IReadOnlyList<ProblemCode> All = [Unknown, Ended, NotFailed, QueueFull, RegionRefused];

    public static Problem Of(RequestRefusal refusal) => refusal switch
    {
        RequestRefusal.Unknown => Unknown.Because("No request of yours has this id."),
        RequestRefusal.Ended => Ended.Because("It has succeeded, failed or been cancelled."),
        RequestRefusal.NotFailed => NotFailed.Because("It is queued, running, succeeded or cancelled."),
        _ => PlatformProblems.Conflict.Because("The request has changed meanwhile."),
    };
}
