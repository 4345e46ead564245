using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

internal static class ChannelProblems
{
    public static readonly IReadOnlyList<ProblemCode> All = [];
}
