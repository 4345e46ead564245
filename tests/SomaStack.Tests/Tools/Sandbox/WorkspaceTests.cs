using SomaStack.Agents.Tools;
using SomaStack.Platform;

namespace SomaStack.Tests.Tools.Sandbox;

/// <summary>Files of a workspace: none outside is reached, by whatever path, link or race.</summary>
public sealed class WorkspaceTests(Walls walls) : IClassFixture<Walls>
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private Task<AdapterAnswer> DoAsync(string action, object arguments, string workspace, string tenant = "acme") =>
        walls.Files.ExecuteAsync(Walls.Call("workspace", action, arguments, workspace: workspace, tenant: tenant), Stop);

    [Fact]
    public async Task Files_are_written_read_appended_moved_searched_and_deleted()
    {
        await DoAsync("write", new { path = "a/b/note.txt", content = "one\ntwo Zwei\n" }, "w");
        await DoAsync("append", new { path = "a/b/note.txt", content = "three\n" }, "w");
        Assert.Equal("one\ntwo Zwei\nthree\n", (await DoAsync("read", new { path = "a/b/note.txt" }, "w")).Text);
        await DoAsync("write", new { path = "bytes", content = "AP/+", encoding = "base64" }, "w");
        var bytes = Walls.Json(await DoAsync("read", new { path = "bytes" }, "w"));
        Assert.Equal(("base64", "AP/+"), (bytes.GetProperty("encoding").GetString(), bytes.GetProperty("content").GetString()));
        Assert.Equal("a/b/note.txt:2: two Zwei", (await DoAsync("search", new { regex = "^two .wei$" }, "w")).Text.Split('\n')[0]);
        Assert.StartsWith("a/b/note.txt:2", (await DoAsync("search", new { text = "zwei", ignore_case = true, path = "a" }, "w")).Text, StringComparison.Ordinal);
        await DoAsync("move", new { from = "a/b/note.txt", to = "c/moved.txt" }, "w");
        Assert.Equal("file_conflict", (await Walls.RefusedAsync(() => DoAsync("move", new { from = "bytes", to = "c/moved.txt" }, "w"))).Code.Code);
        Assert.Equal("a (folder)\na/b (folder)\nbytes (3 bytes)\nc (folder)\nc/moved.txt (19 bytes)", (await DoAsync("list", new { }, "w")).Text);
        Assert.Equal("file_conflict", (await Walls.RefusedAsync(() => DoAsync("delete", new { path = "a" }, "w"))).Code.Code);
        await DoAsync("delete", new { path = "a", recursive = true }, "w");
        Assert.Equal("file_unknown", (await Walls.RefusedAsync(() => DoAsync("read", new { path = "a/b/note.txt" }, "w"))).Code.Code);
        Assert.Equal("file_conflict", (await Walls.RefusedAsync(() => DoAsync("write", new { path = "bytes", content = "x", replace = false }, "w"))).Code.Code);
        var part = Walls.Json(await DoAsync("read", new { path = "c/moved.txt", offset = 4, length = 3 }, "w"));
        Assert.Equal(("two", true), (part.GetProperty("content").GetString(), part.GetProperty("truncated").GetBoolean()));
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("a//b")]
    [InlineData("./a")]
    [InlineData("")]
    [InlineData("a/")]
    [InlineData("a\0b")]
    [InlineData("a\nb")]
    [InlineData("a\\b")]
    public async Task A_path_that_is_none_of_the_workspace_is_refused(string path)
    {
        foreach (var action in (string[])["read", "write", "delete", "append"])
            Assert.Equal("path_refused", (await Walls.RefusedAsync(() => DoAsync(action, new { path, content = "x" }, "paths"))).Code.Code);
    }

    [Fact]
    public async Task Links_are_followed_by_nobody()
    {
        var outside = Path.Combine(walls.Data, "outside");
        Directory.CreateDirectory(outside);
        await File.WriteAllTextAsync(Path.Combine(outside, "secret"), "hunter2", Stop);
        using (var workspace = await walls.Workspaces.OpenAsync("acme", "linked", Stop))
        {
            File.CreateSymbolicLink(Path.Combine(workspace.Path, "file"), Path.Combine(outside, "secret"));
            Directory.CreateSymbolicLink(Path.Combine(workspace.Path, "folder"), outside);
            Directory.CreateSymbolicLink(Path.Combine(workspace.Path, "root"), "/proc/self/root");
            Directory.CreateSymbolicLink(Path.Combine(workspace.Path, "self"), ".");
        }
        foreach (var path in (string[])["file", "folder/secret", $"root{outside}/secret", "self/file"])
        {
            Assert.Equal("path_refused", (await Walls.RefusedAsync(() => DoAsync("read", new { path }, "linked"))).Code.Code);
            Assert.Equal("path_refused", (await Walls.RefusedAsync(() => DoAsync("write", new { path, content = "x" }, "linked"))).Code.Code);
        }
        Assert.Equal("path_refused", (await Walls.RefusedAsync(() => DoAsync("move", new { from = "folder/secret", to = "mine" }, "linked"))).Code.Code);
        Assert.Equal("path_refused", (await Walls.RefusedAsync(() => DoAsync("list", new { path = "folder" }, "linked"))).Code.Code);
        Assert.Equal("file (link)\nfolder (link)\nroot (link)\nself (link)", (await DoAsync("list", new { }, "linked")).Text);
        Assert.Equal("No match.", (await DoAsync("search", new { text = "hunter2" }, "linked")).Text);
        await DoAsync("delete", new { path = "folder", recursive = true }, "linked");
        await walls.Workspaces.DeleteAsync("acme", "linked", Stop);
        Assert.Equal("hunter2", await File.ReadAllTextAsync(Path.Combine(outside, "secret"), Stop));
    }

    [Fact]
    public async Task Swapping_a_folder_for_a_link_between_check_and_use_gains_nothing()
    {
        var outside = Path.Combine(walls.Data, "race");
        Directory.CreateDirectory(outside);
        await File.WriteAllTextAsync(Path.Combine(outside, "f"), "hunter2", Stop);
        using var workspace = await walls.Workspaces.OpenAsync("acme", "race", Stop);
        var files = new WorkspaceFiles(workspace);
        files.Write("d/f", "mine"u8, false, true);
        using var stop = new CancellationTokenSource();
        var (folder, link) = (Path.Combine(workspace.Path, "d"), Path.Combine(workspace.Path, "l"));
        Directory.CreateSymbolicLink(link, outside);
        var swaps = 0;
        var swapping = Task.Factory.StartNew(() =>
        {
            // renameat2 with RENAME_EXCHANGE (2): the folder and the link change places in one step.
            while (!stop.IsCancellationRequested)
                if (Exchange(folder, link)) swaps++;
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var (reads, refusals) = (0, 0);
        for (var i = 0; i < 20_000 || swaps < 100 || reads < 5; i++)
            try
            {
                Assert.Equal("mine"u8.ToArray(), files.Read("d/f", 0, 100).Content);
                files.Write("d/f", "mine"u8, append: false, replace: true);
                reads++;
            }
            catch (Problem problem) when (problem.Code == SandboxProblems.PathRefused || problem.Code == SandboxProblems.FileUnknown)
            {
                refusals++;
            }
        await stop.CancelAsync();
        await swapping;
        TestContext.Current.TestOutputHelper?.WriteLine($"{swaps} swaps, {reads} reads and writes of our own file, {refusals} refused");
        Assert.Equal("hunter2", await File.ReadAllTextAsync(Path.Combine(outside, "f"), Stop));
        Assert.True(reads > 0 && refusals > 0);
    }

    [Fact]
    public async Task A_pipe_or_socket_in_the_place_of_a_file_blocks_nobody()
    {
        using (var workspace = await walls.Workspaces.OpenAsync("acme", "pipes", Stop))
        {
            await walls.ShellAsync("mkfifo p; perl -MSocket -e 'socket(S,AF_UNIX,SOCK_STREAM,0); bind(S, pack_sockaddr_un(\"s\"))'", workspace: workspace);
        }
        foreach (var path in (string[])["p", "s"])
        {
            Assert.Equal("path_refused", (await Walls.RefusedAsync(() => DoAsync("read", new { path }, "pipes"))).Code.Code);
            Assert.Equal("path_refused", (await Walls.RefusedAsync(() => DoAsync("append", new { path, content = "x" }, "pipes"))).Code.Code);
        }
        Assert.Equal("No match.", (await DoAsync("search", new { text = "x" }, "pipes")).Text);
    }

    [Fact]
    public async Task Tenants_and_odd_names_have_places_of_their_own()
    {
        string[] tenants = ["acme", "Acme", "../acme", "a/b", "acme.", "x-1", "..", new string('t', 300), "日本"];
        foreach (var tenant in tenants) await DoAsync("write", new { path = "f", content = tenant }, "same", tenant);
        foreach (var tenant in tenants) Assert.Equal(tenant, (await DoAsync("read", new { path = "f" }, "same", tenant)).Text);
        Assert.Equal(tenants.Length, tenants.Select(Workspaces.Segment).Distinct().Count());
        Assert.All(tenants.Select(Workspaces.Segment), segment => Assert.Matches("^[a-z0-9_-]+$", segment));
        Assert.Equal("workspace_missing", (await Walls.RefusedAsync(() => walls.RunAsync(walls.Files, "list", new { }))).Code.Code);
    }

    [Fact]
    public async Task A_quota_holds_for_bytes_and_files()
    {
        var big = new string('x', 20 << 20);
        await DoAsync("write", new { path = "one", content = big }, "quota");
        Assert.Equal("workspace_full", (await Walls.RefusedAsync(() => DoAsync("write", new { path = "two", content = big }, "quota"))).Code.Code);
        Assert.Equal("workspace_full", (await Walls.RefusedAsync(() => DoAsync("append", new { path = "one", content = big }, "quota"))).Code.Code);
        await DoAsync("delete", new { path = "one" }, "quota");
        for (var i = 0; i < 498; i++) await DoAsync("write", new { path = $"f{i}", content = "" }, "quota");
        Assert.Equal("workspace_full", (await Walls.RefusedAsync(async () =>
        {
            for (var i = 0; i < 5; i++) await DoAsync("write", new { path = $"more{i}", content = "" }, "quota");
        })).Code.Code);
    }

    [Theory]
    [InlineData("(a+)+$")]
    [InlineData("(x|xx)*y")]
    public async Task A_hostile_pattern_takes_no_long_time(string regex)
    {
        await DoAsync("write", new { path = "long", content = new string('a', 100_000) + "!" + new string('x', 100_000) }, "regex");
        var began = System.Diagnostics.Stopwatch.GetTimestamp();
        await DoAsync("search", new { regex }, "regex");
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10));
        Assert.Equal("invalid_request", (await Walls.RefusedAsync(() => DoAsync("search", new { regex = "(a)\\1" }, "regex"))).Code.Code);
    }

    [Fact]
    public async Task What_nothing_used_for_long_is_swept_and_what_is_in_use_is_not()
    {
        await DoAsync("write", new { path = "f", content = "x" }, "old");
        walls.Clock.Advance(TimeSpan.FromDays(3));
        await DoAsync("write", new { path = "f", content = "x" }, "young");
        using (await walls.Workspaces.OpenAsync("acme", "busy", Stop))
        {
            walls.Clock.Advance(TimeSpan.FromDays(5));
            Assert.True(walls.Workspaces.Sweep(walls.Clock.GetUtcNow() - TimeSpan.FromDays(7), Stop) >= 1);
            var left = Directory.EnumerateDirectories(Path.Combine(walls.Workspaces.Root, "acme")).Select(Path.GetFileName).ToList();
            Assert.DoesNotContain("old", left);
            Assert.Contains("young", left);
            walls.Workspaces.Sweep(walls.Clock.GetUtcNow(), Stop);
            left = [.. Directory.EnumerateDirectories(Path.Combine(walls.Workspaces.Root, "acme")).Select(Path.GetFileName)];
            Assert.Equal(["busy"], left);
        }
    }

    private static bool Exchange(string one, string other) => RenameAt2(-100, Linux.Name(one), -100, Linux.Name(other), 2) == 0;

    [System.Runtime.InteropServices.DllImport("libc", EntryPoint = "renameat2")]
    private static extern int RenameAt2(int from, byte[] name, int to, byte[] target, uint flags);
}
