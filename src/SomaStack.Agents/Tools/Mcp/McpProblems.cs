using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

internal static class McpProblems
{
    public static readonly ProblemCode Changed = new("adapter_changed", ProblemKind.Conflict, "The MCP server's tools are not the approved ones", "Look at the difference, import the server again and have the new manifest approved.");
    public static readonly ProblemCode Invalid = new("mcp_server_invalid", ProblemKind.Upstream, "The MCP server does not keep to the protocol", "Tell the publisher; the server was stopped or left.");
    public static readonly ProblemCode StdioRefused = new("mcp_command_refused", ProblemKind.Forbidden, "This command may not be started here", "The operator names the commands of MCP servers in SOMA_MCP_COMMANDS; a production mode needs bubblewrap too.");
    public static readonly ProblemCode Busy = new("mcp_server_busy", ProblemKind.Busy, "Too many calls wait for this MCP server", "Try again after the seconds in Retry-After.");

    public static readonly IReadOnlyList<ProblemCode> All = [Changed, Invalid, StdioRefused, Busy];
}
