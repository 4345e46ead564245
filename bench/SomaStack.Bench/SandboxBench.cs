using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SomaStack.Agents.Tools;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;
using Wasmtime;

namespace SomaStack.Bench;

/// <summary>What the walls cost: a program that does nothing, beside the same program without them, and a module that does next to nothing.</summary>
public static class SandboxBench
{
    public static readonly Benchmark Benchmark = new("sandbox", "Time of an empty program behind the walls, with and without a workspace, and of a small wasm call.", RunAsync);

    private const string Nothing = """
        (module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1) (data (i32.const 16) "{}")
          (func (export "_start") (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 2)) (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
        """;

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var rounds = options.Rounds ?? 100;
        var data = Directory.CreateTempSubdirectory("soma-bench-sandbox-");
        try
        {
            var soma = new SomaOptions { DataDirectory = data.FullName };
            using var launcher = new LauncherThread();
            using var walls = new Bubblewrap(launcher, NullLogger<Bubblewrap>.Instance);
            if (walls.Unavailable is { } reason) throw new InvalidDataException(reason);
            var figures = new Dictionary<string, Figure>(StringComparer.Ordinal);
            var limits = new SandboxLimits(TimeSpan.FromSeconds(10), 5, 256 << 20, 32, 4096);
            var workspaces = new Workspaces(soma, TimeProvider.System);
            figures["bare_program"] = await TimesAsync(rounds, () => BareAsync(launcher, cancellationToken));
            options.Progress("bare programs done");
            figures["process"] = await TimesAsync(rounds, () => walls.RunAsync(new SandboxCommand("/usr/bin/true", [], limits), cancellationToken));
            options.Progress("programs behind walls done");
            figures["process_in_workspace"] = await TimesAsync(rounds, async () =>
            {
                using var workspace = await workspaces.OpenAsync("bench", "w", cancellationToken);
                await walls.RunAsync(new SandboxCommand("/usr/bin/true", [], limits) { Workspace = workspace }, cancellationToken);
            });
            using var modules = new WasmModules(soma);
            var (wasm, call) = (new WasmKind(modules, TimeProvider.System), WasmCall());
            await wasm.ExecuteAsync(call, cancellationToken);
            figures["wasm"] = await TimesAsync(rounds, () => wasm.ExecuteAsync(call, cancellationToken));
            return BenchResult.Of("sandbox", figures, new Dictionary<string, double>(StringComparer.Ordinal) { ["vs_bare_program"] = figures["process"].Median / figures["bare_program"].Median }, rounds);
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task<Figure> TimesAsync(int rounds, Func<Task> act)
    {
        var times = new List<double>(rounds);
        for (var i = 0; i < rounds; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await act();
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        return Figure.Of(times, "ms (p50, least, most)");
    }

    private static async Task BareAsync(LauncherThread launcher, CancellationToken cancellationToken)
    {
        using var program = await launcher.StartAsync(new ProcessStartInfo("/usr/bin/true") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true });
        await program.WaitForExitAsync(cancellationToken);
    }

    private static AdapterCall WasmCall()
    {
        var bytes = Module.ConvertText(Nothing);
        var settings = new Dictionary<string, string> { ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)), ["module"] = Convert.ToBase64String(bytes) };
        var none = JsonSerializer.SerializeToElement(new Dictionary<string, string>());
        var action = new ManifestAction("go", "", none, null, "low", true, true, null);
        var manifest = new Manifest("bench", "1.0.0", "wasm", "", [action], [], [], new ManifestLimits(), null, JsonSerializer.SerializeToElement(settings));
        return new AdapterCall(RequestContext.ForSystem("bench", DeploymentMode.Test), manifest, action, none, new ToolCall("bench", "go", "{}", "key"), new Dictionary<string, string>());
    }
}
