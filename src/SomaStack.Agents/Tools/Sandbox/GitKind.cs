using System.Globalization;
using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// Git in the call's workspace, behind the walls. The repository's own configuration is not read: a file of ours lies over it, so no hook, filter, pager,
/// editor, monitor, alias or helper that a repository names is run. Other servers are not reached.
/// </summary>
internal sealed class GitKind(Bubblewrap walls, Workspaces workspaces) : IAdapterKind
{
    private const string Program = "/usr/bin/git";
    private const string Repository = Bubblewrap.Folder + "/.git";

    private static readonly byte[] Configuration = """
        [core]
            repositoryformatversion = 0
            bare = false
            filemode = true
            logallrefupdates = true
            hooksPath = /dev/null
            fsmonitor = false
            untrackedCache = false
            editor = /bin/true
            pager = cat
            attributesFile = /dev/null
            excludesFile = /dev/null
            symlinks = true
            protectHFS = true
            protectNTFS = true
            quotePath = false
        [protocol]
            allow = never
        [submodule]
            recurse = false
        [commit]
            gpgSign = false
        [gc]
            auto = 0
        [maintenance]
            auto = false
        [credential]
            helper =
        [safe]
            directory = /workspace
        [advice]
            detachedHead = false

        """u8.ToArray();

    private static readonly Dictionary<string, string> Environment = new()
    {
        ["GIT_DIR"] = Repository,
        ["GIT_COMMON_DIR"] = Repository,
        ["GIT_WORK_TREE"] = Bubblewrap.Folder,
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_ATTR_NOSYSTEM"] = "1",
        ["GIT_TERMINAL_PROMPT"] = "0",
        ["GIT_OPTIONAL_LOCKS"] = "0",
        ["GIT_LITERAL_PATHSPECS"] = "1",
        ["GIT_PAGER"] = "cat",
    };

    public string Kind => "git";

    public string? Unavailable => walls.Unavailable ?? (File.Exists(Program) ? null : $"{Program} is missing; on Debian: apt-get install git.");

    public IReadOnlyList<FieldError> Check(Manifest manifest) =>
    [
        .. ProcessChecks.Limits(manifest),
        .. manifest.Actions.Where(static action => !GitCommand.Operations.Contains(Given.Operation(action))).Select(static action => new FieldError(
            $"actions.{action.Name}", GitCommand.Remote.Contains(Given.Operation(action)) ? "needs another server, which Git does not reach from behind the walls" : $"must be one of {string.Join(", ", GitCommand.Operations)}, or name one in settings.op")),
    ];

    public async Task<AdapterAnswer> ExecuteAsync(AdapterCall call, CancellationToken cancellationToken)
    {
        if (Unavailable is { } reason) throw ToolProblems.Unavailable.Because(reason);
        var operation = Given.Operation(call.Action);
        if (GitCommand.Remote.Contains(operation)) throw SandboxProblems.GitRemote.Because($"'{operation}' needs another server.");
        var git = GitCommand.Of(operation, call.Arguments);
        using var workspace = await workspaces.OpenAsync(call.Context.Tenant, call.Call.Workspace, cancellationToken);
        CheckRepository(workspace, operation == "init");
        // What 'init' makes has no configuration that a stranger wrote; everything else sees ours.
        var command = new SandboxCommand(Program, ["--no-pager", "--no-replace-objects", .. git.Arguments], SandboxLimits.Of(call.Manifest, call.Call.TimeLimit))
        {
            Workspace = workspace,
            WorkspaceReadOnly = !git.Writes,
            Environment = With(git.Author),
            Input = git.Input,
            Files = operation == "init" ? [] : [(Repository + "/config", Configuration)],
        };
        var result = await walls.RunAsync(command, cancellationToken);
        ProcessChecks.OrThrow(result);
        if (result.ExitCode != 0) return new AdapterAnswer(true, ProcessChecks.Words(ProcessChecks.Told(result)), null, result.Truncated);
        return Answer(operation, call.Arguments, result);
    }

    /// <summary>The folder and its configuration are plain, so that what is laid over the one lies where Git looks.</summary>
    private static void CheckRepository(Workspace workspace, bool isNew)
    {
        var folder = Linux.Look(workspace.Root, Linux.Name(".git"));
        if (isNew)
        {
            if (folder is not null) throw SandboxProblems.FileConflict.Because("There is a '.git' already.");
            return;
        }
        if (folder is not { IsFolder: true }) throw SandboxProblems.GitRefused.Because("The workspace has no folder '.git'.");
        using var git = Linux.Open(workspace.Root, Linux.Name(".git"), Linux.Directory);
        if (Linux.Look(git, Linux.Name("config")) is not { IsFile: true }) throw SandboxProblems.GitRefused.Because("'.git/config' is no plain file.");
    }

