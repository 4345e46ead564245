using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>What a caller asked of Git as Git's own arguments. Nothing that a caller sent becomes an option, and paths come behind <c>--</c>.</summary>
/// <param name="Writes">The repository or the files change.</param>
internal sealed partial record GitCommand(IReadOnlyList<string> Arguments, bool Writes)
{
    public static readonly string[] Operations = ["init", "status", "diff", "add", "commit", "log", "branch", "checkout", "apply"];

    /// <summary>They need a network, which nothing behind the walls has.</summary>
    public static readonly string[] Remote = ["clone", "fetch", "pull", "push", "remote", "submodule", "ls-remote"];

    private const int LogMax = 500;

    /// <summary>Fields end with a unit separator and commits with a record separator, which no name or subject holds in the end.</summary>
    public const string LogFormat = "--format=%H%x1f%an%x1f%ae%x1f%at%x1f%s%x1e";

    public byte[] Input { get; init; } = [];

    /// <summary>Who commits; from the arguments, never from a file.</summary>
    public (string Name, string Email)? Author { get; init; }

    public static GitCommand Of(string operation, JsonElement arguments) => operation switch
    {
        "init" => new(["init", "--quiet", "--template=", "--initial-branch=" + Reference(arguments.Text("branch") ?? "main", "branch")], true),
        "status" => new(["status", "--porcelain=v2", "--branch", "-z", "--untracked-files=all", "--ignore-submodules=all"], false),
        "diff" => new(["diff", "--no-ext-diff", "--no-textconv", "--no-color", .. arguments.Flag("staged") ? (string[])["--cached"] : [], .. Revisions(arguments), "--", .. Paths(arguments)], false),
        "add" => new(["add", .. arguments.Flag("all") ? (string[])["--all"] : [], "--", .. AtLeastOne(arguments)], true),
        "commit" => new(["commit", "--quiet", "--no-verify", "--no-gpg-sign", "--cleanup=whitespace", "--file=-", .. arguments.Flag("all") ? (string[])["--all"] : []], true)
        {
            Input = Encoding.UTF8.GetBytes(arguments.Needed("message")),
            Author = (Person(arguments, "author_name"), Person(arguments, "author_email")),
        },
        "log" => new(["log", "--no-color", "--no-show-signature", "--no-ext-diff", LogFormat, $"--max-count={Math.Clamp(arguments.Number("limit") ?? 20, 1, LogMax)}", .. Revisions(arguments), "--", .. Paths(arguments)], false),
        "branch" => Branch(arguments),
        "checkout" => Checkout(arguments),
        "apply" => new(["apply", "--whitespace=nowarn", .. arguments.Flag("index") ? (string[])["--index"] : [], "-"], true) { Input = Encoding.UTF8.GetBytes(arguments.Needed("patch")) },
        _ => throw Problem.Invalid("op", $"'{operation}' is nothing that is done with Git here."),
    };

    private static GitCommand Branch(JsonElement arguments)
    {
        if (arguments.Text("name") is not { } name) return new(["branch", "--list", "--no-color", "--format=%(HEAD)%(refname:short)"], false);
        return arguments.Flag("delete") ? new(["branch", "--quiet", "-D", Reference(name, "name")], true)
            : new(["branch", "--quiet", "--no-track", Reference(name, "name"), .. arguments.Text("from") is { } from ? (string[])[Reference(from, "from")] : []], true);
    }

    private static GitCommand Checkout(JsonElement arguments)
    {
        var paths = Paths(arguments);
        var branch = arguments.Text("branch");
        if (paths.Count > 0) return new(["checkout", "--quiet", .. branch is null ? (string[])[] : [Reference(branch, "branch")], "--", .. paths], true);
        if (branch is null) throw Problem.Invalid("branch", "is needed, or 'paths'.");
        return new(["checkout", "--quiet", "--no-recurse-submodules", .. arguments.Flag("create") ? (string[])["--no-track", "-b"] : ["--no-guess"], Reference(branch, "branch"), "--"], true);
    }

    private static string[] Revisions(JsonElement arguments) => [.. arguments.Text("from") is { } from ? (string[])[Reference(from, "from")] : [], .. arguments.Text("to") is { } to ? (string[])[Reference(to, "to")] : []];

    private static string Reference(string name, string field) => ReferenceName().IsMatch(name) && !name.Contains("..", StringComparison.Ordinal) ? name : throw Problem.Invalid(field, "is no name of a branch, tag or commit.");

    private static IReadOnlyList<string> Paths(JsonElement arguments)
    {
        var paths = arguments.Texts("paths") ?? [];
        foreach (var path in paths) WorkspaceFiles.Parts(path, allowRoot: true);
        return [.. paths.Select(static path => path.Length == 0 ? "." : path)];
    }

    private static IReadOnlyList<string> AtLeastOne(JsonElement arguments) => Paths(arguments) is { Count: > 0 } paths ? paths : arguments.Flag("all") ? ["."] : throw Problem.Invalid("paths", "are needed, or 'all'.");

    private static string Person(JsonElement arguments, string name)
    {
        var text = arguments.Needed(name);
        return text.Length is > 0 and <= 200 && !text.Any(static letter => char.IsControl(letter) || letter is '<' or '>') ? text : throw Problem.Invalid(name, "has 1 to 200 characters without '<' and '>'.");
    }

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_./~^-]{0,199}$")]
    private static partial Regex ReferenceName();
}
