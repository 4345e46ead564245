using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal static class LifecycleProblems
{
    public static readonly ProblemCode Held = new("memory_held", ProblemKind.Conflict, "The memory is under a legal hold", "Ask a tenant administrator to release it with DELETE /v1/memory/{id}/hold.");
    public static readonly ProblemCode IdTaken = new("memory_id_taken", ProblemKind.Conflict, "The id belongs to another memory", "Import it under another id, or leave it out; ids of erased memories are never used again.");
    public static readonly ProblemCode UnknownVersion = new("memory_version_unknown", ProblemKind.NotFound, "The memory has no such version", "See GET /v1/memory/{id}/history for those it has.");

    public static readonly IReadOnlyList<ProblemCode> All = [Held, IdTaken, UnknownVersion];
}
