using System.Net;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>A server that has said which protocol it speaks and which tools it has.</summary>
internal sealed class McpSession : IAsyncDisposable
{
    private const int ToolsMax = 512;
    private const int PagesMax = 64;
    private const int NameMax = 256;

    /// <summary>How long a list of tools is believed: after that it is read again before the next call.</summary>
    private static readonly TimeSpan Belief = TimeSpan.FromSeconds(60);

    private readonly IMcpWire _wire;
    private readonly TimeProvider _clock;
    private DateTimeOffset _listedAt;
    private int _listedChange;

    private McpSession(IMcpWire wire, string version, TimeProvider clock) => (_wire, Version, _clock) = (wire, version, clock);

    public string Version { get; }

    public IReadOnlyList<McpTool> Tools { get; private set; } = [];

    /// <summary>Opens the wire, agrees on a version and lists the tools.</summary>
    /// <param name="open">Called again when a probe has cost the server its life.</param>
    public static async Task<McpSession> OpenAsync(Func<Task<IMcpWire>> open, string? version, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (version != McpProtocol.Modern && version is not null) return await OpenAsync(await open(), version, clock, cancellationToken);
        var wire = await open();
        bool? modern;
        try
        {
            modern = await IsModernAsync(wire, cancellationToken);
        }
        catch
        {
            await wire.DisposeAsync();
            throw;
        }
        if (modern == true) return await OpenAsync(wire, McpProtocol.Modern, clock, cancellationToken);
        if (version is not null)
        {
            await wire.DisposeAsync();
            throw McpProblems.Invalid.Because($"The server does not speak {version} any more.");
        }
        if (modern == false) return await OpenAsync(wire, McpProtocol.Legacy, clock, cancellationToken);
        // A probe that was not answered has ended a server on stdio, so the handshake gets a new one.
        await wire.DisposeAsync();
        return await OpenAsync(await open(), McpProtocol.Legacy, clock, cancellationToken);
    }

    /// <summary>The tools as the server lists them now, where the last list is too old or was called off.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (_clock.GetUtcNow() - _listedAt > Belief || _listedChange != _wire.ToolsChanged) await ListAsync(cancellationToken);
    }

    public async Task<JsonElement> CallAsync(McpTool tool, JsonElement arguments, CancellationToken cancellationToken)
    {
        var ask = new McpAsk("tools/call", Version, writer =>
        {
            writer.WriteString("name", tool.Name);
            writer.WritePropertyName("arguments");
            arguments.WriteTo(writer);
        }, tool.Name)
        { Headers = Version == McpProtocol.Modern ? ParameterHeaders.Of(tool.Input, arguments) : [] };
        return await _wire.AskAsync(ask, cancellationToken);
    }

    public ValueTask DisposeAsync() => _wire.DisposeAsync();

    private static async Task<McpSession> OpenAsync(IMcpWire wire, string version, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            if (version != McpProtocol.Modern) version = await ShakeAsync(wire, cancellationToken);
            var session = new McpSession(wire, version, clock);
            await session.ListAsync(cancellationToken);
            return session;
        }
        catch (Exception exception)
        {
            await wire.DisposeAsync();
            throw exception switch
            {
                McpError refused => McpProblems.Invalid.Because($"The server refused to be asked for its tools ({refused.Code})."),
                HttpRefusal refused => ToolProblems.Unavailable.Because(refused.Message, refused),
                // Nothing was asked of a tool yet, so nothing can have happened.
                McpServerLost lost => ToolProblems.Unavailable.Because("The MCP server ended before it could be asked.", lost),
                _ => exception,
            };
        }
    }

    /// <returns>Null when it did not answer at all.</returns>
    private static async Task<bool?> IsModernAsync(IMcpWire wire, CancellationToken cancellationToken)
    {
        using var probe = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        if (wire.ProbeLimit is { } limit) probe.CancelAfter(limit);
        try
        {
            var result = await wire.AskAsync(new McpAsk("server/discover", McpProtocol.Modern), probe.Token);
            return result.TryGetProperty("supportedVersions", out var versions) && versions.ValueKind == JsonValueKind.Array
                && versions.EnumerateArray().Any(static version => version.ValueKind == JsonValueKind.String && version.GetString() == McpProtocol.Modern);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
        catch (McpError)
        {
            // Also one that names the versions it has: ours is not among them, or it would have answered.
            return false;
        }
        catch (HttpRefusal refused) when (refused.Status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed
            or HttpStatusCode.NotAcceptable or HttpStatusCode.UnprocessableEntity)
        {
            return false;
        }
        catch (McpServerLost)
        {
            return null;
        }
    }

    /// <returns>The version that the server chose.</returns>
    private static async Task<string> ShakeAsync(IMcpWire wire, CancellationToken cancellationToken)
    {
        var result = await wire.AskAsync(new McpAsk("initialize", McpProtocol.Legacy, McpProtocol.WriteInitialize), cancellationToken);
        if (!result.TryGetProperty("protocolVersion", out var version) || version.ValueKind != JsonValueKind.String || !McpProtocol.Handshakes.Contains(version.GetString()!))
            throw McpProblems.Invalid.Because("The server answered the handshake with a version that is not spoken here.");
        if (!result.TryGetProperty("capabilities", out var capabilities) || capabilities.ValueKind != JsonValueKind.Object || !capabilities.TryGetProperty("tools", out _))
            throw McpProblems.Invalid.Because("The server has no tools.");
        await wire.TellAsync("notifications/initialized", cancellationToken);
        return version.GetString()!;
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        var change = _wire.ToolsChanged;
        var tools = new List<McpTool>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        string? cursor = null;
        for (var page = 0; ; page++)
        {
            if (page == PagesMax) throw McpProblems.Invalid.Because($"The server's list of tools has more than {PagesMax} pages.");
            var at = cursor;
            var result = await _wire.AskAsync(new McpAsk("tools/list", Version, at is null ? null : writer => writer.WriteString("cursor", at)), cancellationToken);
            if (!result.TryGetProperty("tools", out var list) || list.ValueKind != JsonValueKind.Array) throw McpProblems.Invalid.Because("The server's list of tools is none.");
            foreach (var item in list.EnumerateArray())
            {
                var tool = ToolOf(item);
                if (!names.Add(tool.Name)) throw McpProblems.Invalid.Because("The server lists one tool twice.");
                // The protocol demands that a tool with a broken header mark is left out and the others are not.
                if (Version != McpProtocol.Modern || ParameterHeaders.Fault(tool.Input) is null) tools.Add(tool);
                if (names.Count > ToolsMax) throw McpProblems.Invalid.Because($"The server has more than {ToolsMax} tools.");
            }
            if (!result.TryGetProperty("nextCursor", out var next) || next.ValueKind == JsonValueKind.Null) break;
            cursor = next.ValueKind == JsonValueKind.String && next.GetString() is { Length: > 0 and <= 4096 } text ? text : throw McpProblems.Invalid.Because("The server's cursor is none.");
        }
        (Tools, _listedAt, _listedChange) = (tools, _clock.GetUtcNow(), change);
    }

    private static McpTool ToolOf(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String && name.GetString() is { Length: > 0 and <= NameMax } text
            && item.TryGetProperty("inputSchema", out var schema) && schema.ValueKind == JsonValueKind.Object
            ? new McpTool(text, item.Clone())
            : throw McpProblems.Invalid.Because("The server lists a tool without a name or an input schema.");
}
