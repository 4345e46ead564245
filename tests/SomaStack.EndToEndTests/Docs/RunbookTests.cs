using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using SomaStack.EndToEndTests.Clients;
using SomaStack.Platform;

namespace SomaStack.EndToEndTests.Docs;

/// <summary>
/// Runs every page of docs/runbooks, and the one on writing a capsule, against a fresh server, as its reader would: each <c>sh</c> block from top to bottom in one shell, and what
/// it prints must be what the <c>output</c> block after it says. There, … stands for any text. A block that ends with a failure ends the test.
/// The shell has SOMA (the address), TOKEN (of the owner), DATA and KEYS (the folders), and ./soma as in a checkout.
/// </summary>
public sealed partial class RunbookTests
{
    private static readonly TimeSpan BlockLimit = TimeSpan.FromMinutes(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string> Pages => ["writing-a-capsule.md", .. Directory.EnumerateFiles(Path.Combine(Folder, "runbooks"), "*.md").Select(static file => Path.GetRelativePath(Folder, file)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(Path.GetDirectoryName(ClientFiles.Folder)!, "docs");

    [Theory, MemberData(nameof(Pages))]
    public async Task A_runbook_does_what_it_says(string page)
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "The runbooks need a shell.");
        var steps = Steps(await File.ReadAllLinesAsync(Path.Combine(Folder, page), Stop));
        Assert.NotEmpty(steps);
        await using var soma = await SomaProcess.StartAsync();
        using var owner = await soma.ClientAsync();
        using var folder = new WorkFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "soma"), $"#!/bin/sh\nexec dotnet '{SomaProcess.Binary}' \"$@\"\n", Stop);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(Path.Combine(folder.Path, "soma"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var shell = Shell.Start(folder.Path, new Dictionary<string, string>
        {
            ["SOMA"] = soma.Url.AbsoluteUri.TrimEnd('/'), ["TOKEN"] = owner.DefaultRequestHeaders.Authorization!.Parameter!, ["DATA"] = soma.Data, ["KEYS"] = Path.Combine(soma.Data, "keys"),
        });
        foreach (var step in steps)
        {
            var (exit, output) = await shell.RunAsync(step.Script);
            Assert.True(exit == 0, $"{page}:{step.Line} ended with {exit}:\n{step.Script}\n--- printed ---\n{output}");
            if (step.Expected is { } expected)
                Assert.True(Pattern(expected).IsMatch(output.Trim()), $"{page}:{step.Line}:\n{step.Script}\n--- expected ---\n{expected}\n--- printed ---\n{output}");
        }
    }

    /// <summary>The test of the test: what differs is seen, and only … stands for something else.</summary>
    [Theory]
    [InlineData("a … c", "a b c", true)]
    [InlineData("a … c", "a b\nb c", true)]
    [InlineData("a c", "a b c", false)]
    [InlineData("…b", "abc", false)]
    [InlineData("a.c", "abc", false)]
    public void Only_the_ellipsis_is_a_wildcard(string expected, string output, bool matches) => Assert.Equal(matches, Pattern(expected).IsMatch(output));

    private static Regex Pattern(string expected) =>
        new(@"\A" + string.Join(@"[\s\S]*?", expected.Trim().Split('…').Select(Regex.Escape)) + @"\z", RegexOptions.None, TimeSpan.FromSeconds(5));

    /// <summary>Each <c>sh</c> block with the <c>output</c> block that follows it before the next one; other blocks are for the eye.</summary>
    private static List<Step> Steps(string[] lines)
    {
        var steps = new List<Step>();
        for (var i = 0; i < lines.Length; i++)
        {
            if (Fence().Match(lines[i]) is not { Success: true } fence) continue;
            var begin = ++i;
            while (i < lines.Length && lines[i] != "```") i++;
            Assert.True(i < lines.Length, $"The block of line {begin} does not end.");
            var text = string.Join('\n', lines[begin..i]);
            if (fence.Groups[1].Value == "sh") steps.Add(new Step(begin + 1, text, null));
            else if (fence.Groups[1].Value == "output")
            {
                Assert.True(steps is [.., { Expected: null }], $"The output of line {begin} follows no sh block.");
                steps[^1] = steps[^1] with { Expected = text };
            }
        }
        return steps;
    }

    [GeneratedRegex("^```([a-z]*)$")]
    private static partial Regex Fence();

    private sealed record Step(int Line, string Script, string? Expected);

    private sealed class WorkFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("soma-runbook-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }

    /// <summary>One shell for all blocks of a page, so that what one sets the next can use.</summary>
    private sealed class Shell : IDisposable
    {
        private readonly Process _process;
        private readonly string _folder;
        private int _count;

        private Shell(Process process, string folder) => (_process, _folder) = (process, folder);

        public static Shell Start(string folder, Dictionary<string, string> environment)
        {
            var start = new ProcessStartInfo("/bin/bash", ["--noprofile", "--norc"])
            {
                WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, StandardInputEncoding = new UTF8Encoding(false), StandardOutputEncoding = Encoding.UTF8,
            };
            foreach (var (name, value) in environment) start.Environment[name] = value;
            var process = Process.Start(start)!;
            process.StandardInput.WriteLine("exec 2>&1; set -o pipefail");
            return new Shell(process, folder);
        }

        public async Task<(int Exit, string Output)> RunAsync(string script)
        {
            var file = System.IO.Path.Combine(_folder, $".block{++_count}");
            await File.WriteAllTextAsync(file, script + "\n", Stop);
            var mark = "end-of-block-" + Ids.New();
            await _process.StandardInput.WriteLineAsync($". {file} </dev/null; printf '\\n%s %s\\n' {mark} $?");
            await _process.StandardInput.FlushAsync(Stop);
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
            limit.CancelAfter(BlockLimit);
            var output = new StringBuilder();
            while (await _process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.StartsWith(mark, StringComparison.Ordinal)) return (int.Parse(line[mark.Length..], System.Globalization.CultureInfo.InvariantCulture), output.ToString());
                output.Append(line).Append('\n');
            }
            throw new InvalidOperationException("The shell ended:\n" + output);
        }

        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
