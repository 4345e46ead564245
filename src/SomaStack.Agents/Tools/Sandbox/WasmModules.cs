using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using SomaStack.Platform;
using Wasmtime;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Compiled modules by the SHA-256 of their bytes. They come from the manifest itself (base64) or from <c>DATA/wasm/SHA256.wasm</c>; what does not have the
/// hash is not run. The engine counts fuel, looks at the clock at every loop, and finds traps by explicit checks, so that the server's own
/// signal handlers stay as they are.
/// </summary>
internal sealed partial class WasmModules(SomaOptions options) : IDisposable
{
    public const int InlineBytesMax = 1 << 20;
    private const int FileBytesMax = 16 << 20;
    private const int Kept = 16;
    private const int StackBytes = 512 << 10;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly LinkedList<(string Hash, Lazy<Module> Module)> _modules = [];
    private readonly Lazy<Engine> _engine = new(static () => new Engine(new Config().WithFuelConsumption(true).WithEpochInterruption(true).WithMaximumStackSize(StackBytes).WithWasmThreads(false)
        .WithSignalsBasedTraps(false).WithCraneliftNaNCanonicalization(true).WithRelaxedSIMD(false, false)));
    private Timer? _ticks;
    private int _running;

    public Engine Engine => _engine.Value;

    public string Folder { get; } = Path.Combine(Path.GetFullPath(options.DataDirectory), "wasm");

    /// <summary>The engine's clock goes on while something runs.</summary>
    public IDisposable Running()
    {
        lock (_lock)
            if (++_running == 1) _ticks = new Timer(_ => Engine.IncrementEpoch(), null, Tick, Tick);
        return new Workspaces.Turn(() =>
        {
            lock (_lock)
                if (--_running == 0) _ticks!.Dispose();
        });
    }

    /// <exception cref="Problem">503 <c>wasm_module_missing</c>, 422 <c>wasm_module_refused</c>.</exception>
    public Module Find(JsonElement settings)
    {
        var hash = settings.Text("sha256")!;
        Lazy<Module> found;
        lock (_lock)
        {
            var node = _modules.First;
            while (node is not null && node.Value.Hash != hash) node = node.Next;
            // A module that was pushed out may be running still: its memory goes with the last who uses it.
            if (node is not null) _modules.Remove(node);
            else node = new((hash, new Lazy<Module>(() => Compile(hash, Bytes(hash, settings)))));
            _modules.AddFirst(node);
            if (_modules.Count > Kept) _modules.RemoveLast();
            found = node.Value.Module;
        }
        try
        {
            return found.Value;
        }
        catch (Problem)
        {
            // The file may be there the next time.
            lock (_lock) Remove(hash, found);
            throw;
        }
    }

    public static IEnumerable<FieldError> Check(JsonElement settings)
    {
        if (settings.Text("sha256") is not { } hash || !Hash().IsMatch(hash)) yield return new FieldError("settings.sha256", "must be the SHA-256 of the module, 64 hex digits in lower case");
        if (settings.Text("module") is { } inline && (inline.Length > InlineBytesMax / 3 * 4 + 4 || Decoded(inline) is not { } bytes || Convert.ToHexStringLower(SHA256.HashData(bytes)) != settings.Text("sha256")))
            yield return new FieldError("settings.module", $"must be base64 of at most {InlineBytesMax} bytes that have the hash 'sha256'");
    }

    public void Dispose()
    {
        _ticks?.Dispose();
        lock (_lock)
            foreach (var (_, module) in _modules)
                if (module.IsValueCreated) module.Value.Dispose();
        if (_engine.IsValueCreated) _engine.Value.Dispose();
    }

    private void Remove(string hash, Lazy<Module> module)
    {
        for (var node = _modules.First; node is not null; node = node.Next)
            if (node.Value.Hash == hash && node.Value.Module == module)
            {
                _modules.Remove(node);
                return;
            }
    }

    private byte[] Bytes(string hash, JsonElement settings)
    {
        if (settings.Text("module") is { } inline && Decoded(inline) is { } decoded) return Proven(hash, decoded);
        if (!Hash().IsMatch(hash)) throw SandboxProblems.ModuleRefused.Because("The manifest names no SHA-256.");
        var file = new FileInfo(Path.Combine(Folder, hash + ".wasm"));
        if (!file.Exists) throw SandboxProblems.ModuleMissing.Because($"There is no file {hash}.wasm.");
        if (file.Length > FileBytesMax) throw SandboxProblems.ModuleRefused.Because($"The module has more than {FileBytesMax} bytes.");
        return Proven(hash, File.ReadAllBytes(file.FullName));
    }

    private static byte[] Proven(string hash, byte[] bytes) =>
        Convert.ToHexStringLower(SHA256.HashData(bytes)) == hash ? bytes : throw SandboxProblems.ModuleRefused.Because("The module's bytes do not have the SHA-256 of the manifest.");

    private Module Compile(string hash, byte[] bytes)
    {
        try
        {
            return Module.FromBytes(Engine, hash, bytes);
        }
        catch (WasmtimeException exception)
        {
            throw SandboxProblems.ModuleRefused.Because("The module cannot be compiled: " + exception.Message.Split('\n')[0], exception);
        }
    }

    private static byte[]? Decoded(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) ? bytes[..length] : null;
    }

    [GeneratedRegex("^[0-9a-f]{64}$")]
    private static partial Regex Hash();
}
