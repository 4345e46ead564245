using System.Text.Json;
using SomaStack.Agents.Tools;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools.Sandbox;

/// <summary>Commands of a manifest: what values can become, and what a program answers.</summary>
public sealed class ProcessKindTests(Walls walls) : IClassFixture<Walls>
{
    private static JsonElement Json(object value) => JsonSerializer.SerializeToElement(value);

    private static IReadOnlyList<string> Fill(object arguments, params string[] templates) => ArgumentTemplate.Fill([.. templates.Select(text => new ArgumentTemplate(text))], Json(arguments));

    [Fact]
    public void Values_take_their_places_and_what_was_not_given_is_left_away()
    {
        Assert.Equal(["-n", "--limit=5", "a b", "x", "y", "true"], Fill(new { limit = 5, name = "a b", list = new[] { "x", "y" }, flag = true }, "-n", "--limit={limit}", "{name}", "{list...}", "{flag}", "--other={none}", "{none}", "{none...}"));
        Assert.Equal(["$(id)", "`id`", "a;b", "*"], Fill(new { a = "$(id)", b = "`id`", c = "a;b", d = "*" }, "{a}", "{b}", "{c}", "{d}"));
    }

    [Theory]
    [InlineData("{name}")]
    [InlineData("{names...}")]
    [InlineData("{name}.txt")]
    public void A_value_never_becomes_an_option(string template)
    {
        var problem = Assert.Throws<Problem>(() => Fill(new { name = "--exec=rm", names = new[] { "ok", "-rf" } }, template));
        Assert.Equal("invalid_request", problem.Code.Code);
        Assert.Equal(["--", .. template.Contains("names", StringComparison.Ordinal) ? (string[])["ok", "-rf"] : [template.Replace("{name}", "--exec=rm", StringComparison.Ordinal)]], Fill(new { name = "--exec=rm", names = new[] { "ok", "-rf" } }, "--", template));
        Assert.Equal(["--file=--exec=rm"], Fill(new { name = "--exec=rm" }, "--file={name}"));
    }

    [Fact]
    public void Zeros_and_objects_are_refused()
    {
        Assert.Throws<Problem>(() => Fill(new { a = "x\0y" }, "{a}"));
        Assert.Throws<Problem>(() => Fill(new { a = new { b = 1 } }, "{a}"));
        Assert.Throws<Problem>(() => Fill(new { a = "text" }, "{a...}"));
        Assert.Throws<Problem>(() => Fill(new { a = new string('x', 200_000) }, "{a}"));
    }

    [Theory]
    [InlineData("""{"command":"jq"}""", "command")]
    [InlineData("""{"command":"/usr/bin/../../etc/x"}""", "command")]
    [InlineData("""{"command":"/etc/init.d/x"}""", "command")]
    [InlineData("""{"command":"/usr/bin/{name}"}""", "command")]
    [InlineData("""{"command":"/usr/bin/jq","args":"x"}""", "args")]
    [InlineData("""{"command":"/usr/bin/jq","args":["a{list...}"]}""", "args")]
    [InlineData("""{"command":"/bin/sh","args":["-c","echo {name}"]}""", "args")]
    [InlineData("""{"command":"/usr/bin/bash","args":["-ec","echo {name}"]}""", "args")]
    [InlineData("""{"command":"/usr/bin/jq","workspace":"all"}""", "workspace")]
    [InlineData("""{"command":"/usr/bin/jq","environment":{"a b":"x"}}""", "environment")]
    [InlineData("""{"command":"/usr/bin/jq","secrets":["x"]}""", "secrets")]
    [InlineData("""{"command":"/usr/bin/jq","exit_codes":["x"]}""", "exit_codes")]
    public void A_manifest_that_cannot_be_kept_is_told(string settings, string field)
    {
        var call = Walls.Call("process", "go", new { }, JsonSerializer.Deserialize<JsonElement>(settings));
        var errors = walls.Process.Check(call.Manifest);
        Assert.Contains(errors, error => error.Field.EndsWith(field, StringComparison.Ordinal));
        Assert.Empty(walls.Process.Check(Walls.Call("process", "go", new { }, new { command = "/bin/sh", args = new[] { "-c", "echo \"$1\"", "sh", "{name}" }, workspace = "read" }).Manifest));
        Assert.NotEmpty(walls.Process.Check(Walls.Call("process", "go", new { }, new { command = "/usr/bin/true" }, limits: new ManifestLimits(MemoryMegabytes: 0)).Manifest));
    }

