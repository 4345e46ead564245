using System.Diagnostics;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Which programs may be started as MCP servers, and with what: only what the operator named, never through a shell, with an environment of its
/// own, inside bubblewrap. Where there is no bubblewrap it is refused in production modes, and elsewhere <see cref="Unwalled"/> says so.
/// </summary>
internal sealed class StdioCommand(SomaOptions options, IServerWalls? walls = null)
{
    /// <summary>Said to whoever imports or looks at an adapter whose server runs without walls.</summary>
    public const string Unwalled = "There is no bubblewrap here, so the server runs with the rights of this program. A production mode refuses that.";

    private const string Path = "/usr/local/bin:/usr/bin:/bin";

    private readonly IReadOnlyList<string[]> _allowed = [.. options.McpCommands.Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(static words => words.Length > 0)];

    /// <summary>Null when servers are started inside walls.</summary>
    public string? Missing => walls is null ? Unwalled : walls.Unavailable is { } why ? $"{Unwalled} ({why})" : null;

    /// <exception cref="Problem">403 <c>mcp_command_refused</c>; 503 <c>tool_secret_missing</c>.</exception>
    public ProcessStartInfo Prepare(McpSettings settings, ManifestLimits limits, IReadOnlyDictionary<string, string> secrets, DeploymentMode mode)
    {
        string[] words = [settings.Command!, .. settings.Args];
        if (!_allowed.Any(allowed => words.Length >= allowed.Length && words.AsSpan(0, allowed.Length).SequenceEqual(allowed)))
            throw McpProblems.StdioRefused.Because($"The operator did not name '{settings.Command}' with these arguments in SOMA_MCP_COMMANDS.");
        if (Missing is { } missing && mode.IsProduction()) throw McpProblems.StdioRefused.Because(missing);
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["PATH"] = Path, ["HOME"] = "/tmp", ["LANG"] = "C.UTF-8" };
        foreach (var (name, value) in settings.Env) environment[name] = value;
        foreach (var (name, secret) in settings.SecretEnv)
            environment[name] = secrets.TryGetValue(secret, out var value) ? value : throw ToolProblems.SecretMissing.Because($"The secret '{secret}' is not bound to the adapter.");
        return Missing is null ? walls!.Around(words, environment, limits) : Plain(words, environment);
    }

    private static ProcessStartInfo Plain(string[] words, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(words[0], words[1..]) { WorkingDirectory = System.IO.Path.GetTempPath() };
        start.Environment.Clear();
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return start;
    }
}

/// <summary>Port: puts a server that goes on running inside walls. Without network, without our files, and dead when we are.</summary>
internal interface IServerWalls
{
    /// <summary>Why there are none on this machine; null when there are.</summary>
    string? Unavailable { get; }

    ProcessStartInfo Around(IReadOnlyList<string> command, IReadOnlyDictionary<string, string> environment, ManifestLimits limits);
}
