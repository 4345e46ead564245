using System.Text;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Source text of the caller, run behind the walls by a language that this machine has. Arguments: <c>language</c>, <c>source</c>, <c>args</c>, <c>stdin</c>.</summary>
internal sealed class CodeKind(Bubblewrap walls, Languages languages, Workspaces workspaces) : IAdapterKind
{
    private const int SourceBytesMax = 1 << 20;
    private const int ChangesMax = 200;
    private static readonly string[] Operations = ["run", "languages"];

    public string Kind => "code";

    public string? Unavailable => walls.Unavailable ?? (Languages.IsNoneInstalled ? "No language is installed below /usr (python3, node, bash, perl, ruby)." : null);

    public IReadOnlyList<FieldError> Check(Manifest manifest) =>
    [
        .. ProcessChecks.Limits(manifest),
        .. manifest.Actions.Where(static action => !Operations.Contains(Given.Operation(action))).Select(static action => new FieldError($"actions.{action.Name}", "must be run or languages, or name one in settings.op")),
    ];

    public async Task<AdapterAnswer> ExecuteAsync(AdapterCall call, CancellationToken cancellationToken)
    {
        if (Unavailable is { } reason) throw ToolProblems.Unavailable.Because(reason);
        if (Given.Operation(call.Action) == "languages") return Listed();
        var name = call.Arguments.Needed("language");
        var language = languages.Find(name) ?? throw Problem.Invalid("language", $"is '{name}'; here are {string.Join(", ", languages.Known.Select(static known => known.Name))}.");
        var source = Encoding.UTF8.GetBytes(call.Arguments.Needed("source"));
        if (source.Length > SourceBytesMax) throw Problem.Invalid("source", $"has more than {SourceBytesMax} bytes.");
        var arguments = call.Arguments.Texts("args") ?? [];
        if (arguments.Any(static argument => argument.Contains('\0', StringComparison.Ordinal))) throw Problem.Invalid("args", "hold a zero.");
        var tenant = call.Context.Tenant;
        using var workspace = call.Call.Workspace is { } id ? await workspaces.OpenAsync(tenant, id, cancellationToken) : await workspaces.OpenTemporaryAsync(tenant, cancellationToken);
        return await RunAsync(call, language, source, arguments, workspace, cancellationToken);
    }

    private async Task<AdapterAnswer> RunAsync(AdapterCall call, KnownLanguage language, byte[] source, IReadOnlyList<string> arguments, Workspace workspace, CancellationToken cancellationToken)
    {
        var file = "soma_" + Ids.New()[24..] + language.Ending;
        var files = new WorkspaceFiles(workspace);
        files.Write(file, source, append: false, replace: false);
        var before = Snapshot(workspace);
        var limits = SandboxLimits.Of(call.Manifest, call.Call.TimeLimit) with { HoldsAddresses = language.HoldsAddresses };
        var command = new SandboxCommand(language.Program, [.. language.Options, $"{Bubblewrap.Folder}/{file}", .. arguments], limits)
        {
            Workspace = workspace,
            Input = Encoding.UTF8.GetBytes(call.Arguments.Text("stdin") ?? ""),
        };
        SandboxResult result;
        try
        {
            result = await walls.RunAsync(command, cancellationToken);
        }
        finally
        {
            RemoveSource(files, file);
        }
        ProcessChecks.OrThrow(result);
        var program = ProcessChecks.Told(result) with { FilesChanged = Changes(before, Snapshot(workspace), file) };
        return new AdapterAnswer(result.ExitCode != 0, ProcessChecks.Words(program) + Told(program.FilesChanged), JsonSerializer.Serialize(program, SandboxJson.Default.ProgramResult), result.Truncated);
    }

    private static void RemoveSource(WorkspaceFiles files, string file)
    {
        try
        {
            files.Delete(file, recursive: true);
        }
        catch (Problem problem) when (problem.Code == SandboxProblems.FileUnknown)
        {
            // The program removed its own source.
        }
    }

    private AdapterAnswer Listed()
    {
        var list = new LanguageList([.. languages.Known.Select(static language => new Language(language.Name, language.Program, language.Version))]);
        return new AdapterAnswer(false, string.Join('\n', list.Languages.Select(static language => $"{language.Name}: {language.Version}")), JsonSerializer.Serialize(list, SandboxJson.Default.LanguageList));
    }

    private static Dictionary<string, Stat> Snapshot(Workspace workspace)
    {
        var files = new Dictionary<string, Stat>(StringComparer.Ordinal);
        foreach (var file in WorkspaceWalk.Files(workspace.Root, workspace.Quota.Files, workspace.Quota.Depth))
            if (!file.Stat.IsFolder) files[file.Path] = file.Stat;
        return files;
    }

    private static List<FileChange> Changes(Dictionary<string, Stat> before, Dictionary<string, Stat> after, string source) =>
    [
        .. before.Keys.Where(path => !after.ContainsKey(path)).Select(static path => new FileChange(path, "deleted"))
            .Concat(after.Where(file => !before.TryGetValue(file.Key, out var old) || IsOther(old, file.Value)).Select(file => new FileChange(file.Key, before.ContainsKey(file.Key) ? "modified" : "created")))
            .Where(change => change.Path != source).OrderBy(static change => change.Path, StringComparer.Ordinal).Take(ChangesMax),
    ];

    /// <summary>The time of the last change of the inode: a program can set the time of writing back, but not this one.</summary>
    private static bool IsOther(Stat one, Stat other) =>
        (one.Inode, one.Size, one.ChangedSeconds, one.ChangedNanos) != (other.Inode, other.Size, other.ChangedSeconds, other.ChangedNanos);

    private static string Told(IReadOnlyList<FileChange> changes) =>
        changes.Count == 0 ? "" : "\n[files] " + string.Join(", ", changes.Take(20).Select(static change => $"{change.Change} {change.Path}")) + (changes.Count > 20 ? $" and {changes.Count - 20} more" : "");
}
