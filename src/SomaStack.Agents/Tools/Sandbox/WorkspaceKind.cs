using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>Files of the call's workspace: list, read, write, append, move, delete and search. Done by the server itself, without a program.</summary>
internal sealed class WorkspaceKind(Workspaces workspaces) : IAdapterKind
{
    private const int ListMax = 1000;
    private const int MatchesMax = 200;
    private const int SearchFileBytes = 4 << 20;
    private const int LineMax = 400;
    private static readonly TimeSpan SearchTime = TimeSpan.FromSeconds(5);
    private static readonly string[] Operations = ["list", "read", "write", "append", "move", "delete", "search"];
    private static readonly UTF8Encoding Strict = new(false, true);

    public string Kind => "workspace";

    public string? Unavailable { get; } = WhyNot();

    public IReadOnlyList<FieldError> Check(Manifest manifest) =>
    [
        .. manifest.Actions.Where(static action => !Operations.Contains(Given.Operation(action)))
            .Select(static action => new FieldError($"actions.{action.Name}", $"must be one of {string.Join(", ", Operations)}, or name one in settings.op")),
        .. manifest.Egress.Count > 0 ? (FieldError[])[new FieldError("egress", "must be empty: files reach no server")] : [],
    ];

    public async Task<AdapterAnswer> ExecuteAsync(AdapterCall call, CancellationToken cancellationToken)
    {
        if (Unavailable is { } reason) throw ToolProblems.Unavailable.Because(reason);
        using var workspace = await workspaces.OpenAsync(call.Context.Tenant, call.Call.Workspace, cancellationToken);
        var files = new WorkspaceFiles(workspace);
        var (arguments, limit) = (call.Arguments, call.Manifest.Limits.OutputBytes);
        return Given.Operation(call.Action) switch
        {
            "list" => List(workspace, files, arguments.Text("path") ?? "", limit),
            "read" => Read(files, arguments, limit),
            "write" => Write(files, arguments, append: false),
            "append" => Write(files, arguments, append: true),
            "move" => Move(files, arguments),
            "delete" => Delete(files, arguments),
            "search" => Search(files, arguments, limit, cancellationToken),
            var other => throw Problem.Invalid("op", $"'{other}' is nothing that a workspace does."),
        };
    }

    private static AdapterAnswer List(Workspace workspace, WorkspaceFiles files, string path, int limit)
    {
        using var folder = files.OpenFolder(path);
        var prefix = path is "" or "." ? "" : path + "/";
        var entries = WorkspaceWalk.Files(folder.Handle, ListMax + 1, workspace.Quota.Depth).Take(ListMax + 1).Select(file => Entry(prefix, file)).ToList();
        var cut = entries.Count > ListMax;
        var list = new FileList(cut ? entries[..ListMax] : entries, cut, workspace.Measure().Bytes, workspace.Quota.Bytes, workspace.Quota.Files);
        var lines = list.Files.Select(static file => file.Kind == "file" ? $"{file.Path} ({file.Bytes} bytes)" : $"{file.Path} ({file.Kind})");
        var text = list.Files.Count == 0 ? "No files." : string.Join('\n', lines);
        return Bounded(text, JsonSerializer.Serialize(list, SandboxJson.Default.FileList), cut, limit);
    }

    private static FileEntry Entry(string prefix, WalkedFile file) => new(
        prefix + file.Path, file.Stat.IsFile ? "file" : file.Stat.IsFolder ? "folder" : file.Stat.IsLink ? "link" : "other", file.Stat.IsFile ? file.Stat.Size : 0,
        DateTimeOffset.FromUnixTimeSeconds(file.Stat.WrittenSeconds));

    private static AdapterAnswer Read(WorkspaceFiles files, JsonElement arguments, int limit)
    {
        var path = arguments.Needed("path");
        var offset = arguments.Number("offset") ?? 0;
        if (offset < 0) throw Problem.Invalid("offset", "is not negative.");
        // The content stands in the text and in the structured answer.
        var (content, stat) = files.Read(path, offset, (int)Math.Clamp(arguments.Number("length") ?? limit, 1, Math.Max(1, limit / 2)));
        var cut = offset + content.Length < stat.Size;
        var (encoding, text) = arguments.Text("encoding") != "base64" && TryText(content, cut) is { } words ? ("utf-8", words) : ("base64", Convert.ToBase64String(content));
        var result = new FileContent(path, encoding, text, stat.Size, offset, cut);
        return new AdapterAnswer(false, cut ? $"{text}\n[cut: {content.Length} of {stat.Size} bytes from {offset} on]" : text, JsonSerializer.Serialize(result, SandboxJson.Default.FileContent), cut);
    }

    private static AdapterAnswer Write(WorkspaceFiles files, JsonElement arguments, bool append)
    {
        var path = arguments.Needed("path");
        var content = Content(arguments);
        var replace = !arguments.TryGetProperty("replace", out var flag) || flag.ValueKind != JsonValueKind.False;
        var size = files.Write(path, content, append, replace);
        return new AdapterAnswer(false, $"'{path}' has {size} bytes.", JsonSerializer.Serialize(new FileWritten(path, size), SandboxJson.Default.FileWritten));
    }

