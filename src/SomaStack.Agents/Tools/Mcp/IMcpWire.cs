using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>One request.</summary>
/// <param name="Version">The protocol version in which it is put.</param>
/// <param name="Name">The tool's name where the method has one; HTTP repeats it in a header.</param>
internal sealed record McpAsk(string Method, string Version, Action<Utf8JsonWriter>? Parameters = null, string? Name = null)
{
    /// <summary>Parameters that the tool's schema wants repeated as <c>Mcp-Param-*</c> headers.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}

/// <summary>A way to one MCP server. A port with an adapter a transport. It reads no more than its caps and believes nothing.</summary>
internal interface IMcpWire : IAsyncDisposable
{
    /// <summary>Rises when the server says that its tools changed.</summary>
    int ToolsChanged { get; }

    /// <summary>How long a question may stay unanswered that an old server may not know; null where it always gets a refusal.</summary>
    TimeSpan? ProbeLimit { get; }

    /// <summary>The answer's result.</summary>
    /// <exception cref="McpError">The server refused.</exception>
    /// <exception cref="Problem"><c>mcp_server_invalid</c>: it broke the protocol or a cap; <c>tool_unavailable</c>: it was never reached.</exception>
    /// <exception cref="McpServerLost">It was asked and is gone.</exception>
    Task<JsonElement> AskAsync(McpAsk ask, CancellationToken cancellationToken);

    Task TellAsync(string method, CancellationToken cancellationToken);
}
