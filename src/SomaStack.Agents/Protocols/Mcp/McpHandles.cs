using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Protocols;

/// <summary>What a handshake agreed on.</summary>
internal sealed record McpHandle(string Nonce, string Version, long ExpiresAt);

/// <summary>What a call that waits for a second person needs to go on, carried by the client.</summary>
/// <param name="Digest">Of principal, tool and arguments: another call cannot go on with it.</param>
internal sealed record McpState(string Key, string Digest, long ExpiresAt);

/// <summary>
/// Handles that a client carries for us: sealed, so that nobody makes or reads one, and bound to tenant and principal, so that a stolen one is
/// worth nothing to anybody else. Nothing is kept here, and every replica opens them.
/// </summary>
internal sealed class McpHandles(ISealedSecrets secrets, TimeProvider clock)
{
    private const string SessionPurpose = "mcp-session";
    private const string StatePurpose = "mcp-state";
    private const int TextMax = 2048;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    public string NewSession(RequestContext context, string version)
    {
        var handle = new McpHandle(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), version, (clock.GetUtcNow() + Lifetime).ToMicros());
        return Seal(SessionPurpose, context, JsonSerializer.SerializeToUtf8Bytes(handle, ProtocolsJson.Default.McpHandle));
    }

    /// <returns>Null when it is not this principal's, is none of ours, or is over.</returns>
    public McpHandle? OpenSession(RequestContext context, string text) =>
        Open(SessionPurpose, context, text) is { } plain && JsonSerializer.Deserialize(plain, ProtocolsJson.Default.McpHandle) is { } handle && handle.ExpiresAt > clock.NowMicros() ? handle : null;

    public string NewState(RequestContext context, McpState state) => Seal(StatePurpose, context, JsonSerializer.SerializeToUtf8Bytes(state, ProtocolsJson.Default.McpState));

    public McpState? OpenState(RequestContext context, string text) =>
        Open(StatePurpose, context, text) is { } plain && JsonSerializer.Deserialize(plain, ProtocolsJson.Default.McpState) is { } state && state.ExpiresAt > clock.NowMicros() ? state : null;

    private string Seal(string purpose, RequestContext context, byte[] plain) => Base64Url.EncodeToString(secrets.Seal(purpose, Owner(context), plain));

    private byte[]? Open(string purpose, RequestContext context, string text)
    {
        if (text.Length is 0 or > TextMax || !Base64Url.IsValid(text)) return null;
        return secrets.Open(purpose, Owner(context), Base64Url.DecodeFromChars(text));
    }

    private static string Owner(RequestContext context) => context.Tenant + "\n" + context.Principal.Id;
}
