using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace SomaStack.Cli;

/// <summary>A test that did not pass, with what it said.</summary>
internal sealed record FailedTest(string Test, string Reason);

/// <summary>What a run of contract suites came to. A test that would not run counts as failed, with its reason.</summary>
internal sealed record SuiteResult(string Server, int Passed, int Failed, IReadOnlyList<FailedTest> Failures);

/// <summary>One run of the contract suites, a program beside this one, on the tests that are about one server.</summary>
/// <param name="only">Part of the full names of the tests to run; null for all.</param>
/// <param name="failed">Told of each failure when it happens.</param>
internal sealed class SuiteRun(TestedServer server, string address, string? only, Action<FailedTest> failed)
{
    private const string Suite = "SomaStack.StoreTests";
    private const int Interrupt = 2;

    private readonly Dictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly List<FailedTest> _failures = [];
    private int _passed;

    /// <summary>The program with the suites: beside this one where it was published, else what the checkout has built; null for neither.</summary>
    public static IReadOnlyList<string>? Program()
    {
        var published = Path.Combine(AppContext.BaseDirectory, Suite);
        if (File.Exists(published)) return [published];
        var built = Checkout.Root() is { } root ? Path.Combine(root, "artifacts", "bin", Suite, "release", Suite + ".dll") : null;
        return File.Exists(built) ? ["dotnet", built] : null;
    }

    /// <param name="program">From <see cref="Program"/>.</param>
    public async Task<SuiteResult> RunAsync(IReadOnlyList<string> program, CancellationToken cancellationToken)
    {
        // The rows of a theory are told apart, or the filter would take them all; few threads, since the server is in use.
        var start = new ProcessStartInfo(program[0], [.. program.Skip(1), "-trait", "Server=" + server.Name, "-preEnumerateTheories", "-reporter", "json", "-noAutoReporters", "-noColor", "-maxThreads", "2", .. only is null ? [] : new[] { "-method", $"*{only}*" }])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Path.GetTempPath(),
        };
        // The address may hold a password: the environment of a process is its owner's to read, its arguments are everybody's.
        foreach (var other in TestedServer.All) start.Environment.Remove(other.Variable);
        start.Environment[server.Variable] = address;
        using var process = Process.Start(start)!;
        // It removes what it made before it ends, so it is asked to stop and not killed. A terminal's Ctrl-C reaches it too, and a second one would kill it.
        using var stop = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => _ = Kill(process.Id, Interrupt));
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        while (await process.StandardOutput.ReadLineAsync(CancellationToken.None) is { } line) Take(line);
        await process.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        if (process.ExitCode != 0 && _failures.Count == 0) Fail(Suite, $"It ended with exit code {process.ExitCode}. {(await error).Trim()}");
        return new SuiteResult(server.Name, _passed, _failures.Count, _failures);
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int process, int signal);

    /// <summary>One message of xUnit's reporter "json". What is no message is what a test printed.</summary>
    private void Take(string line)
    {
        if (!line.StartsWith("{\"$type\":", StringComparison.Ordinal)) return;
        using var message = JsonDocument.Parse(line);
        var root = message.RootElement;
        switch (root.GetProperty("$type").GetString())
        {
            case "test-starting":
                _names[Text(root, "TestUniqueID")] = Text(root, "TestDisplayName");
                break;
            case "test-passed":
                _passed++;
                break;
            case "test-failed":
                Fail(_names.GetValueOrDefault(Text(root, "TestUniqueID"), "a test"), Reason(root));
                break;
            case "test-skipped":
                Fail(_names.GetValueOrDefault(Text(root, "TestUniqueID"), "a test"), "It did not run: " + Text(root, "Reason"));
                break;
            case { } kind when root.TryGetProperty("ExceptionTypes", out _):
                // A fixture or the runner itself, at its beginning or while it removes what it made.
                Fail(kind, Reason(root));
                break;
        }
    }

    private void Fail(string test, string reason)
    {
        var failure = new FailedTest(test, server.Masked(reason, address));
        _failures.Add(failure);
        failed(failure);
    }

    private static string Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) ? value.GetString() ?? "" : "";

    private static string Reason(JsonElement root) =>
        string.Join(" <- ", root.GetProperty("ExceptionTypes").EnumerateArray().Zip(root.GetProperty("Messages").EnumerateArray(), static (type, text) => $"{type.GetString()}: {text.GetString()}"));
}
