using System.Diagnostics;
using SomaStack.Agents.Tools;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools.Mcp;

/// <summary>Servers on stdio: the reference ones from npm, and one that misbehaves in every way that its argument says.</summary>
public sealed class StdioServerTests
{
    private static readonly ManifestLimits Short = new(TimeoutSeconds: 1);

    [Fact]
    public async Task The_everything_server_is_imported_and_its_tools_answer()
    {
        McpPlace.NeedServers();
        await using var place = new McpPlace();
        var draft = await place.ImportAsync(McpPlace.Stdio(McpPlace.Server("server-everything"), "stdio"));
        Assert.Equal("2025-11-25", draft.Protocol);
        Assert.Contains(draft.Notes, note => note == StdioCommand.Unwalled);
        Assert.DoesNotContain(draft.Notes, note => note.StartsWith("Not acceptable", StringComparison.Ordinal));
        var manifest = ManifestReader.Read(draft.Manifest.GetRawText()).Manifest;
        Assert.Empty(place.Adapter.Check(manifest));
        Assert.True(manifest.Actions.Count >= 10, $"{manifest.Actions.Count} tools");
        Assert.All(manifest.Actions, action => Assert.Equal(("high", false, false), (action.Risk, action.ReadOnly, action.Idempotent)));

        var echo = await place.CallAsync(manifest, "echo", """{"message":"Grüße, 世界"}""");
        Assert.Equal((false, "Echo: Grüße, 世界"), (echo.IsError, echo.Text));
        Assert.Contains("mcp", echo.Taints);
        var sum = await place.CallAsync(manifest, "get-sum", """{"a":2,"b":40}""");
        Assert.Contains("42", sum.Text, StringComparison.Ordinal);
        var structured = await place.CallAsync(manifest, "get-structured-content", """{"location":"New York"}""");
        Assert.Contains("temperature", structured.Structured, StringComparison.Ordinal);
        var image = await place.CallAsync(manifest, "get-tiny-image");
        Assert.Matches(@"\[image image/png, \d+ bytes, sha256 [0-9a-f]{64}\]", image.Text);
        var wrong = await place.CallAsync(manifest, "get-sum", """{"a":"two"}""");
        Assert.True(wrong.IsError);
    }

