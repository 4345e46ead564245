using System.Collections.Concurrent;
using System.Diagnostics;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Starts programs from one thread that lives as long as the server. What is behind walls dies with its parent (PR_SET_PDEATHSIG), and to the
/// kernel the parent is the thread that started it: a thread of the pool may retire in the middle of a call. Source: prctl(2).
/// </summary>
internal sealed class LauncherThread : IDisposable
{
    private const int WaitingMax = 1024;

    private readonly BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Started)> _waiting = new(WaitingMax);

    public LauncherThread() => new Thread(Work) { IsBackground = true, Name = "soma-launcher" }.Start();

    public Task<Process> StartAsync(ProcessStartInfo start)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((start, started));
        return started.Task;
    }

    public void Dispose() => _waiting.CompleteAdding();

    private void Work()
    {
        foreach (var (start, started) in _waiting.GetConsumingEnumerable())
            try
            {
                Linux.CloseEverythingOnExec();
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or InvalidOperationException or IOException)
            {
                started.SetException(exception);
            }
    }
}
