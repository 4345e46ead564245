using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

internal static class LinkProblems
{
    public static readonly ProblemCode Self = new("link_self", ProblemKind.Invalid, "A memory cannot be linked to itself", "Name two different memories.");
    public static readonly ProblemCode Cycle = new("link_cycle", ProblemKind.Conflict, "The link would close a circle", "part_of, depends_on and derived_from never lead back to where they began; remove another link first, or use another type.");
    public static readonly ProblemCode Unknown = new("link_unknown", ProblemKind.NotFound, "There is no such link", "Check the id; those of others look the same as unknown ones.");

    public static readonly IReadOnlyList<ProblemCode> All = [Self, Cycle, Unknown];
}
