using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// The walls: namespaces of its own for users, mounts, processes, network, IPC and names, made by bubblewrap; a root that is read-only and holds
/// /usr alone; no capability, no new privilege, the system calls of <see cref="SandboxFilter"/>; and the kernel's limits. A server that runs as root gives that
/// up first: a root outside stays root to /proc/sys inside, whatever number it has there (docs/decisions/0110).
/// </summary>
internal sealed partial class Bubblewrap : IDisposable
{
    /// <summary>Whom programs run as outside when the server is root; inside it is 1000. Nobody else should have this number.</summary>
    public const uint User = 65432;

    public const string Folder = "/workspace";

    private const string Program = "/usr/bin/bwrap";
    private const int AtOnce = 16;
    private const int ScratchBytes = 64 << 20;

    /// <summary>
    /// What is started outside, as fixed text. The first to be killed when memory is short is what runs here; what it must read it opens from the
    /// server's descriptors, so that nothing of it is in an argument list, an environment or a file.
    /// </summary>
    private const string Launch = """
        echo 1000 > /proc/self/oom_score_adj 2>/dev/null || :
        exec 4>"$1" 5<"$2" 6<"$3" 7<"$4" 8<"$5" 9<"$6"
        [ "$4" != /dev/null ] || exec 7<&-
        [ "$5" != /dev/null ] || exec 8<&-
        bound=$7; drop=$8; shift 8
        if [ -n "$drop" ]; then
          [ -z "$bound" ] || mount --bind "$bound" /mnt || exit 125
          exec setpriv --reuid "$drop" --regid "$drop" --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all -- "$@"
        fi
        exec "$@"
        """;

    private readonly SemaphoreSlim _places = new(AtOnce, AtOnce);
    private readonly LauncherThread _launcher;
    private readonly Lazy<string?> _unavailable;
    private readonly bool _root = Linux.IsRoot;
    private SafeFileHandle? _filter;
    private SafeFileHandle? _passwd;
    private bool _refusesNestedUsers;

    public Bubblewrap(LauncherThread launcher, ILogger<Bubblewrap> log)
    {
        _launcher = launcher;
        _unavailable = new Lazy<string?>(() =>
        {
            var reason = Missing() ?? Prepared();
            if (reason is not null) NotThere(log, reason);
            return reason;
        });
    }

    /// <summary>Why nothing runs here; null when the walls stand, which is tried once by running a program behind them.</summary>
    public string? Unavailable => _unavailable.Value;

