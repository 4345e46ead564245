using SomaStack.Agents.Tools;

namespace SomaStack.Tests.Tools.Sandbox;

/// <summary>Git in a workspace, with repositories that try to run something.</summary>
public sealed class GitKindTests(Walls walls) : IClassFixture<Walls>
{
    private static readonly object Author = new { message = "First\n\nWhy: because", author_name = "Ada", author_email = "ada@example.com", all = false };

    private async Task<AdapterAnswer> GitAsync(string action, object arguments, string workspace)
    {
        Assert.SkipUnless(walls.Git.Unavailable is null, "No Git behind walls: " + walls.Git.Unavailable);
        return await walls.RunAsync(walls.Git, action, arguments, workspace: workspace);
    }

    private Task<AdapterAnswer> WriteAsync(string workspace, string path, string content) => walls.RunAsync(walls.Files, "write", new { path, content }, workspace: workspace);

    private async Task RepositoryAsync(string workspace)
    {
        Assert.False((await GitAsync("init", new { }, workspace)).IsError);
        await WriteAsync(workspace, "a.txt", "one\n");
        Assert.False((await GitAsync("add", new { paths = new[] { "a.txt" } }, workspace)).IsError);
        Assert.False((await GitAsync("commit", Author, workspace)).IsError);
    }

