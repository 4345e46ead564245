using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using SomaStack.Agents.Tools;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools.Sandbox;

/// <summary>The walls of this machine, with a data folder of their own. Shared: putting them up is tried once.</summary>
public sealed class Walls : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("soma-sandbox-tests-");
    private readonly LauncherThread _launcher = new();
    private readonly WasmModules _modules;

    public Walls()
    {
        Options = new SomaOptions { DataDirectory = _data.FullName, WorkspaceMegabytes = 32, WorkspaceFiles = 500 };
        Sandbox = new Bubblewrap(_launcher, NullLogger<Bubblewrap>.Instance);
        Workspaces = new Workspaces(Options, Clock);
        Languages = new Languages(Sandbox);
        _modules = new WasmModules(Options);
        Process = new ProcessKind(Sandbox, Workspaces);
        Code = new CodeKind(Sandbox, Languages, Workspaces);
        Git = new GitKind(Sandbox, Workspaces);
        Files = new WorkspaceKind(Workspaces);
        Wasm = new WasmKind(_modules, Clock);
    }

    internal SomaOptions Options { get; }

    internal FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 11, 1, 12, 0, 0, TimeSpan.Zero));

    internal Bubblewrap Sandbox { get; }

    internal Workspaces Workspaces { get; }

    internal Languages Languages { get; }

    internal ProcessKind Process { get; }

    internal CodeKind Code { get; }

    internal GitKind Git { get; }

    internal WorkspaceKind Files { get; }

    internal WasmKind Wasm { get; }

    internal string Data => _data.FullName;

    /// <summary>For tests that need the walls; without bubblewrap they say why they do not run.</summary>
    internal void Need() => Assert.SkipUnless(Sandbox.Unavailable is null, "No walls on this machine: " + Sandbox.Unavailable);

    internal static readonly SandboxLimits Limits = new(TimeSpan.FromSeconds(20), 10, 256L << 20, 32, 64 << 10);

    /// <summary>Runs a script behind the walls, and writes down what it said, which is what the kernel said.</summary>
    internal async Task<(SandboxResult Result, string Said)> ShellAsync(string script, SandboxLimits? limits = null, Workspace? workspace = null, string program = "/bin/sh", string option = "-c")
    {
        Need();
        var result = await Sandbox.RunAsync(new SandboxCommand(program, [option, script], limits ?? Limits) { Workspace = workspace }, TestContext.Current.CancellationToken);
        var said = Encoding.UTF8.GetString(result.Output) + Encoding.UTF8.GetString(result.Error);
        TestContext.Current.TestOutputHelper?.WriteLine($"[{result.End} {result.ExitCode} after {result.Took.TotalMilliseconds:0} ms] {(said.Length > 2000 ? said[..2000] : said)}");
        return (result, said);
    }

    internal Task<(SandboxResult Result, string Said)> PerlAsync(string script, SandboxLimits? limits = null, Workspace? workspace = null)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/perl"), "There is no perl, which makes the system calls of this attack.");
        return ShellAsync(script, limits, workspace, "/usr/bin/perl", "-e");
    }

    internal static AdapterCall Call(string kind, string action, object arguments, object? settings = null, string? workspace = null, ManifestLimits? limits = null, string tenant = "acme",
        IReadOnlyDictionary<string, string>? secrets = null)
    {
        var any = JsonSerializer.SerializeToElement(new { type = "object" });
        var manifestAction = new ManifestAction(action, "", any, null, "low", false, false, null);
        var manifest = new Manifest("test", "1.0.0", kind, "", [manifestAction], [], [], limits ?? new ManifestLimits(), null, JsonSerializer.SerializeToElement(settings ?? new { }));
        var json = JsonSerializer.SerializeToElement(arguments);
        var call = new ToolCall("test", action, json.GetRawText(), "key-1") { Workspace = workspace };
        return new AdapterCall(RequestContext.ForSystem(tenant, DeploymentMode.Test), manifest, manifestAction, json, call, secrets ?? new Dictionary<string, string>());
    }

    internal async Task<AdapterAnswer> RunAsync(IAdapterKind kind, string action, object arguments, object? settings = null, string? workspace = null, ManifestLimits? limits = null)
    {
        if (kind is not (WorkspaceKind or WasmKind)) Need();
        var answer = await kind.ExecuteAsync(Call(kind.Kind, action, arguments, settings, workspace, limits), TestContext.Current.CancellationToken);
        TestContext.Current.TestOutputHelper?.WriteLine(answer.Text.Length > 2000 ? answer.Text[..2000] : answer.Text);
        return answer;
    }

    internal static async Task<Problem> RefusedAsync(Func<Task> act)
    {
        var problem = await Assert.ThrowsAsync<Problem>(act);
        TestContext.Current.TestOutputHelper?.WriteLine($"{problem.Code.Code}: {problem.Detail}");
        return problem;
    }

    internal static JsonElement Json(AdapterAnswer answer) => JsonDocument.Parse(answer.Structured!).RootElement;

    public void Dispose()
    {
        _modules.Dispose();
        Sandbox.Dispose();
        _launcher.Dispose();
        _data.Delete(recursive: true);
    }
}