    /// <exception cref="Problem">503 <c>tool_unavailable</c>.</exception>
    public async Task<SandboxResult> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        if (Unavailable is { } reason) throw ToolProblems.Unavailable.Because(reason);
        await _places.WaitAsync(cancellationToken);
        try
        {
            return await StartAsync(command, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    /// <summary>Starts a program that goes on running behind the same walls. Whoever holds it bounds what it reads of it and ends it.</summary>
    /// <exception cref="Problem">503 <c>tool_unavailable</c>.</exception>
    public async Task<SandboxedServer> ServeAsync(SandboxCommand command)
    {
        if (Unavailable is { } reason) throw ToolProblems.Unavailable.Because(reason);
        var status = Linux.Memory([]);
        var options = Linux.Memory(Options(command));
        try
        {
            return new SandboxedServer(await _launcher.StartAsync(Start(command, status, options, [])), [status, options]);
        }
        catch
        {
            status.Dispose();
            options.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _places.Dispose();
        _filter?.Dispose();
        _passwd?.Dispose();
    }

    private async Task<SandboxResult> StartAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        using var status = Linux.Memory([]);
        using var options = Linux.Memory(Options(command));
        var files = command.Files.Select(file => Linux.Memory(file.Content)).ToList();
        try
        {
            var start = Start(command, status, options, files);
            using var process = await _launcher.StartAsync(start);
            using var run = new SandboxRun(process, command, status);
            var result = await run.ToEndAsync(cancellationToken);
            return IsOwnFailure(result) ? throw ToolProblems.Unavailable.Because("The walls could not be put up: " + FirstLine(result.Error)) : result;
        }
        finally
        {
            foreach (var file in files) file.Dispose();
        }
    }

    /// <summary>Bubblewrap names itself when it fails; a program that says the same is believed at no one's cost but its own.</summary>
    private static bool IsOwnFailure(SandboxResult result) =>
        result is { End: SandboxEnd.Exited, Output.Length: 0, ExitCode: not 0 } && FirstLine(result.Error) is { } line
        && (line.StartsWith("bwrap: ", StringComparison.Ordinal) || line.StartsWith("mount: /mnt", StringComparison.Ordinal) || line.StartsWith("setpriv: ", StringComparison.Ordinal)
            || line.StartsWith("unshare: ", StringComparison.Ordinal) || line.StartsWith("prlimit: failed to set", StringComparison.Ordinal));

    private ProcessStartInfo Start(SandboxCommand command, SafeFileHandle status, SafeFileHandle options, List<SafeFileHandle> files)
    {
        var start = new ProcessStartInfo(_root ? "/usr/bin/unshare" : "/bin/sh") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        start.Environment.Clear();
        // The tools before the walls need nothing else; what the program has is in the options.
        start.Environment["PATH"] = "/usr/bin:/bin";
        if (_root)
            foreach (var part in (string[])["--mount", "--propagation", "private", "--", "/bin/sh"]) start.ArgumentList.Add(part);
        string[] launch =
        [
            "-c", Launch, "soma", Of(status), Of(options), Of(_passwd!), Of(files, 0), Of(files, 1), Of(_filter!), command.Workspace?.Path ?? "",
            _root ? User.ToString(System.Globalization.CultureInfo.InvariantCulture) : "",
            Program, "--args", "5", "--", "/usr/bin/prlimit", .. Limits(command.Limits), "--", command.Program, .. command.Arguments,
        ];
        foreach (var part in launch) start.ArgumentList.Add(part);
        return start;
    }

    private static string Of(SafeFileHandle handle) => $"/proc/{Environment.ProcessId}/fd/{handle.DangerousGetHandle()}";

    private static string Of(List<SafeFileHandle> files, int index) => index < files.Count ? Of(files[index]) : "/dev/null";

    private static IEnumerable<string> Limits(SandboxLimits limits)
    {
        yield return $"--cpu={limits.CpuSeconds}:{limits.CpuSeconds + 1}";
        yield return $"--data={limits.MemoryBytes}";
        if (limits.HoldsAddresses) yield return $"--as={limits.MemoryBytes}";
        yield return $"--nproc={limits.Processes}";
        yield return $"--fsize={limits.FileBytes}";
        yield return $"--nofile={limits.OpenFiles}";
        yield return "--core=0";
        yield return "--msgqueue=0";
        yield return "--memlock=0";
    }

    private byte[] Options(SandboxCommand command)
    {
        var options = new List<string>
        {
            "--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--uid", "1000", "--gid", "1000", "--hostname", "sandbox",
            "--cap-drop", "ALL", "--new-session", "--die-with-parent", "--clearenv", "--info-fd", "4", "--seccomp", "9",
        };
        if (_refusesNestedUsers) options.Add("--disable-userns");
        options.AddRange(Root());
        options.AddRange(["--proc", "/proc", "--dev", "/dev", "--size", Text(ScratchBytes / 4), "--tmpfs", "/dev/shm", "--size", Text(ScratchBytes), "--tmpfs", "/tmp"]);
        options.AddRange(["--ro-bind-data", "6", "/etc/passwd"]);
        if (command.Workspace is { } workspace) options.AddRange([command.WorkspaceReadOnly ? "--ro-bind" : "--bind", _root ? "/mnt" : workspace.Path, Folder]);
        else options.AddRange(["--size", Text(ScratchBytes), "--tmpfs", Folder]);
        foreach (var folder in command.Folders) options.AddRange(["--ro-bind", folder, folder]);
        for (var i = 0; i < command.Files.Count; i++) options.AddRange(["--ro-bind-data", Text(7 + i), command.Files[i].Path]);
        // Last, so that what lies on them is there: without it root and /dev are memory that anybody fills.
        options.AddRange(["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", Folder]);
        foreach (var (name, value) in Basic.Concat(command.Environment)) options.AddRange(["--setenv", name, value]);
        return Encoding.UTF8.GetBytes(string.Concat(options.Select(static option => option + "\0")));
    }

    private static readonly KeyValuePair<string, string>[] Basic = [new("PATH", "/usr/local/bin:/usr/bin:/bin"), new("HOME", Folder), new("LANG", "C.UTF-8"), new("TMPDIR", "/tmp")];

    /// <summary>/usr, and the links or folders beside it that lead to programs and libraries.</summary>
    private static IEnumerable<string> Root()
    {
        foreach (var part in (string[])["--ro-bind", "/usr", "/usr"]) yield return part;
        foreach (var name in (string[])["/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32"])
        {
            var folder = new DirectoryInfo(name);
            if (!folder.Exists) continue;
            foreach (var part in folder.LinkTarget is { } target ? (string[])["--symlink", target, name] : ["--ro-bind", name, name]) yield return part;
        }
        foreach (var name in (string[])["/etc/alternatives", "/etc/ld.so.cache"])
            foreach (var part in (string[])["--ro-bind-try", name, name]) yield return part;
    }

    private static string? Missing()
    {
        if (!OperatingSystem.IsLinux()) return "Walls need Linux.";
        if (!SandboxFilter.IsKnownProcessor) return "There is no list of system calls for this processor; x64 and arm64 have one.";
        string[] needed = [Program, "/usr/bin/prlimit", "/bin/sh", .. Linux.IsRoot ? (string[])["/usr/bin/unshare", "/usr/bin/setpriv", "/usr/bin/mount", "/mnt"] : []];
        var missing = needed.Where(static path => !Path.Exists(path)).ToList();
        return missing.Count == 0 ? null : $"{string.Join(", ", missing)} {(missing.Count == 1 ? "is" : "are")} missing; on Debian: apt-get install bubblewrap util-linux.";
    }

    private string? Prepared()
    {
        _filter = Linux.Memory(SandboxFilter.Build());
        _passwd = Linux.Memory(Encoding.UTF8.GetBytes("sandbox:x:1000:1000::/workspace:/bin/sh\n"));
        _refusesNestedUsers = Help().Contains("--disable-userns", StringComparison.Ordinal);
        return Probe();
    }

    private static string Help()
    {
        using var help = Process.Start(new ProcessStartInfo(Program, "--help") { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var text = help.StandardOutput.ReadToEnd();
        help.WaitForExit();
        return text;
    }

    /// <summary>Runs one program behind the walls with a workspace. What a kernel, a container or an administrator forbids shows here and not in a call.</summary>
    private string? Probe()
    {
        var folder = Directory.CreateTempSubdirectory("soma-walls-");
        try
        {
            var handle = Linux.OpenFolder(folder.FullName);
            if (_root) Linux.Own(handle, User);
            using var workspace = new Workspace(folder.FullName, handle, new WorkspaceQuota(1 << 20, 10), Stream.Null);
            var command = new SandboxCommand("/bin/sh", ["-c", "echo inside > probe && cat probe"], new SandboxLimits(TimeSpan.FromSeconds(10), 5, 256 << 20, 16, 4096)) { Workspace = workspace };
            var result = StartAsync(command, CancellationToken.None).GetAwaiter().GetResult();
            return result is { End: SandboxEnd.Exited, ExitCode: 0 } && Encoding.UTF8.GetString(result.Output) == "inside\n" ? null
                : $"A first program behind the walls ended with {result.End} {result.ExitCode}: {FirstLine(result.Error)}";
        }
        catch (Exception exception) when (exception is Problem or LinuxException or IOException or System.ComponentModel.Win32Exception)
        {
            return exception.Message;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string FirstLine(byte[] text) => Encoding.UTF8.GetString(text).Split('\n', 2)[0].Trim();

    private static string Text(long number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);

    [LoggerMessage(EventId = 0, Level = LogLevel.Warning, Message = "Nothing runs in a sandbox on this server: {Reason}")]
    private static partial void NotThere(ILogger log, string reason);
}
