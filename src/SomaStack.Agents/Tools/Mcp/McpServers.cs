using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Opens the way that the settings name.</summary>
internal sealed class McpServers(StdioCommand commands, SomaOptions options, TimeProvider clock)
{
    /// <summary>A list of tools may be larger than one answer.</summary>
    private const int ListBytes = 4 << 20;

    private readonly IReadOnlyList<Uri> _allowed = [.. options.OutgoingAllow.Select(static text => Uri.TryCreate(text, UriKind.Absolute, out var origin) ? origin : null).OfType<Uri>()];

    public string? MissingWalls => commands.Missing;

    public Task<McpSession> OpenAsync(
        McpSettings settings, ManifestLimits limits, IReadOnlyDictionary<string, string> secrets, DeploymentMode mode, CancellationToken cancellationToken)
    {
        var bytes = Math.Max(limits.OutputBytes * 2, ListBytes);
        if (settings.Transport == McpSettings.Stdio)
            return McpSession.OpenAsync(async () => new StdioWire(await commands.StartAsync(settings, limits, secrets, mode), bytes), settings.Protocol, clock, cancellationToken);
        string? bearer = null;
        if (settings.Bearer is { } name && !secrets.TryGetValue(name, out bearer)) throw ToolProblems.SecretMissing.Because($"The secret '{name}' is not bound to the adapter.");
        return McpSession.OpenAsync(
            () => Task.FromResult<IMcpWire>(new HttpWire(McpSettings.Address(settings.Url)!, bearer, bytes, TimeSpan.FromSeconds(limits.TimeoutSeconds), _allowed)), settings.Protocol, clock, cancellationToken);
    }
}