    private static Dictionary<string, string> With((string Name, string Email)? author)
    {
        if (author is not var (name, email)) return Environment;
        return new(Environment) { ["GIT_AUTHOR_NAME"] = name, ["GIT_AUTHOR_EMAIL"] = email, ["GIT_COMMITTER_NAME"] = name, ["GIT_COMMITTER_EMAIL"] = email };
    }

    private static AdapterAnswer Answer(string operation, JsonElement arguments, SandboxResult result)
    {
        var text = Encoding.UTF8.GetString(result.Output);
        return operation switch
        {
            "status" when !result.Truncated => Status(text),
            "log" when !result.Truncated => Log(text),
            "branch" when arguments.Text("name") is null => Branches(text),
            _ => new AdapterAnswer(false, text.Length > 0 ? text : "Done.", JsonSerializer.Serialize(new GitText(text, result.Truncated), SandboxJson.Default.GitText), result.Truncated),
        };
    }

    /// <summary>Porcelain v2 with zeros: '# branch.head NAME', '1 XY …8 fields PATH', '2 XY …9 fields PATH' and the old path, 'u XY …10 fields PATH', '? PATH'.</summary>
    internal static AdapterAnswer Status(string text)
    {
        var (branch, commit, entries) = ("", (string?)null, new List<GitEntry>());
        var lines = text.Split('\0', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i];
            if (line.StartsWith("# branch.head ", StringComparison.Ordinal)) branch = line[14..];
            else if (line.StartsWith("# branch.oid ", StringComparison.Ordinal)) commit = line[13..] == "(initial)" ? null : line[13..];
            else if (line.StartsWith("? ", StringComparison.Ordinal)) entries.Add(new GitEntry(line[2..], "untracked", "untracked"));
            else if (line.Split(' ', line[0] switch { '1' => 9, '2' => 10, 'u' => 11, _ => 1 }) is { Length: > 8 } fields)
            {
                entries.Add(new GitEntry(fields[^1], State(fields[1][0]), State(fields[1][1])));
                if (line[0] == '2') i++;
            }
        }
        var words = entries.Count == 0 ? "Nothing has changed." : string.Join('\n', entries.Select(static entry => entry.Index == "untracked" ? $"untracked {entry.Path}" : $"{entry.Path}: staged {entry.Index}, files {entry.Worktree}"));
        return new AdapterAnswer(false, $"On {branch}.\n{words}", JsonSerializer.Serialize(new GitStatus(branch, commit, entries), SandboxJson.Default.GitStatus));
    }

    private static string State(char letter) => letter switch
    {
        '.' => "unchanged",
        'M' => "modified",
        'T' => "type_changed",
        'A' => "added",
        'D' => "deleted",
        'R' => "renamed",
        'C' => "copied",
        'U' => "unmerged",
        _ => letter.ToString(),
    };

    private static AdapterAnswer Log(string text)
    {
        var commits = text.Split('\u001e', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.TrimStart('\n').Split('\u001f', 5)).Where(static fields => fields.Length == 5)
            .Select(static fields => new GitCommit(fields[0], fields[1], fields[2], Time(fields[3]), fields[4])).ToList();
        var words = string.Join('\n', commits.Select(static commit => $"{commit.Id[..12]} {commit.At:yyyy-MM-dd} {commit.Author}: {commit.Subject}"));
        return new AdapterAnswer(false, words, JsonSerializer.Serialize(new GitLog(commits), SandboxJson.Default.GitLog));
    }

    /// <summary>A commit may claim any time; what no calendar holds becomes its nearest end.</summary>
    private static DateTimeOffset Time(string seconds) =>
        DateTimeOffset.FromUnixTimeSeconds(long.TryParse(seconds, CultureInfo.InvariantCulture, out var at) ? Math.Clamp(at, 0, 253_402_300_799) : 0);

    private static AdapterAnswer Branches(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var current = lines.FirstOrDefault(static line => line[0] == '*')?[1..];
        var branches = new GitBranches(current, [.. lines.Select(static line => line[1..])]);
        return new AdapterAnswer(false, string.Join('\n', lines), JsonSerializer.Serialize(branches, SandboxJson.Default.GitBranches));
    }
}
