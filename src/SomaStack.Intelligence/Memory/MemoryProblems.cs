using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal static class MemoryProblems
{
    public static readonly ProblemCode Unknown = new("memory_unknown", ProblemKind.NotFound, "There is no such memory", "Check the id; deleted ones and those of others look the same as unknown ones.");
    public static readonly ProblemCode Denied = new("memory_denied", ProblemKind.Forbidden, "The policy does not let this be remembered", "See the reasons; each names its rule and what would help.");
    public static readonly ProblemCode NeedsApproval = new("memory_needs_approval", ProblemKind.Forbidden, "Remembering this needs an approval", "When somebody has approved it, send the same request with the header Soma-Approval; nothing was remembered.");
    public static readonly ProblemCode PrivateNamespace = new("namespace_private", ProblemKind.Forbidden, "The namespace belongs to another principal", "Use your own, or one that does not begin with 'conversation/'.");

    public static readonly IReadOnlyList<ProblemCode> All = [Unknown, Denied, NeedsApproval, PrivateNamespace, .. VectorProblems.All];
}
