using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Codes that begin with <c>scim_</c> are SCIM's own error types (RFC 7644, 3.12), told to its clients in its spelling.</summary>
internal static class ScimProblems
{
    public static readonly ProblemCode InvalidFilter = new("scim_invalid_filter", ProblemKind.Malformed, "The filter cannot be read", "See docs/scim.md for the filters that are understood.");
    public static readonly ProblemCode InvalidPath = new("scim_invalid_path", ProblemKind.Malformed, "The path names nothing", "See GET /scim/v2/Schemas for the attributes.");
    public static readonly ProblemCode InvalidValue = new("scim_invalid_value", ProblemKind.Malformed, "A value is not acceptable", "Correct the named attribute.");
    public static readonly ProblemCode InvalidSyntax = new("scim_invalid_syntax", ProblemKind.Malformed, "The message cannot be read", "Send a SCIM message as JSON.");
    public static readonly ProblemCode NoTarget = new("scim_no_target", ProblemKind.Malformed, "The path selects nothing", "Read the resource again; the value may be gone.");
    public static readonly ProblemCode Mutability = new("scim_mutability", ProblemKind.Malformed, "The attribute cannot be changed", "Leave read-only attributes out.");
    public static readonly ProblemCode Uniqueness = new("scim_uniqueness", ProblemKind.Conflict, "The name is taken", "Choose another name, or find the resource that has it.");
    public static readonly ProblemCode TooMany = new("scim_too_many", ProblemKind.Malformed, "Too much is asked for at once", "Use a narrower filter.");

    public static readonly IReadOnlyList<ProblemCode> All = [InvalidFilter, InvalidPath, InvalidValue, InvalidSyntax, NoTarget, Mutability, Uniqueness, TooMany];
}
