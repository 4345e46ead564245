using System.Diagnostics;
using SomaStack.Agents.Tools;

namespace SomaStack.Tests.Tools.Sandbox;

/// <summary>The same attacks from a server that is not root: these tests run again as another user when root runs them.</summary>
public sealed class UnprivilegedTests
{
    private const string User = "65431";

    [Fact]
    public async Task The_walls_stand_for_a_server_that_is_not_root()
    {
        Assert.SkipUnless(Linux.IsRoot, "These tests run as an ordinary user already: the other classes prove it.");
        Assert.SkipUnless(File.Exists("/usr/bin/bwrap"), "There is no /usr/bin/bwrap.");
        var program = Path.Combine(AppContext.BaseDirectory, "SomaStack.Tests.dll");
        var home = Directory.CreateTempSubdirectory("soma-unprivileged-");
        try
        {
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(home.FullName, (UnixFileMode)0x1FF);
            var dotnet = Environment.ProcessPath is { } path && Path.GetFileName(path) == "dotnet" ? path : "dotnet";
            string[] classes = ["EscapeTests", "ExhaustionTests", "GitKindTests", "WorkspaceTests"];
            string[] arguments = ["--reuid", User, "--regid", User, "--clear-groups", "--", dotnet, program, "-noColor", .. classes.SelectMany(name => (string[])["-class", "SomaStack.Tests.Tools.Sandbox." + name])];
            var start = new ProcessStartInfo("/usr/bin/setpriv", arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = home.FullName };
            (start.Environment["HOME"], start.Environment["TMPDIR"]) = (home.FullName, home.FullName);
            using var run = Process.Start(start)!;
            var error = run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await run.WaitForExitAsync(TestContext.Current.CancellationToken);
            TestContext.Current.TestOutputHelper?.WriteLine(output + await error);
            Assert.SkipWhen(!output.Contains("Starting:", StringComparison.Ordinal), $"User {User} cannot start the tests from {AppContext.BaseDirectory}: {await error}");
            Assert.Matches(@"Total: \d{2,}, Errors: 0, Failed: 0, Skipped: 0", output);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }
}
