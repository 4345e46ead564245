using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using SomaStack.Platform;
using Wasmtime;

namespace SomaStack.Agents.Tools;

/// <summary>
/// All that a module sees of the world: bytes to read, two places to write to, a clock that shows when the call began and a random source that
/// is a function of the call's key. No file, no environment, no network, no real time: the same call gives the same result. Source: WASI preview 1,
/// module wasi_snapshot_preview1; errno and struct layouts from its witx files.
/// </summary>
internal sealed class WasiWorld(byte[] input, int outputMax, DateTimeOffset now, string key) : IDisposable
{
    public const string Module = "wasi_snapshot_preview1";

    private const int Success = 0, BadDescriptor = 8, Fault = 21, InvalidValue = 28, NotSeekable = 70, NotCapable = 76;
    private const int BuffersMax = 1024;
    private const int RandomMax = 64 << 10;
    private const int ErrorMax = 64 << 10;
    private const int FloodFactor = 8;
    private const byte CharacterDevice = 2;
    private static readonly byte[] Name = "module\0"u8.ToArray();

    /// <summary>The other functions of preview 1: a module may name them, and gets 'not capable' when it calls them.</summary>
    private static readonly HashSet<string> WithoutAuthority =
    [
        "fd_advise", "fd_allocate", "fd_datasync", "fd_fdstat_set_rights", "fd_filestat_set_size", "fd_filestat_set_times", "fd_pread", "fd_pwrite", "fd_readdir", "fd_renumber", "fd_sync",
        "path_create_directory", "path_filestat_get", "path_filestat_set_times", "path_link", "path_open", "path_readlink", "path_remove_directory", "path_rename", "path_symlink",
        "path_unlink_file", "poll_oneoff", "proc_raise", "sock_accept", "sock_recv", "sock_send", "sock_shutdown", "fd_fdstat_set_flags", "fd_tell",
    ];

    /// <summary>The parameters of what is answered here (i: i32, I: i64); each gives an i32 but proc_exit, which gives nothing.</summary>
    private static readonly Dictionary<string, string> Parameters = new()
    {
        ["args_sizes_get"] = "ii", ["args_get"] = "ii", ["environ_sizes_get"] = "ii", ["environ_get"] = "ii", ["sched_yield"] = "", ["fd_close"] = "i", ["clock_res_get"] = "ii", ["clock_time_get"] = "iIi",
        ["random_get"] = "ii", ["fd_read"] = "iiii", ["fd_write"] = "iiii", ["fd_seek"] = "iIii", ["fd_prestat_get"] = "ii", ["fd_prestat_dir_name"] = "iii", ["fd_fdstat_get"] = "ii", ["fd_filestat_get"] = "ii",
        ["proc_exit"] = "i",
    };

    private readonly MemoryStream _output = new();
    private readonly MemoryStream _error = new();
    private int _read;
    private long _clockReads;
    private long _randomBlocks;
    private long _written;

    public byte[] Output => _output.ToArray();

    public byte[] Error => _error.ToArray();

    public bool Truncated { get; private set; }

    public void Dispose()
    {
        _output.Dispose();
        _error.Dispose();
    }

    /// <summary>Gives the module what it imports.</summary>
    /// <exception cref="Problem">422 <c>wasm_module_refused</c> for what is not of WASI preview 1.</exception>
    public void Define(Linker linker, Module module)
    {
        foreach (var import in module.Imports)
        {
            if (import is not FunctionImport function || import.ModuleName != Module || !HasItsTypes(function) || Handler(import.Name) is not { } handler)
                throw SandboxProblems.ModuleRefused.Because($"The module imports '{import.ModuleName}.{import.Name}', which nobody gives it.");
            linker.DefineFunction(import.ModuleName, import.Name, (caller, arguments, results) =>
            {
                var answer = handler(new Call(caller, arguments));
                if (results.Length > 0) results[0] = answer;
            }, function.Parameters, function.Results);
        }
    }

    /// <summary>Handlers read what they were promised; another signature under the same name is another function.</summary>
    private static bool HasItsTypes(FunctionImport function) => Parameters.TryGetValue(function.Name, out var parameters)
        ? string.Concat(function.Parameters.Select(static kind => kind switch { ValueKind.Int32 => 'i', ValueKind.Int64 => 'I', _ => '?' })) == parameters
            && function.Results.SequenceEqual(function.Name == "proc_exit" ? [] : [ValueKind.Int32])
        : function.Results is [ValueKind.Int32];

