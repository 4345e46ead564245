using SomaStack.Agents.Tools;

namespace SomaStack.Tests.Tools.Sandbox;

public sealed class CodeKindTests(Walls walls) : IClassFixture<Walls>
{
    [Theory]
    [InlineData("python", "import sys\nprint(sys.argv[1], sys.stdin.read())\nopen('made.txt','w').write('x')\n")]
    [InlineData("node", "const fs=require('fs');console.log(process.argv[2], fs.readFileSync(0,'utf8'));fs.writeFileSync('made.txt','x')")]
    [InlineData("bash", "echo \"$1\" \"$(cat)\"; echo -n x > made.txt")]
    [InlineData("perl", "local $/; print \"$ARGV[0] \", scalar(<STDIN>), \"\\n\"; open(my $f, '>', 'made.txt'); print $f 'x';")]
    public async Task A_language_that_is_there_runs(string language, string source)
    {
        walls.Need();
        Assert.SkipWhen(walls.Languages.Find(language) is null, $"There is no {language} below /usr.");
        var workspace = "code-" + language;
        var answer = await walls.RunAsync(walls.Code, "run", new { language, source, args = new[] { "-one" }, stdin = "two" }, workspace: workspace);
        var result = Walls.Json(answer);
        Assert.Equal("-one two\n", result.GetProperty("stdout").GetString());
        Assert.Equal(0, result.GetProperty("exit_code").GetInt32());
        var change = Assert.Single(result.GetProperty("files_changed").EnumerateArray());
        Assert.Equal(("made.txt", "created"), (change.GetProperty("path").GetString(), change.GetProperty("change").GetString()));
        Assert.Equal("made.txt (1 bytes)", (await walls.RunAsync(walls.Files, "list", new { }, workspace: workspace)).Text);
        var again = Walls.Json(await walls.RunAsync(walls.Code, "run", new { language, source, args = new[] { "1" } }, workspace: workspace));
        Assert.Equal("modified", again.GetProperty("files_changed")[0].GetProperty("change").GetString());
    }

    [Fact]
    public async Task Without_a_workspace_nothing_stays()
    {
        var answer = await walls.RunAsync(walls.Code, "run", new { language = "bash", source = "echo x > a; exit 3" });
        Assert.True(answer.IsError);
        Assert.Contains("[exit code 3]", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateDirectories(Path.Combine(walls.Workspaces.Root, "acme")), path => Path.GetFileName(path).StartsWith("tmp-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Languages_are_listed_with_what_they_say_of_themselves()
    {
        var answer = await walls.RunAsync(walls.Code, "languages", new { });
        Assert.Contains("bash: GNU bash, version", answer.Text, StringComparison.Ordinal);
        var unknown = await Walls.RefusedAsync(() => walls.RunAsync(walls.Code, "run", new { language = "cobol", source = "x" }));
        Assert.Equal("invalid_request", unknown.Code.Code);
    }

    [Fact]
    public async Task A_source_that_deletes_itself_and_spins_ends_by_the_limits()
    {
        var gone = await walls.RunAsync(walls.Code, "run", new { language = "bash", source = "rm -- \"$0\"; echo gone" });
        Assert.Equal("gone\n", Walls.Json(gone).GetProperty("stdout").GetString());
        var late = await Walls.RefusedAsync(() => walls.RunAsync(walls.Code, "run", new { language = "bash", source = "while :; do sleep 1; done" }, workspace: "late", limits: new ManifestLimits(TimeoutSeconds: 1)));
        Assert.Equal("tool_timeout", late.Code.Code);
        Assert.Equal("No files.", (await walls.RunAsync(walls.Files, "list", new { }, workspace: "late")).Text);
    }
}
