using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

internal static class ProtocolProblems
{
    public static readonly ProblemCode OriginRefused = new("origin_refused", ProblemKind.Forbidden, "The page that asks is not from here", "Call from a program, or from a page of this server's own origin (SOMA_PUBLIC_URL).");
    public static readonly ProblemCode SessionUnknown = new("mcp_session_unknown", ProblemKind.NotFound, "There is no such MCP session of yours", "Send initialize again, without Mcp-Session-Id.");
    public static readonly ProblemCode TooManyTasks = new("a2a_tasks_too_many", ProblemKind.Busy, "Too many tasks are being worked on", "Try again after the seconds in Retry-After.");
    public static readonly ProblemCode TaskInterrupted = new("a2a_task_interrupted", ProblemKind.Unavailable, "The task ended without an answer", "Send the message again under a new message id.");

    public static readonly IReadOnlyList<ProblemCode> All = [OriginRefused, SessionUnknown, TooManyTasks, TaskInterrupted];
}
