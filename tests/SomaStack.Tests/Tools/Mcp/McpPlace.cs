using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Agents.Tools;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools.Mcp;

/// <summary>The kind as the room wires it, with servers that really run.</summary>
internal sealed class McpPlace : IAsyncDisposable
{
    public static readonly string Folder = Path.Combine(Root(), "clients", "conformance", "mcp");

    public static readonly string Hostile = Path.Combine(Folder, "hostile.mjs");

    private static readonly Lazy<string?> Installing = new(Install);

    private readonly LauncherThread? _launcher;
    private readonly Bubblewrap? _walls;

    public McpPlace(bool walls = false, SomaOptions? options = null, DeploymentMode mode = DeploymentMode.Test)
    {
        Options = options ?? new SomaOptions { McpCommands = ["node"], McpFolders = [Folder] };
        if (walls)
        {
            _launcher = new LauncherThread();
            _walls = new Bubblewrap(_launcher, NullLogger<Bubblewrap>.Instance);
        }
        Servers = new McpServers(new StdioCommand(Options, _walls), Options, Clock);
        Pool = new McpPool(Clock);
        Adapter = new McpAdapter(Servers, Pool);
        Context = RequestContext.ForSystem("acme", mode);
    }

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 29, 3, 0, 0, TimeSpan.Zero));

    public SomaOptions Options { get; }

    public McpServers Servers { get; }

    public McpPool Pool { get; }

    public McpAdapter Adapter { get; }

    public RequestContext Context { get; init; }

    public string? NoWalls => _walls?.Unavailable;

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Skips, saying why, where the servers from npm cannot be had.</summary>
    public static void NeedServers() => Assert.SkipWhen(Installing.Value is not null, Installing.Value ?? "");

    public static string Server(string name) => Path.Combine(Folder, "node_modules", "@modelcontextprotocol", name, "dist", "index.js");

    public static McpSettings Stdio(params string[] args) => new(McpSettings.Stdio) { Command = "node", Args = args };

    public async Task<ImportMcp.Response> ImportAsync(McpSettings settings, IReadOnlyDictionary<string, string>? secrets = null) =>
        (await new ImportMcp(Servers).RunAsync(new ImportMcp.Request("peer", "1.0.0", settings, null, secrets), Context, Stop)).Value!;

    /// <summary>The imported draft as an approved manifest.</summary>
    public async Task<Manifest> ApproveAsync(McpSettings settings, ManifestLimits? limits = null, IReadOnlyDictionary<string, string>? secrets = null)
    {
        var draft = await ImportAsync(settings, secrets);
        var manifest = ManifestReader.Read(draft.Manifest.GetRawText()).Manifest with { Limits = limits ?? new ManifestLimits(TimeoutSeconds: 10) };
        Assert.Empty(Adapter.Check(manifest));
        return manifest;
    }

    public Task<AdapterAnswer> CallAsync(Manifest manifest, string action, string arguments = "{}", IReadOnlyDictionary<string, string>? secrets = null, CancellationToken? stop = null)
    {
        var call = new ToolCall(manifest.Id, action, arguments, Guid.CreateVersion7().ToString());
        var wanted = manifest.Actions.Single(item => item.Name == action);
        return Adapter.ExecuteAsync(new AdapterCall(Context, manifest, wanted, JsonDocument.Parse(arguments).RootElement, call, secrets ?? new Dictionary<string, string>()), stop ?? Stop);
    }

    public async ValueTask DisposeAsync()
    {
        await Pool.SweepAsync(TimeSpan.Zero);
        Pool.Dispose();
        _launcher?.Dispose();
    }

    private static string? Install()
    {
        if (File.Exists(Server("server-everything"))) return null;
        try
        {
            using var npm = Process.Start(new ProcessStartInfo("npm", ["ci", "--prefix", Folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var said = new StringBuilder();
            npm.OutputDataReceived += (_, line) => said.AppendLine(line.Data);
            npm.ErrorDataReceived += (_, line) => said.AppendLine(line.Data);
            npm.BeginOutputReadLine();
            npm.BeginErrorReadLine();
            npm.WaitForExit();
            return npm.ExitCode == 0 ? null : "The MCP servers could not be installed from npm: " + said;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "There is no npm here.";
        }
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx"))) return folder.FullName;
        throw new InvalidOperationException("The tests run from a checkout.");
    }
}
