using System.Diagnostics;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Which programs may be started as MCP servers, and with what: only what the operator named, never through a shell, with an environment of its
/// own, behind the walls of bubblewrap. Where there is no bubblewrap it is refused in production modes, and elsewhere <see cref="Unwalled"/> says so.
/// </summary>
internal sealed class StdioCommand(SomaOptions options, Bubblewrap? walls = null)
{
    /// <summary>Said to whoever imports an adapter whose server runs without walls.</summary>
    public const string Unwalled = "There are no walls here, so the server runs with the rights of this program. A production mode refuses that.";

    private const string Places = "/usr/local/bin:/usr/bin:/bin";

    /// <summary>A server lives longer than a call; what bounds it in time is the limit of each call.</summary>
    private const int CpuSeconds = 24 * 3600;

    private readonly IReadOnlyList<string[]> _allowed = [.. options.McpCommands.Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(static words => words.Length > 0)];

    /// <summary>Null when servers are started behind walls.</summary>
    public string? Missing => walls is null ? Unwalled : walls.Unavailable is { } why ? $"{Unwalled} ({why})" : null;

    /// <summary>The part that needs no process.</summary>
    /// <exception cref="Problem">403 <c>mcp_command_refused</c>; 503 <c>tool_secret_missing</c>.</exception>
    public void Check(McpSettings settings, IReadOnlyDictionary<string, string> secrets, DeploymentMode mode)
    {
        string[] words = [settings.Command!, .. settings.Args];
        if (!_allowed.Any(allowed => words.Length >= allowed.Length && words.AsSpan(0, allowed.Length).SequenceEqual(allowed)))
            throw McpProblems.StdioRefused.Because($"The operator did not name '{settings.Command}' with these arguments in SOMA_MCP_COMMANDS.");
        if (mode.IsProduction() && Missing is { } missing) throw McpProblems.StdioRefused.Because(missing);
        foreach (var secret in settings.SecretEnv.Values)
            if (!secrets.ContainsKey(secret)) throw ToolProblems.SecretMissing.Because($"The secret '{secret}' is not bound to the adapter.");
    }

    /// <exception cref="Problem">As <see cref="Check"/>; 503 <c>tool_unavailable</c> when it does not start.</exception>
    public async Task<SandboxedServer> StartAsync(McpSettings settings, ManifestLimits limits, IReadOnlyDictionary<string, string> secrets, DeploymentMode mode)
    {
        Check(settings, secrets, mode);
        var environment = new Dictionary<string, string>(settings.Env, StringComparer.Ordinal);
        foreach (var (name, secret) in settings.SecretEnv) environment[name] = secrets[secret];
        var program = Find(settings.Command!) ?? throw ToolProblems.Unavailable.Because($"The program '{settings.Command}' is not on this server.");
        if (Missing is not null) return new SandboxedServer(Plain(program, settings.Args, environment), []);
        var wall = new SandboxLimits(TimeSpan.FromDays(1), CpuSeconds, (long)limits.MemoryMegabytes << 20, limits.Processes, limits.OutputBytes) { HoldsAddresses = false };
        return await walls!.ServeAsync(new SandboxCommand(program, settings.Args, wall) { Environment = environment, Folders = [.. options.McpFolders.Where(Directory.Exists)] });
    }

    private static string? Find(string command) =>
        Path.IsPathRooted(command) ? File.Exists(command) ? command : null
        : command.Contains('/', StringComparison.Ordinal) ? null
        : Places.Split(':').Select(place => Path.Combine(place, command)).FirstOrDefault(File.Exists);

    private static Process Plain(string program, IReadOnlyList<string> arguments, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Path.GetTempPath(), RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var (name, value) in (KeyValuePair<string, string>[])[new("PATH", Places), new("HOME", Path.GetTempPath()), new("LANG", "C.UTF-8")]) start.Environment[name] = value;
        foreach (var (name, value) in environment) start.Environment[name] = value;
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException("No process was started.");
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            throw ToolProblems.Unavailable.Because("The MCP server's program could not be started.", exception);
        }
    }
}