    private static byte[] Content(JsonElement arguments)
    {
        var text = arguments.Needed("content");
        if (arguments.Text("encoding") != "base64") return Encoding.UTF8.GetBytes(text);
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? bytes[..length] : throw Problem.Invalid("content", "is no base64.");
    }

    private static AdapterAnswer Move(WorkspaceFiles files, JsonElement arguments)
    {
        var (from, to) = (arguments.Needed("from"), arguments.Needed("to"));
        files.Move(from, to, arguments.Flag("replace"));
        return new AdapterAnswer(false, $"'{from}' is now '{to}'.", JsonSerializer.Serialize(new FileWritten(to, 0), SandboxJson.Default.FileWritten));
    }

    private static AdapterAnswer Delete(WorkspaceFiles files, JsonElement arguments)
    {
        var path = arguments.Needed("path");
        files.Delete(path, arguments.Flag("recursive"));
        return new AdapterAnswer(false, $"'{path}' is deleted.", JsonSerializer.Serialize(new FileWritten(path, 0), SandboxJson.Default.FileWritten));
    }

    private static AdapterAnswer Search(WorkspaceFiles files, JsonElement arguments, int limit, CancellationToken cancellationToken)
    {
        var matches = SearchFiles(files, arguments, cancellationToken);
        var text = matches.Matches.Count == 0 ? "No match." : string.Join('\n', matches.Matches.Select(static match => $"{match.Path}:{match.Line}: {match.Text}"));
        return Bounded(matches.Skipped == 0 ? text : $"{text}\n[{matches.Skipped} files were not searched]", JsonSerializer.Serialize(matches, SandboxJson.Default.FileMatches), matches.Truncated, limit);
    }

    private static FileMatches SearchFiles(WorkspaceFiles files, JsonElement arguments, CancellationToken cancellationToken)
    {
        var pattern = Pattern(arguments);
        var (began, skipped, truncated) = (Stopwatch.GetTimestamp(), 0, false);
        var found = new List<FileMatch>();
        var path = arguments.Text("path") ?? "";
        using var folder = files.OpenFolder(path);
        foreach (var file in WorkspaceWalk.Files(folder.Handle, 1 << 20, 64).Where(static file => file.Stat.IsFile))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (truncated = found.Count >= MatchesMax) break;
            if (file.Stat.Size > SearchFileBytes || Stopwatch.GetElapsedTime(began) > SearchTime || !SearchFile(files, path is "" or "." ? file.Path : $"{path}/{file.Path}", pattern, found)) skipped++;
        }
        return new FileMatches(found, truncated, skipped);
    }

    /// <returns>False when it could not be searched.</returns>
    private static bool SearchFile(WorkspaceFiles files, string path, Regex pattern, List<FileMatch> found)
    {
        try
        {
            if (TryText(files.Read(path, 0, SearchFileBytes).Content, false) is not { } text) return false;
            var number = 0;
            foreach (var line in text.EnumerateLines())
            {
                number++;
                if (!pattern.IsMatch(line)) continue;
                found.Add(new FileMatch(path, number, line.Length > LineMax ? line[..LineMax].ToString() : line.ToString()));
                if (found.Count >= MatchesMax) break;
            }
            return true;
        }
        catch (Exception exception) when (exception is Problem or RegexMatchTimeoutException or LinuxException)
        {
            return false;
        }
    }

    /// <summary>Without backtracking where that can be, so that time grows with the text; a time limit holds all the same.</summary>
    private static Regex Pattern(JsonElement arguments)
    {
        var options = RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | (arguments.Flag("ignore_case") ? RegexOptions.IgnoreCase : 0);
        try
        {
            return arguments.Text("regex") is { } regex ? new Regex(regex, options, TimeSpan.FromSeconds(1)) : new Regex(Regex.Escape(arguments.Needed("text")), options, TimeSpan.FromSeconds(1));
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            throw Problem.Invalid("regex", "is no regular expression without look-around and back references: " + exception.Message);
        }
    }

    /// <summary>Null when it is no UTF-8; a character that a cut went through is left away.</summary>
    private static string? TryText(ReadOnlySpan<byte> content, bool cut)
    {
        for (var drop = 0; drop <= (cut ? 3 : 0) && drop <= content.Length; drop++)
            try
            {
                var text = Strict.GetString(content[..^drop]);
                return text.Contains('\0', StringComparison.Ordinal) ? null : text;
            }
            catch (DecoderFallbackException)
            {
                // Perhaps a byte less.
            }
        return null;
    }

    private static AdapterAnswer Bounded(string text, string structured, bool cut, int limit) =>
        text.Length <= limit ? new AdapterAnswer(false, text, structured, cut) : new AdapterAnswer(false, text[..limit] + "\n[cut]", structured, true);

    private static string? WhyNot()
    {
        if (!OperatingSystem.IsLinux()) return "Workspaces need Linux: paths are resolved by openat2.";
        try
        {
            using var root = Linux.OpenFolder("/");
            using var self = Linux.Open(root, Linux.Name("."), Linux.Directory);
            return null;
        }
        catch (LinuxException exception)
        {
            return $"Workspaces need Linux 5.6 or newer: openat2 says '{exception.Message}'.";
        }
    }
}
