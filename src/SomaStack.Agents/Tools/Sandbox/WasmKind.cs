using System.Diagnostics;
using System.Text;
using System.Text.Json;
using SomaStack.Platform;
using Wasmtime;

namespace SomaStack.Agents.Tools;

/// <summary>
/// A WebAssembly module as a WASI command: the arguments as JSON on standard input, the result as JSON on standard output, 0 as its exit code. Settings:
/// <c>sha256</c>, <c>module</c> (base64; else the file of that hash), <c>export</c> (<c>_start</c>), <c>fuel</c>. It has memory, fuel and time within limits, and no authority at all.
/// </summary>
internal sealed class WasmKind(WasmModules modules, TimeProvider clock) : IAdapterKind
{
    private const ulong FuelPerCpuSecond = 1_000_000_000;
    private const int TableElements = 65_536;

    private readonly Lazy<string?> _unavailable = new(() => WhyNot(modules));

    public string Kind => "wasm";

    public string? Unavailable => _unavailable.Value;

    public IReadOnlyList<FieldError> Check(Manifest manifest)
    {
        var errors = new List<FieldError>(ProcessChecks.Limits(manifest));
        errors.AddRange(WasmModules.Check(manifest.Settings));
        foreach (var action in manifest.Actions)
            if (Given.Setting(manifest, action, "fuel") is { } fuel && !(fuel.ValueKind == JsonValueKind.Number && fuel.TryGetInt64(out var amount) && amount > 0)) errors.Add(new FieldError($"actions.{action.Name}.settings.fuel", "must be a positive number"));
        return errors;
    }

    public async Task<AdapterAnswer> ExecuteAsync(AdapterCall call, CancellationToken cancellationToken)
    {
        if (Unavailable is { } reason) throw ToolProblems.Unavailable.Because(reason);
        var wall = SandboxLimits.Of(call.Manifest, call.Call.TimeLimit).Wall;
        var began = Stopwatch.GetTimestamp();
        var module = await CompiledAsync(call.Manifest.Settings, wall, cancellationToken);
        return await Aside(() => Run(call, module, began, wall, cancellationToken));
    }

    /// <summary>Compiling cannot be interrupted: nobody waits for it longer than for the call, and it is kept for the next one.</summary>
    private async Task<Module> CompiledAsync(JsonElement settings, TimeSpan wall, CancellationToken cancellationToken)
    {
        try
        {
            return await Aside(() => modules.Find(settings)).WaitAsync(wall, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw ToolProblems.Timeout.Because("The module took too long to compile; it is kept for the next call.", exception);
        }
    }

    /// <summary>On a thread of its own: the pool's are for work that ends at once.</summary>
    private static Task<T> Aside<T>(Func<T> work) => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private AdapterAnswer Run(AdapterCall call, Module module, long began, TimeSpan wall, CancellationToken cancellationToken)
    {
        var limits = call.Manifest.Limits;
        using var world = new WasiWorld(Encoding.UTF8.GetBytes(call.Arguments.GetRawText()), limits.OutputBytes, clock.GetUtcNow(), $"{call.Context.Tenant}\n{call.Call.Key}");
        using var running = modules.Running();
        using var linker = new Linker(modules.Engine);
        using var store = new Store(modules.Engine);
        store.SetLimits((long)limits.MemoryMegabytes << 20, TableElements, 1, 4, 1);
        store.Fuel = Given.Setting(call.Manifest, call.Action, "fuel") is { } fuel ? (ulong)fuel.GetInt64() : (ulong)limits.CpuSeconds * FuelPerCpuSecond;
        store.SetEpochDeadlineCallback(_ => cancellationToken.IsCancellationRequested || Stopwatch.GetElapsedTime(began) > wall ? throw new WasmStopped() : 1UL);
        store.SetEpochDeadline(1);
        world.Define(linker, module);
        var (code, fault) = (0, (string?)null);
        try
        {
            var instance = linker.Instantiate(store, module);
            var export = Given.Setting(call.Manifest, call.Action, "export") is { ValueKind: JsonValueKind.String } name ? name.GetString()! : "_start";
            var start = instance.GetAction(export) ?? throw SandboxProblems.ModuleRefused.Because($"The module has no export '{export}' without parameters and results.");
            start();
        }
        catch (WasmtimeException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            (code, fault) = Ended(exception, wall);
        }
        return Answer(world, code, fault);
    }

    /// <summary>Why it ended; what it is to blame for is an answer, what the walls did is a refusal.</summary>
    private static (int Code, string? Fault) Ended(WasmtimeException exception, TimeSpan wall)
    {
        for (Exception? cause = exception; cause is not null; cause = cause.InnerException)
            switch (cause)
            {
                case WasmExit exit: return (exit.Code, null);
                case WasmStopped: throw ToolProblems.Timeout.Because($"The module was stopped after {wall.TotalSeconds:0.0} s.", exception);
                case WasmFlood: throw SandboxProblems.OutputFlood.Because("The module was stopped since it wrote without end.", exception);
                case TrapException { Type: TrapCode.OutOfFuel }: return (-1, "the fuel is used up");
                case TrapException trap: return (-1, $"trap: {trap.Type}");
            }
        return (-1, exception.Message.Split('\n')[0]);
    }

    private static AdapterAnswer Answer(WasiWorld world, int code, string? fault)
    {
        var said = Encoding.UTF8.GetString(world.Error);
        if (fault is not null || code != 0) return new AdapterAnswer(true, $"The module ended: {fault ?? $"exit code {code}"}.{(said.Length == 0 ? "" : "\n[stderr]\n" + said)}", null, world.Truncated);
        if (world.Truncated) return new AdapterAnswer(true, "The module wrote more than it may, so its result is not whole.", null, true);
        if (ProcessChecks.TryText(world.Output, false) is not { } text) return new AdapterAnswer(true, "The module's result is no UTF-8.");
        try
        {
            using var json = JsonDocument.Parse(text);
            return new AdapterAnswer(false, text, text);
        }
        catch (JsonException)
        {
            return new AdapterAnswer(true, "The module's result is no JSON:\n" + text);
        }
    }

    private static string? WhyNot(WasmModules modules)
    {
        try
        {
            _ = modules.Engine;
            return null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException or BadImageFormatException)
        {
            return "Wasmtime cannot be loaded on this machine: " + exception.Message;
        }
    }
}