    [Fact]
    public async Task It_runs_with_arguments_input_environment_and_secrets_and_tells_what_came()
    {
        var settings = new { command = "/bin/sh", args = new[] { "-c", "cat; echo \" $1 $MODE $TOKEN\"; echo low >&2; [ \"$TOKEN\" = s3cret ] && echo \"got $TOKEN\" >&2; exit 3", "sh", "{name}" }, stdin = "arguments", environment = new { MODE = "quick" }, secrets = new { TOKEN = "api" }, exit_codes = new[] { 0, 3 } };
        walls.Need();
        var answer = await walls.Process.ExecuteAsync(Walls.Call("process", "go", new { name = "x; id" }, settings, secrets: new Dictionary<string, string> { ["api"] = "s3cret" }), TestContext.Current.CancellationToken);
        Assert.False(answer.IsError);
        var result = Walls.Json(answer);
        Assert.Equal("{\"name\":\"x; id\"} x; id quick [secret api]\n", result.GetProperty("stdout").GetString());
        Assert.Equal("low\ngot [secret api]\n", result.GetProperty("stderr").GetString());
        Assert.Equal(3, result.GetProperty("exit_code").GetInt32());
        await Walls.RefusedAsync(() => walls.RunAsync(walls.Process, "go", new { name = "x" }, settings));
    }

    [Fact]
    public async Task Failure_json_and_bytes_are_told_apart()
    {
        var failed = await walls.RunAsync(walls.Process, "go", new { }, new { command = "/bin/sh", args = new[] { "-c", "echo no >&2; exit 4" } });
        Assert.True(failed.IsError);
        Assert.Equal("[stderr]\nno\n[exit code 4]", failed.Text);
        var json = await walls.RunAsync(walls.Process, "go", new { }, new { command = "/usr/bin/echo", args = new[] { "{\"a\": 1}" }, output = "json" });
        Assert.Equal("{\"a\": 1}\n", json.Structured);
        Assert.True((await walls.RunAsync(walls.Process, "go", new { }, new { command = "/usr/bin/echo", args = new[] { "words" }, output = "json" })).IsError);
        var bytes = await walls.RunAsync(walls.Process, "go", new { }, new { command = "/usr/bin/printf", args = new[] { "\\377\\000" } });
        Assert.Equal("/wA=", Walls.Json(bytes).GetProperty("stdout_base64").GetString());
        var missing = await walls.RunAsync(walls.Process, "go", new { }, new { command = "/workspace/nothing" });
        Assert.True(missing.IsError);
    }

    [Fact]
    public async Task The_ends_that_the_walls_make_are_refusals()
    {
        var late = await Walls.RefusedAsync(() => walls.RunAsync(walls.Process, "go", new { }, new { command = "/usr/bin/sleep", args = new[] { "60" } }, limits: new ManifestLimits(TimeoutSeconds: 1)));
        Assert.Equal("tool_timeout", late.Code.Code);
        var flood = await Walls.RefusedAsync(() => walls.RunAsync(walls.Process, "go", new { }, new { command = "/usr/bin/yes" }, limits: new ManifestLimits(OutputBytes: 1000)));
        Assert.Equal("tool_output_flood", flood.Code.Code);
    }

    [Fact]
    public async Task A_workspace_is_read_only_when_the_manifest_says_read()
    {
        await walls.RunAsync(walls.Files, "write", new { path = "in.txt", content = "words" }, workspace: "w1");
        var read = await walls.RunAsync(walls.Process, "go", new { }, new { command = "/bin/sh", args = new[] { "-c", "cat in.txt; echo x > out.txt" }, workspace = "read" }, "w1");
        Assert.Contains("words", read.Text, StringComparison.Ordinal);
        Assert.Contains("Read-only file system", read.Text, StringComparison.Ordinal);
        await walls.RunAsync(walls.Process, "go", new { }, new { command = "/bin/sh", args = new[] { "-c", "echo made > out.txt; chmod 600 out.txt" }, workspace = "write" }, "w1");
        Assert.Equal("made\n", (await walls.RunAsync(walls.Files, "read", new { path = "out.txt" }, workspace: "w1")).Text);
        await Walls.RefusedAsync(() => walls.RunAsync(walls.Process, "go", new { }, new { command = "/usr/bin/true", workspace = "write" }));
    }

    [Fact]
    public async Task Secrets_are_in_no_argument_list_of_the_machine()
    {
        walls.Need();
        var call = Walls.Call("process", "go", new { }, new { command = "/usr/bin/sleep", args = new[] { "60" }, secrets = new { TOKEN = "api" } }, secrets: new Dictionary<string, string> { ["api"] = "s3cret-7391" });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var run = walls.Process.ExecuteAsync(call, stop.Token);
        var seen = false;
        while (!seen && !run.IsCompleted)
            foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => char.IsDigit(path[^1])))
                try
                {
                    var line = await File.ReadAllTextAsync(process + "/cmdline");
                    seen |= line.StartsWith("/usr/bin/sleep\0" + "60", StringComparison.Ordinal);
                    Assert.DoesNotContain("s3cret-7391", line, StringComparison.Ordinal);
                }
                catch (IOException)
                {
                    // It ended meanwhile.
                }
        Assert.True(seen, "The program was never seen.");
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
    }
}