    private Func<Call, int>? Handler(string name) => name switch
    {
        "args_sizes_get" => call => call.Put32(0, 1) && call.Put32(1, (uint)Name.Length) ? Success : Fault,
        "args_get" => call => call.Put32(0, (uint)call.Int(1)) && call.Put(call.Int(1), Name) ? Success : Fault,
        "environ_sizes_get" => call => call.Put32(0, 0) && call.Put32(1, 0) ? Success : Fault,
        "environ_get" or "sched_yield" or "fd_close" => static _ => Success,
        "clock_res_get" => call => call.Put64(1, 1000) ? Success : Fault,
        "clock_time_get" => call => call.Put64(2, Clock()) ? Success : Fault,
        "random_get" => Random,
        "fd_read" => Read,
        "fd_write" => Write,
        "fd_seek" => static _ => NotSeekable,
        "fd_prestat_get" or "fd_prestat_dir_name" => static _ => BadDescriptor,
        "fd_fdstat_get" => static call => call.Int(0) is < 0 or > 2 ? BadDescriptor : call.Put(call.Int(1), [CharacterDevice, .. new byte[23]]) ? Success : Fault,
        "fd_filestat_get" => static call => call.Int(0) is < 0 or > 2 ? BadDescriptor : call.Put(call.Int(1), [.. new byte[16], CharacterDevice, .. new byte[47]]) ? Success : Fault,
        "proc_exit" => static call => throw new WasmExit(call.Int(0)),
        _ => WithoutAuthority.Contains(name) ? static _ => NotCapable : null,
    };

    /// <summary>Each look is a microsecond later, so that programs that wait for time to pass see it pass.</summary>
    private ulong Clock() => (ulong)((now.ToMicros() + _clockReads++) * 1000);

    private int Random(Call call)
    {
        var length = call.Int(1);
        if (length is < 0 or > RandomMax) return InvalidValue;
        if (!call.TryGet(call.Int(0), length, out var target)) return Fault;
        var seed = Encoding.UTF8.GetBytes(key);
        while (!target.IsEmpty)
        {
            var block = SHA256.HashData([.. seed, .. BitConverter.GetBytes(_randomBlocks++)]);
            var part = Math.Min(block.Length, target.Length);
            block.AsSpan(0, part).CopyTo(target);
            target = target[part..];
        }
        return Success;
    }

    private int Read(Call call)
    {
        if (call.Int(0) != 0) return BadDescriptor;
        if (call.Int(2) is < 0 or > BuffersMax) return InvalidValue;
        uint total = 0;
        for (var i = 0; i < call.Int(2); i++)
        {
            if (!call.TryGetBuffer(i, out var buffer)) return Fault;
            var part = Math.Min(buffer.Length, input.Length - _read);
            input.AsSpan(_read, part).CopyTo(buffer);
            _read += part;
            total += (uint)part;
        }
        return call.Put32(3, total) ? Success : Fault;
    }

    private int Write(Call call)
    {
        var (to, limit) = call.Int(0) switch { 1 => (_output, outputMax), 2 => (_error, Math.Min(outputMax, ErrorMax)), _ => (null, 0) };
        if (to is null) return BadDescriptor;
        if (call.Int(2) is < 0 or > BuffersMax) return InvalidValue;
        uint total = 0;
        for (var i = 0; i < call.Int(2); i++)
        {
            if (!call.TryGetBuffer(i, out var buffer)) return Fault;
            var room = (int)Math.Min(buffer.Length, limit - to.Length);
            to.Write(buffer[..room]);
            Truncated |= room < buffer.Length;
            total += (uint)buffer.Length;
        }
        if ((_written += total) > (long)outputMax * FloodFactor) throw new WasmFlood();
        return call.Put32(3, total) ? Success : Fault;
    }

    /// <summary>One call of the module: its arguments, and its memory within bounds.</summary>
    private readonly ref struct Call(Caller caller, ReadOnlySpan<ValueBox> arguments)
    {
        private readonly Caller _caller = caller;
        private readonly ReadOnlySpan<ValueBox> _arguments = arguments;

        public int Int(int index) => _arguments[index].AsInt32();

        /// <summary>At the address that an argument holds.</summary>
        public bool Put32(int index, uint value)
        {
            if (!TryGet(Int(index), 4, out var at)) return false;
            BinaryPrimitives.WriteUInt32LittleEndian(at, value);
            return true;
        }

        public bool Put64(int index, ulong value)
        {
            if (!TryGet(Int(index), 8, out var at)) return false;
            BinaryPrimitives.WriteUInt64LittleEndian(at, value);
            return true;
        }

        public bool Put(int address, ReadOnlySpan<byte> bytes) => TryGet(address, bytes.Length, out var at) && bytes.TryCopyTo(at);

        /// <summary>The buffer that the i-th of the list of (address, length) pairs names.</summary>
        public bool TryGetBuffer(int i, out Span<byte> buffer)
        {
            buffer = default;
            if (!TryGet((int)((uint)Int(1) + (uint)(i * 8)), 8, out var pair)) return false;
            var length = BinaryPrimitives.ReadUInt32LittleEndian(pair[4..]);
            return length <= int.MaxValue && TryGet((int)BinaryPrimitives.ReadUInt32LittleEndian(pair), (int)length, out buffer);
        }

        public bool TryGet(int address, int length, out Span<byte> span)
        {
            span = default;
            return _caller.GetMemory("memory") is { } memory && (uint)address + (long)length <= memory.GetLength() && _caller.TryGetMemorySpan("memory", (uint)address, length, out span);
        }
    }
}

/// <summary>The module asked to end.</summary>
internal sealed class WasmExit(int code) : Exception
{
    public int Code { get; } = code;
}

internal sealed class WasmFlood : Exception;

/// <summary>Time is up, or nobody waits any more.</summary>
internal sealed class WasmStopped : Exception;
