using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal static class WorkingProblems
{
    public static readonly ProblemCode UnknownSession = new("working_memory_unknown", ProblemKind.NotFound, "This session has no working memory of yours", "Admit something first, or check the session id; those of others look the same as unknown ones.");
    public static readonly ProblemCode UnknownItem = new("working_memory_item_unknown", ProblemKind.NotFound, "The working memory holds no such item", "See GET /v1/wm; the item may have been evicted.");
    public static readonly ProblemCode Full = new("working_memory_full", ProblemKind.Conflict, "The working memory has no room", "Unpin or delete items, raise capacity_tokens, or admit a shorter text.");

    public static readonly IReadOnlyList<ProblemCode> All = [UnknownSession, UnknownItem, Full];
}
