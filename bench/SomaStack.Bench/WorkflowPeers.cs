using System.Diagnostics;
using System.Globalization;

namespace SomaStack.Bench;

/// <summary>Another durable engine in a process of its own, that runs rounds of two-step runs when it is told to.</summary>
internal sealed class WorkflowPeer : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string? _folder;

    private WorkflowPeer(Process process, string? folder) => (_process, _folder) = (process, folder);

    /// <param name="postgres">As ours, another database of the same server.</param>
    public static Task<WorkflowPeer> StartDbosAsync(string folder, string postgres, CancellationToken cancellationToken) =>
        StartAsync("node", ["dbos.mjs", postgres.Replace("postgres://", "postgresql://", StringComparison.Ordinal)], folder, null, cancellationToken);

    /// <summary>
    /// Its server tries to call home when it starts, so it and its caller are in a network of their own. They end when their standard input does; bwrap's
    /// --die-with-parent would end them with the thread that started them.
    /// </summary>
    public static Task<WorkflowPeer> StartRestateAsync(string folder, CancellationToken cancellationToken)
    {
        var data = Directory.CreateTempSubdirectory("soma-bench-restate-").FullName;
        return StartAsync("bwrap", ["--dev-bind", "/", "/", "--unshare-net", "node", "restate.mjs", data], folder, data, cancellationToken);
    }

    /// <returns>Milliseconds for so many runs, as the engine's own process measures them.</returns>
    public async Task<double> RoundAsync(int runs, int inFlight, CancellationToken cancellationToken)
    {
        await _process.StandardInput.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{runs} {inFlight}").AsMemory(), cancellationToken);
        await _process.StandardInput.FlushAsync(cancellationToken);
        return double.Parse(await LineAsync(_process, cancellationToken), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        if (_folder is not null) Directory.Delete(_folder, recursive: true);
    }

    private static async Task<WorkflowPeer> StartAsync(string program, string[] arguments, string folder, string? data, CancellationToken cancellationToken)
    {
        var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true })!;
        while (await LineAsync(process, cancellationToken) != "ready")
        {
            // What it says of itself before.
        }
        return new WorkflowPeer(process, data);
    }

    private static async Task<string> LineAsync(Process process, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromMinutes(2));
        return await process.StandardOutput.ReadLineAsync(patience.Token) ?? throw new InvalidOperationException($"{process.StartInfo.FileName} ended before it answered.");
    }
}
