using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace SomaStack.Agents.Protocols;

/// <summary>A request of an MCP client with what it says of itself.</summary>
/// <param name="Version">The protocol version in which it is put and answered.</param>
/// <param name="ElicitsUrl">The client can show its person an address (2026-07-28 only).</param>
/// <param name="Session">The opened session handle of a handshake client; null when there is none.</param>
internal sealed record McpCall(RpcMessage Message, string Version, bool ElicitsUrl, McpHandle? Session)
{
    public bool IsModern => Version == McpVersions.Modern;
}

/// <summary>The protocol versions, and how a request says which one it is in. Pure.</summary>
internal static class McpVersions
{
    public const string Modern = "2026-07-28";
    public const string Handshake = "2025-11-25";

    public static readonly IReadOnlyList<string> Supported = [Modern, Handshake, "2025-06-18"];

    private const int HeaderMismatch = -32020;
    private const int UnsupportedVersion = -32022;
    private const string Meta = "io.modelcontextprotocol/";

    /// <summary>
    /// A request with the version in its <c>_meta</c> is served without a handshake; then its headers must say the same as its body, or somebody
    /// between client and us has decided by other words than we do.
    /// </summary>
    /// <returns>The version, and whether the client declares elicitation by address.</returns>
    /// <exception cref="RpcError"></exception>
    public static (string Version, bool ElicitsUrl) Read(RpcMessage message, IHeaderDictionary headers)
    {
        var header = headers["MCP-Protocol-Version"] is [{ } sent] ? sent : null;
        var meta = message.Find("_meta", JsonValueKind.Object);
        var named = meta is { } found && found.TryGetProperty(Meta + "protocolVersion", out var version) && version.ValueKind == JsonValueKind.String ? version.GetString() : null;
        if (named is null && header != Modern) return (Old(message, header), false);
        if (named is null) throw Bad(RpcError.InvalidParams, $"'_meta' must hold '{Meta}protocolVersion'.");
        if (named != Modern) throw Unsupported(named);
        if (header != named) throw Bad(HeaderMismatch, "The header MCP-Protocol-Version does not say what the body says.");
        if (!meta!.Value.TryGetProperty(Meta + "clientCapabilities", out var capabilities) || capabilities.ValueKind != JsonValueKind.Object)
            throw Bad(RpcError.InvalidParams, $"'_meta' must hold '{Meta}clientCapabilities'.");
        Match(headers["Mcp-Method"], message.Method, "Mcp-Method");
        if (message.Method is "tools/call" or "prompts/get") Match(headers["Mcp-Name"], message.Text("name"), "Mcp-Name");
        if (message.Method is "resources/read") Match(headers["Mcp-Name"], message.Text("uri"), "Mcp-Name");
        return (named, capabilities.TryGetProperty("elicitation", out var elicitation) && elicitation.ValueKind == JsonValueKind.Object && elicitation.TryGetProperty("url", out _));
    }

    private static string Old(RpcMessage message, string? header)
    {
        // The handshake says the version in its body.
        if (message.Method == "initialize") return Handshake;
        return header is null ? Handshake : Supported.Contains(header) || header == "2025-03-26" ? header : throw Unsupported(header);
    }

    private static void Match(Microsoft.Extensions.Primitives.StringValues header, string? value, string name)
    {
        if (header is not [{ } sent] || value is null || (name == "Mcp-Name" ? Decode(sent) : sent) != value) throw Bad(HeaderMismatch, $"The header {name} does not say what the body says.");
    }

    /// <summary>Values that are no plain ASCII come as <c>=?base64?…?=</c> (streamable HTTP, value encoding).</summary>
    private static string? Decode(string header)
    {
        const string open = "=?base64?", close = "?=";
        if (header.Length < open.Length + close.Length || !header.StartsWith(open, StringComparison.Ordinal) || !header.EndsWith(close, StringComparison.Ordinal)) return header;
        try
        {
            return System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(header[open.Length..^close.Length]));
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static RpcError Bad(int code, string text) => new(code, text, StatusCodes.Status400BadRequest);

    private static RpcError Unsupported(string requested) => new(UnsupportedVersion, "Unsupported protocol version", StatusCodes.Status400BadRequest, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartArray("supported");
        foreach (var version in Supported) writer.WriteStringValue(version);
        writer.WriteEndArray();
        writer.WriteString("requested", requested.Length <= 64 ? requested : requested[..64]);
        writer.WriteEndObject();
    });
}
