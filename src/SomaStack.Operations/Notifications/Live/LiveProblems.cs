using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class LiveProblems
{
    public static readonly IReadOnlyList<ProblemCode> All = [];
}
