using System.Diagnostics;
using System.Text;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Runs a program of the system to its end: no shell, no inherited environment, a time limit, and it dies with the request.</summary>
internal static class ChildProgram
{
    private const int OutputMax = 1 << 20;

    /// <returns>What it wrote to its standard output, at most a mebibyte.</returns>
    /// <exception cref="Problem">502 <c>speech_failed</c> when it ends with an error, 504 <c>provider_timeout</c> past its limit.</exception>
    public static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan limit, TimeProvider clock, CancellationToken cancellationToken)
    {
        var name = Path.GetFileName(program);
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, StandardOutputEncoding = Encoding.UTF8, UseShellExecute = false, WorkingDirectory = Path.GetTempPath(),
        };
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/bin:/bin";
        start.Environment["LANG"] = "C.UTF-8";
        using var deadline = new CancellationTokenSource(limit, clock);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        using var process = Process.Start(start) ?? throw InferenceProblems.SpeechFailed.Because($"{name} did not start.");
        try
        {
            process.StandardInput.Close();
            var output = DrainAsync(process.StandardOutput, both.Token);
            await DrainAsync(process.StandardError, both.Token);
            var text = await output;
            await process.WaitForExitAsync(both.Token);
            return process.ExitCode == 0 ? text : throw InferenceProblems.SpeechFailed.Because($"{name} ended with exit code {process.ExitCode}.");
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw InferenceProblems.Timeout.Because($"{name} was not done after {limit.TotalSeconds:0} seconds.", exception);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Reads to the end, so that the program never waits on a full pipe, and keeps the beginning.</summary>
    private static async Task<string> DrainAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        var kept = new StringBuilder();
        var buffer = new char[4096];
        while (await reader.ReadAsync(buffer, cancellationToken) is var count and > 0)
            if (kept.Length < OutputMax) kept.Append(buffer, 0, count);
        return kept.ToString();
    }
}
