using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace SomaStack.Agents.Tools;

/// <summary>One program behind the walls from its start to its end: fed, read within bounds, watched, and killed with all it started.</summary>
internal sealed partial class SandboxRun(Process process, SandboxCommand command, SafeFileHandle status) : IDisposable
{
    private const int ErrorBytesMax = 64 << 10;
    private const int FloodFactor = 8;
    private static readonly TimeSpan Watch = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Ending = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan LastBytes = TimeSpan.FromSeconds(5);

    private readonly SandboxLimits _limits = command.Limits;
    private readonly CancellationTokenSource _stop = new();
    private SandboxEnd _end = SandboxEnd.Exited;
    private bool _truncated;

    public async Task<SandboxResult> ToEndAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        using var cancelled = cancellationToken.Register(() => Stop(SandboxEnd.Exited));
        using var late = new Timer(_ => Stop(SandboxEnd.TimedOut), null, _limits.Wall, Timeout.InfiniteTimeSpan);
        var feeding = FeedAsync();
        var output = ReadAsync(process.StandardOutput.BaseStream, _limits.OutputBytes);
        var error = ReadAsync(process.StandardError.BaseStream, Math.Min(_limits.OutputBytes, ErrorBytesMax));
        var watching = WatchAsync();
        await process.WaitForExitAsync(CancellationToken.None);
        // All processes of the namespace end with its first; their pipes close then.
        var said = Task.WhenAll(output, error);
        if (await Task.WhenAny(said, Task.Delay(Grace, CancellationToken.None)) != said) KillOrphan();
        try
        {
            await said.WaitAsync(LastBytes, CancellationToken.None);
            await InsideEndedAsync();
        }
        finally
        {
            await _stop.CancelAsync();
            await Task.WhenAll(feeding, watching);
        }
        cancellationToken.ThrowIfCancellationRequested();
        if (_end == SandboxEnd.Exited && command.Workspace is { } workspace && !command.WorkspaceReadOnly && workspace.Measure().Exceeds(workspace.Quota)) _end = SandboxEnd.WorkspaceFull;
        return new SandboxResult(_end, process.ExitCode, await output, await error, _truncated, Stopwatch.GetElapsedTime(began));
    }

    public void Dispose() => _stop.Dispose();

    private async Task FeedAsync()
    {
        try
        {
            await process.StandardInput.BaseStream.WriteAsync(command.Input, _stop.Token);
            process.StandardInput.Close();
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It does not want to read all of it.
        }
    }

    private async Task<byte[]> ReadAsync(Stream stream, int limit)
    {
        using var kept = new MemoryStream();
        var buffer = new byte[16 << 10];
        long total = 0;
        int read;
        while ((read = await stream.ReadAsync(buffer, CancellationToken.None)) > 0)
        {
            total += read;
            var room = (int)Math.Min(read, limit - kept.Length);
            if (room > 0) kept.Write(buffer, 0, room);
            if (room < read) _truncated = true;
            if (total > (long)limit * FloodFactor) Stop(SandboxEnd.Flooded);
        }
        return kept.ToArray();
    }

    /// <summary>What the kernel does not sum up: the memory of all processes, and what they put into the workspace.</summary>
    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Watch);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                if (FirstInside() is { } first && MemoryOf(first) > _limits.MemoryBytes) Stop(SandboxEnd.MemoryExceeded);
                if (command is { Workspace: { } workspace, WorkspaceReadOnly: false } && workspace.Measure().Exceeds(workspace.Quota)) Stop(SandboxEnd.WorkspaceFull);
            }
        }
        catch (OperationCanceledException)
        {
            // It has ended.
        }
    }

    /// <summary>The first process inside takes all others with it. It is killed before the one outside that would reap it, so its number is still its own.</summary>
    private void Stop(SandboxEnd end)
    {
        lock (_stop)
        {
            try
            {
                if (process.HasExited) return;
                if (_end == SandboxEnd.Exited) _end = end;
                if (FirstInside() is { } first) Linux.Kill(first);
                process.Kill();
            }
            catch (Exception exception) when (exception is InvalidOperationException or Win32Exception)
            {
                // It has ended meanwhile.
            }
        }
    }

    /// <summary>
    /// Bubblewrap was killed in the moment in which its child had not yet asked to die with it. The number may be another's by now, so it is killed only
    /// when it is the first process of a namespace and bears bubblewrap's name.
    /// </summary>
    private void KillOrphan()
    {
        if (Orphan() is { } first) Linux.Kill(first);
    }

    /// <summary>
    /// Bubblewrap tells how the program ended a moment before the first process inside ends, and only with that one the kernel ends what was left
    /// running with its outputs elsewhere.
    /// </summary>
    private async Task InsideEndedAsync()
    {
        for (var since = Stopwatch.GetTimestamp(); Orphan() is { } first; await Task.Delay(Ending, CancellationToken.None))
            if (Stopwatch.GetElapsedTime(since) > LastBytes) Linux.Kill(first);
    }

    private int? Orphan()
    {
        if (FirstInside() is not { } first) return null;
        var state = Read($"/proc/{first}/status");
        return FirstOfNamespace().IsMatch(state) && !state.Contains("State:\tZ", StringComparison.Ordinal) && Read($"/proc/{first}/comm").Trim() == "bwrap" ? first : null;
    }

    private int? FirstInside()
    {
        Span<byte> text = stackalloc byte[512];
        try
        {
            var match = ChildPid().Match(Encoding.UTF8.GetString(text[..RandomAccess.Read(status, text, 0)]));
            return match.Success ? int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) : null;
        }
        catch (ObjectDisposedException)
        {
            return null;
        }
    }

    /// <summary>Pages that they hold alone or share, each counted once (Pss). Unknown, as of one that ends just now, counts nothing.</summary>
    private static long MemoryOf(int first)
    {
        long total = 0;
        var processes = new Queue<int>([first]);
        for (var seen = 0; seen < 4096 && processes.TryDequeue(out var process); seen++)
        {
            foreach (Match line in SharedMemory().Matches(Read($"/proc/{process}/smaps_rollup"))) total += long.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture) << 10;
            try
            {
                foreach (var thread in Directory.EnumerateDirectories($"/proc/{process}/task"))
                    foreach (var child in Read(thread + "/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)) processes.Enqueue(int.Parse(child, CultureInfo.InvariantCulture));
            }
            catch (DirectoryNotFoundException)
            {
                // It has ended.
            }
        }
        return total;
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    [GeneratedRegex(@"""child-pid"":\s*(\d+)")]
    private static partial Regex ChildPid();

    [GeneratedRegex(@"^NSpid:.*\t1$", RegexOptions.Multiline)]
    private static partial Regex FirstOfNamespace();

    [GeneratedRegex(@"^Pss_(?:Anon|Shmem):\s*(\d+) kB", RegexOptions.Multiline)]
    private static partial Regex SharedMemory();
}
