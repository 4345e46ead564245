using System.Diagnostics;
using System.Text;
using SomaStack.Agents.Tools;

namespace SomaStack.Tests.Tools.Sandbox;

/// <summary>Programs that take all they can get.</summary>
public sealed class ExhaustionTests(Walls walls) : IClassFixture<Walls>
{
    private static readonly SandboxLimits Short = Walls.Limits with { Wall = TimeSpan.FromSeconds(2) };

    [Fact]
    public async Task A_fork_bomb_stops_at_the_limit_of_processes()
    {
        var (result, said) = await walls.PerlAsync("my $n = 0; while (1) { my $p = fork; if (!defined $p) { print \"$n then $!\\n\"; last } if ($p == 0) { sleep 30; exit } $n++; } exit 7", Walls.Limits with { Processes = 20 });
        Assert.Equal(7, result.ExitCode);
        Assert.Contains("then Resource temporarily unavailable", said, StringComparison.Ordinal);
        Assert.InRange(int.Parse(said.Split(' ')[0], null), 1, 20);
        var (bomb, _) = await walls.ShellAsync("bomb() { bomb | bomb & }; bomb; sleep 30", Short with { Processes = 20 });
        // The shell itself gives up when it cannot fork, or waits until the clock ends it.
        Assert.True(bomb.End == SandboxEnd.TimedOut || bomb.ExitCode != 0, $"{bomb.End} {bomb.ExitCode}");
    }

