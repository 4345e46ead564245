using System.Diagnostics;
using System.Security.Cryptography;
using SomaStack.Agents.Tools;
using Wasmtime;

namespace SomaStack.Tests.Tools.Sandbox;

/// <summary>Modules as text, compiled by Wasmtime: a command that works, and those that do not want to end.</summary>
public sealed class WasmKindTests(Walls walls) : IClassFixture<Walls>
{
    /// <summary>Reads standard input, then writes {"got":INPUT}.</summary>
    private const string Echo = """
        (module
          (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 2)
          (data (i32.const 100) "{\"got\":") (data (i32.const 110) "}")
          (func (export "_start")
            (i32.store (i32.const 0) (i32.const 1000)) (i32.store (i32.const 4) (i32.const 60000))
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (i32.store (i32.const 16) (i32.const 100)) (i32.store (i32.const 20) (i32.const 7))
            (i32.store (i32.const 24) (i32.const 1000)) (i32.store (i32.const 28) (i32.load (i32.const 8)))
            (i32.store (i32.const 32) (i32.const 110)) (i32.store (i32.const 36) (i32.const 1))
            (drop (call $write (i32.const 1) (i32.const 16) (i32.const 3) (i32.const 12)))))
        """;

    private static Dictionary<string, object> Settings(string text, object? more = null)
    {
        var bytes = Module.ConvertText(text);
        var settings = new Dictionary<string, object> { ["sha256"] = Convert.ToHexStringLower(SHA256.HashData(bytes)), ["module"] = Convert.ToBase64String(bytes) };
        foreach (var property in more?.GetType().GetProperties() ?? []) settings[property.Name] = property.GetValue(more)!;
        return settings;
    }

    private Task<AdapterAnswer> RunAsync(string text, object? more = null, ManifestLimits? limits = null, object? arguments = null) =>
        walls.RunAsync(walls.Wasm, "go", arguments ?? new { }, Settings(text, more), limits: limits);

    [Fact]
    public async Task A_command_gets_its_arguments_and_gives_its_result()
    {
        var answer = await RunAsync(Echo, arguments: new { n = 5, text = "ü" });
        Assert.Equal("{\"got\":{\"n\":5,\"text\":\"\\u00FC\"}}", answer.Structured);
        Assert.False(answer.IsError);
    }

    [Fact]
    public async Task A_spin_loop_ends_by_fuel_or_by_the_clock()
    {
        const string spin = """(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))""";
        var fuel = await RunAsync(spin, new { fuel = 1_000_000 });
        Assert.Equal((true, "The module ended: the fuel is used up."), (fuel.IsError, fuel.Text));
        var began = Stopwatch.GetTimestamp();
        var late = await Walls.RefusedAsync(() => RunAsync(spin, new { fuel = long.MaxValue }, new ManifestLimits(TimeoutSeconds: 1)));
        Assert.Equal("tool_timeout", late.Code.Code);
        Assert.InRange(Stopwatch.GetElapsedTime(began).TotalSeconds, 0.9, 10);
    }

