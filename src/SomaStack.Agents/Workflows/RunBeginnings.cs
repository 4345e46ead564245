using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>Ids that follow from what they belong to, so that whoever begins it again meets what is there.</summary>
internal static class RunBeginnings
{
    public static string NestedId(RunIdentity run, string path, int attempt) => Ids.Derive($"run\n{run.Tenant}\n{run.Id}\n{path}\n{attempt}");

    /// <summary>The session that the room of sessions opens for a question with this id.</summary>
    public static string SessionOf(RequestContext context, string question) => Ids.For(context with { IdempotencyKey = "conversation/" + question }, "session");
}