    [Fact]
    public async Task A_process_cannot_take_more_memory_than_it_may()
    {
        var (result, said) = await walls.PerlAsync("my $x = 'x' x (400 << 20); print 'HAS IT'");
        Assert.NotEqual(0, result.ExitCode);
        Assert.DoesNotContain("HAS IT", said, StringComparison.Ordinal);
        Assert.Contains("Out of memory", said, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_runtime_that_reserves_addresses_is_held_by_what_it_uses()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/node"), "There is no node.");
        var limits = Walls.Limits with { HoldsAddresses = false };
        var (result, said) = await walls.ShellAsync("try { Buffer.alloc(400 << 20, 1); console.log('HAS IT') } catch (e) { console.log(e.code ?? e.message); process.exit(3) }", limits, program: "/usr/bin/node", option: "-e");
        Assert.NotEqual(0, result.ExitCode);
        Assert.DoesNotContain("HAS IT", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_processes_cannot_take_together_what_one_may_not()
    {
        var (result, _) = await walls.PerlAsync("for (1..8) { if (!fork) { my $x = 'x' x (60 << 20); sleep 30; exit } } sleep 30", Walls.Limits with { MemoryBytes = 128L << 20 });
        Assert.Equal(SandboxEnd.MemoryExceeded, result.End);
    }

    [Fact]
    public async Task Memory_that_is_a_file_is_bounded_too()
    {
        var (_, said) = await walls.ShellAsync("for f in /tmp/big /dev/shm/big; do dd if=/dev/zero of=$f bs=1M count=300 2>&1 | tail -1; stat -c %s $f; done; for f in 1 2 3 4 5; do dd if=/dev/zero of=/tmp/f$f bs=1M count=60 2>&1 | tail -1; done");
        Assert.Contains("No space left", (await walls.ShellAsync("dd if=/dev/zero of=/dev/shm/x bs=1M count=60 2>&1")).Said, StringComparison.Ordinal);
        Assert.All(said.Split('\n').Where(line => line.Length > 0 && line.All(char.IsDigit)), size => Assert.InRange(long.Parse(size, null), 0, 64L << 20));
    }

    [Fact]
    public async Task Spinning_ends_by_processor_time_and_sleeping_by_the_clock()
    {
        var (spin, _) = await walls.ShellAsync("while :; do :; done", Walls.Limits with { CpuSeconds = 1 });
        Assert.Equal((SandboxEnd.Exited, 128 + 24), (spin.End, spin.ExitCode));
        Assert.True(spin.Took < TimeSpan.FromSeconds(15));
        var (stubborn, _) = await walls.ShellAsync("trap '' XCPU; while :; do :; done", Walls.Limits with { CpuSeconds = 1 });
        Assert.Equal(128 + 9, stubborn.ExitCode);
        var (sleep, _) = await walls.ShellAsync("trap '' TERM INT HUP; sleep 60; sleep 60", Short);
        Assert.Equal(SandboxEnd.TimedOut, sleep.End);
        Assert.InRange(sleep.Took.TotalSeconds, 1.9, 10);
    }

    [Fact]
    public async Task Output_is_cut_and_a_flood_is_stopped()
    {
        var limits = Walls.Limits with { OutputBytes = 1000 };
        var (cut, _) = await walls.ShellAsync("head -c 3000 /dev/zero | tr '\\0' a; echo end >&2", limits);
        Assert.Equal((SandboxEnd.Exited, 1000, true), (cut.End, cut.Output.Length, cut.Truncated));
        Assert.Equal("end\n", Encoding.UTF8.GetString(cut.Error));
        var (exact, _) = await walls.ShellAsync("head -c 1000 /dev/zero | tr '\\0' a", limits);
        Assert.Equal((1000, false), (exact.Output.Length, exact.Truncated));
        var (flood, _) = await walls.ShellAsync("yes", limits);
        Assert.Equal((SandboxEnd.Flooded, 1000), (flood.End, flood.Output.Length));
        Assert.True(flood.Took < TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_large_file_and_a_file_with_holes_end_at_the_limit_of_a_file()
    {
        using var workspace = await walls.Workspaces.OpenAsync("acme", "large", TestContext.Current.CancellationToken);
        var (result, said) = await walls.ShellAsync("dd if=/dev/zero of=big bs=1M count=20 2>&1; echo $?; truncate -s 1T holes; echo $?; stat -c %s big", Walls.Limits with { FileBytes = 10 << 20 }, workspace);
        Assert.Equal(SandboxEnd.Exited, result.End);
        Assert.Contains("153\n", said, StringComparison.Ordinal);
        Assert.Contains("\n10485760\n", said, StringComparison.Ordinal);
        Assert.InRange(workspace.Measure().Bytes, 10 << 20, 11 << 20);
    }

    [Theory]
    [InlineData("i=0; while :; do i=$((i+1)); : > f$i; done")]
    [InlineData("i=0; while :; do i=$((i+1)); head -c 2000000 /dev/zero > f$i; done")]
    [InlineData("while :; do mkdir d && cd d || exit; done")]
    [InlineData("i=0; while :; do i=$((i+1)); truncate -s 60M f$i; done")]
    public async Task A_workspace_that_is_filled_ends_the_program_and_is_removed_whole(string script)
    {
        using (var workspace = await walls.Workspaces.OpenAsync("acme", "full", TestContext.Current.CancellationToken))
        {
            var (result, _) = await walls.ShellAsync(script, workspace: workspace);
            Assert.Equal(SandboxEnd.WorkspaceFull, result.End);
            var full = Assert.Throws<Platform.Problem>(() => new WorkspaceFiles(workspace).Write("more", "x"u8, false, true));
            Assert.Equal("workspace_full", full.Code.Code);
        }
        await walls.Workspaces.DeleteAsync("acme", "full", TestContext.Current.CancellationToken);
        Assert.False(Directory.Exists(Path.Combine(walls.Workspaces.Root, "acme", "full")));
    }

    [Fact]
    public async Task Open_files_are_counted()
    {
        var (_, said) = await walls.PerlAsync("my @f; while (open(my $f, '<', '/dev/null')) { push @f, $f } print scalar(@f), \" then $!\\n\"", Walls.Limits with { OpenFiles = 50 });
        Assert.Contains("then Too many open files", said, StringComparison.Ordinal);
        Assert.InRange(int.Parse(said.Split(' ')[0], null), 10, 50);
    }

    [Fact]
    public async Task Limits_cannot_be_raised_from_inside()
    {
        var (_, said) = await walls.ShellAsync("ulimit -v unlimited; ulimit -t unlimited; prlimit --nproc=9999 --pid $$; prlimit --as --noheadings --raw -o HARD --pid $$");
        Assert.StartsWith($"{Walls.Limits.MemoryBytes}\n", said, StringComparison.Ordinal);
        Assert.Equal(3, said.Split("Operation not permitted").Length - 1);
    }

    [Fact]
    public async Task The_time_of_an_empty_call_is_told()
    {
        walls.Need();
        var times = new List<double>();
        for (var i = 0; i < 20; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await walls.Sandbox.RunAsync(new SandboxCommand("/usr/bin/true", [], Walls.Limits), TestContext.Current.CancellationToken);
            times.Add(Stopwatch.GetElapsedTime(began).TotalMilliseconds);
        }
        times.Sort();
        TestContext.Current.TestOutputHelper?.WriteLine($"an empty program behind the walls: p50 {times[10]:0.0} ms, least {times[0]:0.0}, most {times[^1]:0.0} (20 calls)");
        Assert.True(times[10] < 2000);
    }
}