    [Fact]
    public async Task The_filesystem_server_behind_walls_reads_its_folder_and_nothing_else()
    {
        McpPlace.NeedServers();
        await using var place = new McpPlace(walls: true);
        Assert.SkipWhen(place.NoWalls is not null, "There are no walls here: " + place.NoWalls);
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Server("server-filesystem"), McpPlace.Folder), new ManifestLimits(TimeoutSeconds: 20, MemoryMegabytes: 1024, Processes: 64));
        var read = await place.CallAsync(manifest, "read_text_file", $$"""{"path":"{{McpPlace.Folder}}/package.json"}""");
        Assert.Contains("soma-mcp-conformance", read.Text, StringComparison.Ordinal);
        var outside = await place.CallAsync(manifest, "read_text_file", """{"path":"/etc/passwd"}""");
        Assert.True(outside.IsError);
        var write = await place.CallAsync(manifest, "write_file", $$"""{"path":"{{McpPlace.Folder}}/written.txt","content":"x"}""");
        Assert.True(write.IsError, write.Text);
        Assert.False(File.Exists(Path.Combine(McpPlace.Folder, "written.txt")));
    }

    [Theory]
    [InlineData("huge")]
    [InlineData("utf8")]
    [InlineData("flood")]
    [InlineData("notjson")]
    [InlineData("deep")]
    [InlineData("noresult")]
    [InlineData("listresult")]
    [InlineData("badcontent")]
    [InlineData("badtext")]
    [InlineData("surrogate")]
    [InlineData("badblob")]
    [InlineData("badflag")]
    [InlineData("inputrequired")]
    [InlineData("baderror")]
    public async Task A_server_that_breaks_the_protocol_is_not_believed(string mode)
    {
        await using var place = new McpPlace();
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, mode));
        var problem = await Assert.ThrowsAsync<Problem>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""));
        Assert.Equal("mcp_server_invalid", problem.Code.Code);
        // And it is not started again at once.
        var soon = await Assert.ThrowsAsync<Problem>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""));
        Assert.Equal("tool_unavailable", soon.Code.Code);
        Assert.InRange(soon.RetryAfter!.Value, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData("hang")]
    [InlineData("wrongid")]
    [InlineData("textid")]
    public async Task A_server_that_does_not_answer_is_ended_in_time(string mode)
    {
        await using var place = new McpPlace();
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, mode), Short);
        var since = Stopwatch.GetTimestamp();
        var problem = await Assert.ThrowsAsync<Problem>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""));
        Assert.Equal("tool_timeout", problem.Code.Code);
        Assert.InRange(Stopwatch.GetElapsedTime(since), TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(30));
    }

    /// <summary>Its process is ended all the same: nobody knows what it would still do.</summary>
    [Fact]
    public async Task Who_gives_up_leaves_the_server_to_the_next_caller()
    {
        await using var place = new McpPlace();
        var file = Path.GetTempFileName();
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, "hang", file));
        using var giving = CancellationTokenSource.CreateLinkedTokenSource(McpPlace.Stop);
        var given = place.CallAsync(manifest, "echo", """{"text":"hi"}""", stop: giving.Token);
        while (new FileInfo(file).Length == 0) await Task.Delay(10, McpPlace.Stop);
        await giving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        // Another call of the same server: its time runs out as before, so a new process was asked.
        var asked = (await File.ReadAllLinesAsync(file, McpPlace.Stop)).Length;
        using var again = CancellationTokenSource.CreateLinkedTokenSource(McpPlace.Stop);
        var next = place.CallAsync(manifest, "echo", """{"text":"hi"}""", stop: again.Token);
        while (!next.IsCompleted && (await File.ReadAllLinesAsync(file, McpPlace.Stop)).Length == asked) await Task.Delay(10, McpPlace.Stop);
        await again.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        File.Delete(file);
    }

    [Fact]
    public async Task What_a_server_started_dies_with_it()
    {
        await using var place = new McpPlace();
        var file = Path.GetTempFileName();
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, "tree", file), Short);
        await Assert.ThrowsAsync<Problem>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""));
        var child = int.Parse(await File.ReadAllTextAsync(file, McpPlace.Stop), System.Globalization.CultureInfo.InvariantCulture);
        await place.Pool.SweepAsync(TimeSpan.Zero);
        Assert.True(IsGone(child), "The server's child is still there.");
        File.Delete(file);
    }

    [Fact]
    public async Task A_server_that_dies_in_a_call_leaves_an_outcome_that_nobody_knows()
    {
        await using var place = new McpPlace();
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, "die"));
        await Assert.ThrowsAsync<McpServerLost>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""));
        // The pause doubles with each failure, and is over when it is over.
        place.Clock.Advance(TimeSpan.FromSeconds(1.1));
        await Assert.ThrowsAsync<McpServerLost>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""));
        place.Clock.Advance(TimeSpan.FromSeconds(1.1));
        Assert.Equal("tool_unavailable", (await Assert.ThrowsAsync<Problem>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""))).Code.Code);
    }

    [Theory]
    [InlineData("iserror", "The disk is full.")]
    [InlineData("error", "The server refused (-32050): No.")]
    public async Task What_the_server_says_of_its_failure_is_a_result(string mode, string text)
    {
        await using var place = new McpPlace();
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, mode));
        var answer = await place.CallAsync(manifest, "echo", """{"text":"hi"}""");
        Assert.Equal((true, text), (answer.IsError, answer.Text));
    }

    [Theory]
    [InlineData("twice")]
    [InlineData("noschema")]
    [InlineData("many")]
    [InlineData("endless")]
    [InlineData("version")]
    [InlineData("notools")]
    public async Task A_list_that_is_none_is_not_imported(string mode)
    {
        await using var place = new McpPlace();
        Assert.Equal("mcp_server_invalid", (await Assert.ThrowsAsync<Problem>(() => place.ImportAsync(McpPlace.Stdio(McpPlace.Hostile, mode)))).Code.Code);
    }

    [Theory]
    [InlineData("modern", "2026-07-28")]
    [InlineData("silent", "2025-11-25")]
    [InlineData("plain", "2025-11-25")]
    public async Task Both_ages_of_the_protocol_are_found_out(string mode, string version)
    {
        await using var place = new McpPlace();
        var draft = await place.ImportAsync(McpPlace.Stdio(McpPlace.Hostile, mode));
        Assert.Equal(version, draft.Protocol);
        var manifest = ManifestReader.Read(draft.Manifest.GetRawText()).Manifest;
        var answer = await place.CallAsync(manifest, "echo", """{"text":"hi"}""");
        Assert.Equal(("echo hi", """{"text":"hi"}"""), (answer.Text, answer.Structured));
    }

    [Fact]
    public async Task A_tool_that_says_something_else_than_was_approved_is_not_called()
    {
        await using var place = new McpPlace();
        var file = Path.Combine(Path.GetTempPath(), Guid.CreateVersion7().ToString("N"));
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, "changed", file));
        var problem = await Assert.ThrowsAsync<Problem>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""));
        Assert.Equal("adapter_changed", problem.Code.Code);
        var reason = Assert.Single(problem.Reasons);
        Assert.Equal("tool_changed", reason.Code);
        Assert.Contains("'echo'", reason.Message, StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public async Task A_change_that_the_server_announces_is_looked_at_before_the_next_call()
    {
        await using var place = new McpPlace();
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, "listchanged"));
        Assert.Equal("first", (await place.CallAsync(manifest, "echo", """{"text":"hi"}""")).Text);
        Assert.Equal("adapter_changed", (await Assert.ThrowsAsync<Problem>(() => place.CallAsync(manifest, "echo", """{"text":"hi"}"""))).Code.Code);
    }

    [Fact]
    public async Task A_server_may_ask_for_nothing()
    {
        await using var place = new McpPlace();
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, "sampling"));
        Assert.Equal("refused with -32601", (await place.CallAsync(manifest, "echo", """{"text":"hi"}""")).Text);
    }

    [Fact]
    public async Task Long_output_is_cut_at_a_character_and_said_to_be()
    {
        await using var place = new McpPlace();
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, "cut"), new ManifestLimits(OutputBytes: 1001));
        var answer = await place.CallAsync(manifest, "echo", """{"text":"hi"}""");
        Assert.Equal((true, new string('é', 500), null), (answer.Truncated, answer.Text, answer.Structured));
    }

    [Fact]
    public async Task A_server_gets_its_own_environment_and_the_secrets_bound_to_it()
    {
        await using var place = new McpPlace();
        Environment.SetEnvironmentVariable("SOMA_TEST_LEAK", "leaked");
        var settings = McpPlace.Stdio(McpPlace.Hostile, "env") with { Env = new Dictionary<string, string> { ["GREETING"] = "hello" }, SecretEnv = new Dictionary<string, string> { ["API_KEY"] = "key" } };
        var secrets = new Dictionary<string, string> { ["key"] = "s3cret" };
        Assert.Equal("tool_secret_missing", (await Assert.ThrowsAsync<Problem>(() => place.ImportAsync(settings))).Code.Code);
        var manifest = await place.ApproveAsync(settings, secrets: secrets);
        var answer = await place.CallAsync(manifest, "env", secrets: secrets);
        Assert.Contains("\"GREETING\":\"hello\"", answer.Text, StringComparison.Ordinal);
        Assert.Contains("\"API_KEY\":\"s3cret\"", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("SOMA_", answer.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", manifest.Settings.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_what_the_operator_named_is_started_and_without_walls_not_in_production()
    {
        await using var none = new McpPlace(options: new SomaOptions());
        Assert.Equal("mcp_command_refused", (await Assert.ThrowsAsync<Problem>(() => none.ImportAsync(McpPlace.Stdio(McpPlace.Hostile, "plain")))).Code.Code);
        await using var other = new McpPlace(options: new SomaOptions { McpCommands = [$"node {McpPlace.Hostile} plain"] });
        Assert.Equal("mcp_command_refused", (await Assert.ThrowsAsync<Problem>(() => other.ImportAsync(McpPlace.Stdio("-e", "process.exit()")))).Code.Code);
        await using var production = new McpPlace(mode: DeploymentMode.Production);
        var refused = await Assert.ThrowsAsync<Problem>(() => production.ImportAsync(McpPlace.Stdio(McpPlace.Hostile, "plain")));
        Assert.Equal(("mcp_command_refused", StdioCommand.Unwalled), (refused.Code.Code, refused.Detail));
    }

    [Fact]
    public async Task More_calls_than_the_queue_holds_are_refused()
    {
        await using var place = new McpPlace();
        var manifest = await place.ApproveAsync(McpPlace.Stdio(McpPlace.Hostile, "hang"), new ManifestLimits(TimeoutSeconds: 30));
        using var stop = new CancellationTokenSource();
        var calls = Enumerable.Range(0, 30).Select(_ => place.CallAsync(manifest, "echo", """{"text":"hi"}""", stop: stop.Token)).ToList();
        var refused = calls.Where(static call => call.IsFaulted).Select(static call => (call.Exception!.InnerException as Problem)?.Code.Code).ToList();
        Assert.Equal(13, refused.Count(static code => code == "mcp_server_busy"));
        await stop.CancelAsync();
        foreach (var call in calls.Where(static call => !call.IsFaulted)) await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    [Fact]
    public async Task Tenants_and_secrets_do_not_share_a_server()
    {
        var settings = McpPlace.Stdio("x");
        var one = McpPool.Key("acme", "peer", settings, new Dictionary<string, string> { ["a"] = "1" });
        Assert.Equal(one, McpPool.Key("acme", "peer", settings with { }, new Dictionary<string, string> { ["a"] = "1" }));
        Assert.NotEqual(one, McpPool.Key("other", "peer", settings, new Dictionary<string, string> { ["a"] = "1" }));
        Assert.NotEqual(one, McpPool.Key("acme", "peer", settings, new Dictionary<string, string> { ["a"] = "2" }));
        Assert.NotEqual(one, McpPool.Key("acme", "peer", settings with { Command = "python" }, new Dictionary<string, string> { ["a"] = "1" }));
        await Task.CompletedTask;
    }

    private static bool IsGone(int process)
    {
        try
        {
            // A process that has ended and was not asked about is a zombie: it runs nothing.
            return File.ReadAllText($"/proc/{process}/stat").Split(')')[^1].TrimStart()[0] is 'Z' or 'X';
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return true;
        }
    }
}