    [Fact]
    public async Task A_repository_is_made_changed_and_read()
    {
        await RepositoryAsync("git");
        await WriteAsync("git", "a.txt", "one\ntwo\n");
        await WriteAsync("git", "b ü.txt", "new\n");
        var status = Walls.Json(await GitAsync("status", new { }, "git"));
        Assert.Equal("main", status.GetProperty("branch").GetString());
        Assert.Equal(["a.txt unchanged modified", "b ü.txt untracked untracked"], status.GetProperty("entries").EnumerateArray().Select(entry => $"{entry.GetProperty("path")} {entry.GetProperty("index")} {entry.GetProperty("worktree")}"));
        Assert.Contains("+two", (await GitAsync("diff", new { }, "git")).Text, StringComparison.Ordinal);
        Assert.False((await GitAsync("branch", new { name = "topic" }, "git")).IsError);
        Assert.False((await GitAsync("checkout", new { branch = "topic" }, "git")).IsError);
        await GitAsync("add", new { all = true }, "git");
        Assert.False((await GitAsync("commit", Author, "git")).IsError);
        var log = Walls.Json(await GitAsync("log", new { limit = 5 }, "git")).GetProperty("commits");
        Assert.Equal(2, log.GetArrayLength());
        Assert.Equal(("Ada", "First"), (log[0].GetProperty("author").GetString(), log[0].GetProperty("subject").GetString()));
        var branches = Walls.Json(await GitAsync("branch", new { }, "git"));
        Assert.Contains("main", branches.GetProperty("branches").EnumerateArray().Select(name => name.GetString()));
        Assert.False((await GitAsync("checkout", new { branch = "main" }, "git")).IsError);
        Assert.Equal("one\n", (await walls.RunAsync(walls.Files, "read", new { path = "a.txt" }, workspace: "git")).Text);
        Assert.False((await GitAsync("apply", new { patch = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+uno\n" }, "git")).IsError);
        Assert.Equal("uno\n", (await walls.RunAsync(walls.Files, "read", new { path = "a.txt" }, workspace: "git")).Text);
        Assert.False((await GitAsync("checkout", new { paths = new[] { "a.txt" } }, "git")).IsError);
        Assert.Equal("one\n", (await walls.RunAsync(walls.Files, "read", new { path = "a.txt" }, workspace: "git")).Text);
    }

    [Fact]
    public async Task Nothing_that_a_repository_names_is_run()
    {
        await RepositoryAsync("evil");
        var mark = "/workspace/PWNED";
        await WriteAsync("evil", ".git/config", $$"""
            [core]
                repositoryformatversion = 0
                hooksPath = /workspace/hooks
                fsmonitor = "touch {{mark}}-fsmonitor"
                pager = "touch {{mark}}-pager"
                editor = "touch {{mark}}-editor"
                sshCommand = "touch {{mark}}-ssh"
                worktree = /workspace/elsewhere
            [filter "evil"]
                clean = touch {{mark}}-clean
                smudge = touch {{mark}}-smudge
                process = touch {{mark}}-process
                required = true
            [diff "evil"]
                textconv = touch {{mark}}-textconv
                command = touch {{mark}}-diff
            [diff]
                external = touch {{mark}}-external
            [merge "evil"]
                driver = touch {{mark}}-merge
            [alias]
                status = "!touch {{mark}}-alias"
            [gpg]
                program = /workspace/hooks/pre-commit
            [commit]
                gpgSign = true
            [include]
                path = /workspace/more
            [credential]
                helper = "!touch {{mark}}-credential"
            [uploadpack]
                packObjectsHook = touch {{mark}}-pack
            """);
        await WriteAsync("evil", ".gitattributes", "* filter=evil diff=evil merge=evil\n");
        await WriteAsync("evil", ".git/info/attributes", "* filter=evil diff=evil\n");
        foreach (var hook in (string[])["pre-commit", "post-commit", "post-checkout", "post-index-change", "reference-transaction", "prepare-commit-msg", "commit-msg", "pre-applypatch"])
            foreach (var folder in (string[])[".git/hooks", "hooks"]) await WriteAsync("evil", $"{folder}/{hook}", $"#!/bin/sh\ntouch {mark}-{hook}\n");
        await walls.RunAsync(walls.Process, "go", new { }, new { command = "/bin/sh", args = new[] { "-c", "chmod -R 755 .git/hooks hooks" }, workspace = "write" }, "evil");
        await WriteAsync("evil", "a.txt", "changed\n");
        foreach (var (action, arguments) in new (string, object)[]
        {
            ("status", new { }), ("diff", new { }), ("add", new { all = true }), ("diff", new { staged = true }), ("commit", Author), ("log", new { }), ("branch", new { name = "x" }),
            ("checkout", new { branch = "x" }), ("checkout", new { branch = "main", paths = new[] { "a.txt" } }), ("apply", new { patch = "--- /dev/null\n+++ b/n.txt\n@@ -0,0 +1 @@\n+n\n", index = true }),
        })
            Assert.False((await GitAsync(action, arguments, "evil")).IsError);
        var files = (await walls.RunAsync(walls.Files, "list", new { }, workspace: "evil")).Text;
        Assert.DoesNotContain("PWNED", files, StringComparison.Ordinal);
        Assert.Contains("n.txt", files, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repository_that_is_elsewhere_is_refused()
    {
        await WriteAsync("pointer", ".git", "gitdir: /workspace/real\n");
        Assert.Equal("git_refused", (await Walls.RefusedAsync(() => GitAsync("status", new { }, "pointer"))).Code.Code);
        await RepositoryAsync("linked");
        using (var workspace = await walls.Workspaces.OpenAsync("acme", "linked", TestContext.Current.CancellationToken)) await walls.ShellAsync("mv .git/config real; ln -s ../real .git/config", workspace: workspace);
        Assert.Equal("git_refused", (await Walls.RefusedAsync(() => GitAsync("status", new { }, "linked"))).Code.Code);
        Assert.Equal("git_refused", (await Walls.RefusedAsync(() => GitAsync("status", new { }, "none"))).Code.Code);
        await RepositoryAsync("common");
        using (var workspace = await walls.Workspaces.OpenAsync("acme", "common", TestContext.Current.CancellationToken))
            await walls.ShellAsync("mkdir other && cp -r .git/. other/ && printf '[core]\\nfsmonitor = \"touch /workspace/PWNED\"\\n' > other/config && echo ../other > .git/commondir", workspace: workspace);
        Assert.False((await GitAsync("status", new { }, "common")).IsError);
        Assert.DoesNotContain("PWNED", (await walls.RunAsync(walls.Files, "list", new { }, workspace: "common")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("clone")]
    [InlineData("fetch")]
    [InlineData("push")]
    [InlineData("pull")]
    public async Task Other_servers_are_not_reached_and_that_is_said(string action)
    {
        Assert.Equal("git_remote_refused", (await Walls.RefusedAsync(() => GitAsync(action, new { url = "https://example.com/x.git" }, "git"))).Code.Code);
        Assert.NotEmpty(walls.Git.Check(Walls.Call("git", action, new { }).Manifest));
    }

    [Theory]
    [InlineData("checkout", """{"branch":"--upload-pack=x"}""")]
    [InlineData("branch", """{"name":"-D"}""")]
    [InlineData("branch", """{"name":"a","from":"--x"}""")]
    [InlineData("log", """{"from":"--output=/workspace/x"}""")]
    [InlineData("diff", """{"from":"--no-index"}""")]
    [InlineData("init", """{"branch":"--template=/workspace"}""")]
    [InlineData("commit", """{"message":"x","author_name":"a<b","author_email":"x"}""")]
    [InlineData("commit", """{"message":"x","author_name":"a"}""")]
    [InlineData("add", "{}")]
    public async Task Options_do_not_come_in_as_values(string action, string arguments)
    {
        await walls.RunAsync(walls.Files, "list", new { }, workspace: "options");
        Assert.Equal("invalid_request", (await Walls.RefusedAsync(() => GitAsync(action, System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>(arguments), "options"))).Code.Code);
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/etc/passwd")]
    public async Task Paths_stay_inside(string path) =>
        Assert.Equal("path_refused", (await Walls.RefusedAsync(() => GitAsync("add", new { paths = new[] { path } }, "options"))).Code.Code);
}
