using System.CommandLine;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SomaStack.Cli;

/// <summary>
/// Runs every suite, one after the other, and closes with what failed and the line that CI reads. What the suites need and this machine lacks is
/// installed from Debian when we are root; otherwise the command says what is missing and the tests that need it say why they skip.
/// </summary>
internal static partial class TestCommand
{
    private static readonly string[] Suites = ["SomaStack.Tests", "SomaStack.StoreTests", "SomaStack.EndToEndTests"];

    private static readonly (string Path, string Package)[] Needs =
    [
        ("/usr/lib/postgresql/15/bin/initdb", "postgresql-15"),
        ("/usr/bin/psql", "postgresql-client-15"),
        ("/usr/bin/redis-server", "redis-server"),
        ("/usr/bin/pocketsphinx_continuous", "pocketsphinx"),
        ("/usr/share/pocketsphinx/model/en-us/en-us", "pocketsphinx-en-us"),
        ("/usr/bin/flite", "flite"),
        ("/usr/bin/chromium", "chromium"),
        ("/usr/share/fonts/truetype/liberation", "fonts-liberation"),
        ("/usr/bin/bwrap", "bubblewrap"),
        ("/usr/bin/git", "git"),
    ];

    public static Command Create()
    {
        var command = new Command("test", "Run every test; the last line is 'N passed, N failed'.\n\nExample:\n  ./soma test");
        command.SetAction(async (_, cancellationToken) =>
        {
            var root = Checkout.Root() ?? throw new UsageException("This is no checkout of SomaStack: tests run from its sources.");
            await InstallAsync(cancellationToken);
            long passed = 0, failed = 0, skipped = 0;
            var failures = new FailedTests();
            foreach (var suite in Suites.Select(name => Suite(root, name)).Append(ConsoleChecks(root)).OfType<ProcessStartInfo>())
            {
                var counts = await RunAsync(suite, failures, cancellationToken);
                passed += counts.Passed;
                failed += counts.Failed;
                skipped += counts.Skipped;
            }
            foreach (var line in failures.Lines) Console.WriteLine(line);
            Console.WriteLine(skipped == 0 ? $"{passed} passed, {failed} failed" : $"{passed} passed, {failed} failed, {skipped} skipped");
            return failed == 0 && passed > 0 ? 0 : Failures.Failure;
        });
        return command;
    }

    private static async Task InstallAsync(CancellationToken cancellationToken)
    {
        var missing = Needs.Where(need => !Path.Exists(need.Path)).Select(need => need.Package).ToList();
        if (missing.Count == 0) return;
        if (Environment.UserName != "root")
        {
            await Console.Error.WriteLineAsync($"missing: {string.Join(' ', missing)} (install with: sudo apt-get install {string.Join(' ', missing)})");
            return;
        }
        await Console.Error.WriteLineAsync($"installing: {string.Join(' ', missing)}");
        await AptAsync(["update", "-qq"], cancellationToken);
        await AptAsync(["install", "-y", "-qq", "--no-install-recommends", .. missing], cancellationToken);
    }

    private static async Task AptAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("apt-get", arguments) { RedirectStandardOutput = true };
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        using var apt = Process.Start(start)!;
        await apt.StandardOutput.ReadToEndAsync(cancellationToken);
        await apt.WaitForExitAsync(cancellationToken);
        if (apt.ExitCode != 0) await Console.Error.WriteLineAsync($"apt-get {arguments[0]} exited with {apt.ExitCode}; tests that need what it brings will say so.");
    }

    private static ProcessStartInfo Suite(string root, string suite)
    {
        var binary = Path.Combine(root, "artifacts", "bin", suite, "release", suite + ".dll");
        if (!File.Exists(binary)) throw new UsageException($"{suite} is not built. Run the tests with: ./soma test");
        return new ProcessStartInfo("dotnet", [binary, "-noColor"]);
    }

    /// <summary>The console's own checks: lint, units, stories, size, and a browser against the built program. Without npm there is no console to check.</summary>
    private static ProcessStartInfo? ConsoleChecks(string root)
    {
        var folder = Path.Combine(root, "console");
        if (Directory.Exists(Path.Combine(folder, "node_modules"))) return new ProcessStartInfo("node", [Path.Combine(folder, "scripts", "check.mjs")]);
        Console.Error.WriteLine("The console is not checked: its packages are not installed, since npm is missing.");
        return null;
    }

    private static async Task<(long Passed, long Failed, long Skipped)> RunAsync(ProcessStartInfo start, FailedTests failures, CancellationToken cancellationToken)
    {
        (start.RedirectStandardOutput, start.WorkingDirectory) = (true, Checkout.Root());
        // Remapping each page of compiled code takes an eighth of the time of processes that live for seconds.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        using var run = Process.Start(start)!;
        (long Passed, long Failed, long Skipped) counts = (0, 0, 0);
        var summarised = false;
        while (await run.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            Console.WriteLine(line);
            failures.Read(line);
            if (Summary().Match(line) is not { Success: true } match) continue;
            summarised = true;
            var (total, errors, fails, skips, notRun) = (Number(match, 1), Number(match, 2), Number(match, 3), Number(match, 4), Number(match, 5));
            counts = (total - fails - skips - notRun, fails + errors, skips);
        }
        await run.WaitForExitAsync(cancellationToken);
        // A suite that crashed has failed, whatever it counted.
        return summarised && (run.ExitCode == 0 || counts.Failed > 0) ? counts : counts with { Failed = counts.Failed + 1 };
    }

    private static long Number(Match match, int group) => long.Parse(match.Groups[group].Value, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex(@"Total: (\d+), Errors: (\d+), Failed: (\d+), Skipped: (\d+), Not Run: (\d+)")]
    private static partial Regex Summary();
}
