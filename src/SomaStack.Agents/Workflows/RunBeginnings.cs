using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>Ids that follow from what they belong to, so that whoever begins it again meets what is there.</summary>
internal static class RunBeginnings
{
    public static string NestedId(RunIdentity run, string path, int attempt) => Ids.Derive($"run\n{run.Tenant}\n{run.Id}\n{path}\n{attempt}");
}
