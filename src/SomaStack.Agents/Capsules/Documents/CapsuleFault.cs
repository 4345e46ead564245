namespace SomaStack.Agents.Capsules;

/// <summary>What is wrong with a capsule, and where. Lines and columns count from 1.</summary>
/// <param name="Code">Stable; docs/capsules.md lists all.</param>
/// <param name="Severity"><c>error</c>: it cannot be submitted; <c>warning</c>: a reviewer sees it.</param>
internal sealed record CapsuleFault(string Code, string Severity, string Message, int Line, int Column)
{
    public const string Error = "error";
    public const string Warning = "warning";
}
