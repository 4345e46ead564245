using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class LiveProblems
{
    public static readonly ProblemCode TooMany = new("feeds_exhausted", ProblemKind.Busy, "Too many live feeds are open", "Close feeds that nobody looks at, or wait for the seconds in Retry-After; the limit is in the detail.");

    public static readonly IReadOnlyList<ProblemCode> All = [TooMany];
}