    [Fact]
    public async Task A_cancelled_module_ends()
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        var call = Walls.Call("wasm", "go", new { }, Settings("""(module (memory (export "memory") 1) (func (export "_start") (loop (br 0))))""", new { fuel = long.MaxValue }));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => walls.Wasm.ExecuteAsync(call, stop.Token));
    }

    [Fact]
    public async Task Memory_grows_to_its_limit_and_no_further()
    {
        // Grows by 1 MiB until it is refused, then exits with the number of MiB it got.
        var answer = await RunAsync("""
            (module
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 16)
              (func (export "_start") (local $n i32)
                (loop (if (i32.ne (memory.grow (i32.const 16)) (i32.const -1)) (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br 1))))
                (call $exit (local.get $n))))
            """, limits: new ManifestLimits(MemoryMegabytes: 32));
        Assert.Equal("The module ended: exit code 31.", answer.Text);
        Assert.True((await RunAsync("""(module (memory (export "memory") 1000) (func (export "_start")))""", limits: new ManifestLimits(MemoryMegabytes: 32))).IsError);
    }

    [Theory]
    [InlineData("""(module (func $f (call $f)) (func (export "_start") (call $f)))""", "StackOverflow")]
    [InlineData("""(module (func (export "_start") unreachable))""", "Unreachable")]
    [InlineData("""(module (memory (export "memory") 1) (func (export "_start") (drop (i32.load (i32.const 0x7fffffff)))))""", "MemoryOutOfBounds")]
    [InlineData("""(module (func (export "_start") (drop (i32.div_s (i32.const 1) (i32.const 0)))))""", "IntegerDivisionByZero")]
    public async Task A_trap_is_an_answer(string text, string trap)
    {
        var answer = await RunAsync(text);
        Assert.Equal((true, $"The module ended: trap: {trap}."), (answer.IsError, answer.Text));
    }

    [Fact]
    public async Task Tables_and_instances_are_limited()
    {
        var answer = await RunAsync("""
            (module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 1) (table $t 1 funcref)
              (func (export "_start") (call $exit (i32.eq (table.grow $t (ref.null func) (i32.const 10000000)) (i32.const -1)))))
            """);
        Assert.Equal("The module ended: exit code 1.", answer.Text);
    }

    [Theory]
    [InlineData("""(module (import "env" "system" (func)) (memory (export "memory") 1) (func (export "_start")))""", "env.system")]
    [InlineData("""(module (import "wasi_snapshot_preview1" "fd_open_everything" (func)) (func (export "_start")))""", "fd_open_everything")]
    [InlineData("""(module (import "wasi_snapshot_preview1" "fd_write" (memory 1)) (func (export "_start")))""", "fd_write")]
    [InlineData("""(module (import "wasi_snapshot_preview1" "fd_write" (func (param f64) (result i32))) (func (export "_start")))""", "fd_write")]
    [InlineData("""(module (import "wasi_snapshot_preview1" "path_open" (func (result f64))) (func (export "_start")))""", "path_open")]
    [InlineData("""(module (func (export "other")))""", "_start")]
    [InlineData("""(module (func (export "_start") (param i32)))""", "_start")]
    public async Task What_is_no_command_is_refused_and_said(string text, string named)
    {
        var problem = await Walls.RefusedAsync(() => RunAsync(text));
        Assert.Equal("wasm_module_refused", problem.Code.Code);
        Assert.Contains(named, problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_file_network_or_environment_is_reached()
    {
        // Opens a path below each descriptor from 3 to 9, then asks for the environment; exits with 100 when all were refused and it is empty.
        var answer = await RunAsync("""
            (module
              (import "wasi_snapshot_preview1" "path_open" (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 1) (data (i32.const 100) "/etc/passwd")
              (func (export "_start") (local $fd i32)
                (local.set $fd (i32.const 3))
                (loop
                  (if (i32.ne (call $open (local.get $fd) (i32.const 1) (i32.const 100) (i32.const 11) (i32.const 0) (i64.const -1) (i64.const -1) (i32.const 0) (i32.const 0)) (i32.const 76))
                    (then (call $exit (i32.const 1))))
                  (if (i32.ne (call $prestat (local.get $fd) (i32.const 0)) (i32.const 8)) (then (call $exit (i32.const 2))))
                  (local.set $fd (i32.add (local.get $fd) (i32.const 1)))
                  (br_if 0 (i32.lt_s (local.get $fd) (i32.const 10))))
                (if (i32.ne (call $accept (i32.const 3) (i32.const 0) (i32.const 0)) (i32.const 76)) (then (call $exit (i32.const 3))))
                (drop (call $environ (i32.const 0) (i32.const 4)))
                (call $exit (i32.add (i32.const 100) (i32.load (i32.const 0))))))
            """);
        Assert.Equal("The module ended: exit code 100.", answer.Text);
    }

    [Fact]
    public async Task Clock_and_chance_are_functions_of_the_call()
    {
        const string text = """
            (module
              (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "clock_time_get" (func $clock (param i32 i64 i32) (result i32)))
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 1)
              (func (export "_start")
                (drop (call $random (i32.const 0) (i32.const 64)))
                (drop (call $clock (i32.const 0) (i64.const 1) (i32.const 64)))
                (if (i64.ne (i64.load (i32.const 64)) (i64.const 1793534400000000000)) (then (call $exit (i32.const 99))))
                (call $exit (i32.add (i32.const 1000) (i32.load8_u (i32.const 63))))))
            """;
        var now = walls.Clock.GetUtcNow().ToUnixTimeMilliseconds() * 1_000_000;
        var fixedText = text.Replace("1793534400000000000", now.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var one = await RunAsync(fixedText);
        Assert.Matches(@"exit code 1\d\d\d\.$", one.Text);
        Assert.Equal(one.Text, (await RunAsync(fixedText)).Text);
    }

    [Fact]
    public async Task Output_is_bounded()
    {
        static string Write(int times) => $$"""
            (module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 2)
              (func (export "_start") (local $n i32)
                (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 60000))
                (loop (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
                  (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if 0 (i32.lt_s (local.get $n) (i32.const {{times}}))))))
            """;
        var cut = await RunAsync(Write(3), limits: new ManifestLimits(OutputBytes: 100_000));
        Assert.Equal((true, true), (cut.IsError, cut.Truncated));
        Assert.Equal("tool_output_flood", (await Walls.RefusedAsync(() => RunAsync(Write(100_000), limits: new ManifestLimits(OutputBytes: 100_000)))).Code.Code);
    }

    [Fact]
    public async Task Addresses_outside_its_memory_are_refused_by_the_server()
    {
        var answer = await RunAsync("""
            (module (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
              (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
              (memory (export "memory") 1)
              (func (export "_start")
                (i32.store (i32.const 0) (i32.const -16)) (i32.store (i32.const 4) (i32.const 100))
                (if (i32.ne (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 21)) (then (call $exit (i32.const 1))))
                (if (i32.ne (call $write (i32.const 1) (i32.const -4) (i32.const 1) (i32.const 8)) (i32.const 21)) (then (call $exit (i32.const 2))))
                (if (i32.ne (call $random (i32.const 65530) (i32.const 100)) (i32.const 21)) (then (call $exit (i32.const 3))))
                (if (i32.ne (call $random (i32.const 0) (i32.const -1)) (i32.const 28)) (then (call $exit (i32.const 4))))
                (call $exit (i32.const 50))))
            """);
        Assert.Equal("The module ended: exit code 50.", answer.Text);
    }

    [Fact]
    public async Task A_module_comes_from_a_file_by_its_hash_and_only_with_it()
    {
        var bytes = Module.ConvertText(Echo + " ");
        var hash = Convert.ToHexStringLower(SHA256.HashData([.. bytes, 0]));
        var folder = Path.Combine(walls.Data, "wasm");
        Assert.Equal("wasm_module_missing", (await Walls.RefusedAsync(() => walls.RunAsync(walls.Wasm, "go", new { }, new { sha256 = hash }))).Code.Code);
        Directory.CreateDirectory(folder);
        await File.WriteAllBytesAsync(Path.Combine(folder, hash + ".wasm"), bytes, TestContext.Current.CancellationToken);
        Assert.Equal("wasm_module_refused", (await Walls.RefusedAsync(() => walls.RunAsync(walls.Wasm, "go", new { }, new { sha256 = hash }))).Code.Code);
        var right = Convert.ToHexStringLower(SHA256.HashData(bytes));
        await File.WriteAllBytesAsync(Path.Combine(folder, right + ".wasm"), bytes, TestContext.Current.CancellationToken);
        Assert.False((await walls.RunAsync(walls.Wasm, "go", new { }, new { sha256 = right })).IsError);
        Assert.NotEmpty(walls.Wasm.Check(Walls.Call("wasm", "go", new { }, new { sha256 = hash, module = Convert.ToBase64String(bytes) }).Manifest));
        Assert.NotEmpty(walls.Wasm.Check(Walls.Call("wasm", "go", new { }, new { sha256 = "../../etc/passwd" }).Manifest));
        Assert.Empty(walls.Wasm.Check(Walls.Call("wasm", "go", new { }, Settings(Echo)).Manifest));
    }

    [Fact]
    public async Task The_time_of_a_call_is_told()
    {
        var settings = Settings(Echo);
        var times = new List<double>();
        for (var i = 0; i < 50; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await walls.Wasm.ExecuteAsync(Walls.Call("wasm", "go", new { i }, settings), TestContext.Current.CancellationToken);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        times.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine($"a wasm call: p50 {times[25]:0.00} ms, least {times[0]:0.00}, most {times[^1]:0.0} (50 calls, the first compiles)");
        Assert.True(times[25] < 1000);
    }
}
