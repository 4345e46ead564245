using System.Text.Json;
using System.Text.Json.Serialization;

namespace SomaStack.Agents.Tools;

/// <summary>What a program did.</summary>
/// <param name="StdoutBase64">Instead of <paramref name="Stdout"/> when that is no UTF-8.</param>
internal sealed record ProgramResult(int ExitCode, string? Stdout, string? StdoutBase64, string Stderr, bool Truncated)
{
    public IReadOnlyList<FileChange>? FilesChanged { get; init; }
}

/// <param name="Change">created, modified or deleted.</param>
internal sealed record FileChange(string Path, string Change);

/// <param name="Kind">file, folder, link or other.</param>
internal sealed record FileEntry(string Path, string Kind, long Bytes, DateTimeOffset ModifiedAt);

internal sealed record FileList(IReadOnlyList<FileEntry> Files, bool Truncated, long BytesUsed, long BytesAllowed, int FilesAllowed);

/// <param name="Encoding">utf-8 or base64.</param>
internal sealed record FileContent(string Path, string Encoding, string Content, long Bytes, long Offset, bool Truncated);

internal sealed record FileWritten(string Path, long Bytes);

internal sealed record FileMatch(string Path, int Line, string Text);

/// <param name="Skipped">Files that are too large, no text, or took too long to search.</param>
internal sealed record FileMatches(IReadOnlyList<FileMatch> Matches, bool Truncated, int Skipped);

internal sealed record GitEntry(string Path, string Index, string Worktree);

internal sealed record GitStatus(string Branch, string? Commit, IReadOnlyList<GitEntry> Entries);

internal sealed record GitCommit(string Id, string Author, string Email, DateTimeOffset At, string Subject);

internal sealed record GitLog(IReadOnlyList<GitCommit> Commits);

internal sealed record GitBranches(string? Current, IReadOnlyList<string> Branches);

internal sealed record GitText(string Output, bool Truncated);

internal sealed record LanguageList(IReadOnlyList<Language> Languages);

/// <param name="Name">python, node, bash, perl or ruby.</param>
/// <param name="Version">As it tells itself.</param>
internal sealed record Language(string Name, string Program, string Version);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ProgramResult))]
[JsonSerializable(typeof(FileList))]
[JsonSerializable(typeof(FileContent))]
[JsonSerializable(typeof(FileWritten))]
[JsonSerializable(typeof(FileMatches))]
[JsonSerializable(typeof(GitStatus))]
[JsonSerializable(typeof(GitLog))]
[JsonSerializable(typeof(GitBranches))]
[JsonSerializable(typeof(GitText))]
[JsonSerializable(typeof(LanguageList))]
internal sealed partial class SandboxJson : JsonSerializerContext;

/// <summary>Values in what a manifest or a caller sent.</summary>
internal static class Given
{
    public static string? Text(this JsonElement? from, string name) => from is { ValueKind: JsonValueKind.Object } value ? value.Text(name) : null;

    public static string? Text(this JsonElement from, string name) =>
        from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public static string Needed(this JsonElement from, string name) => from.Text(name) ?? throw Platform.Problem.Invalid(name, "is needed, as text.");

    public static bool Flag(this JsonElement from, string name) => from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    public static long? Number(this JsonElement from, string name) =>
        from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;

    public static IReadOnlyList<string>? Texts(this JsonElement from, string name)
    {
        if (from.ValueKind != JsonValueKind.Object || !from.TryGetProperty(name, out var list) || list.ValueKind != JsonValueKind.Array) return null;
        return [.. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Platform.Problem.Invalid(name, "is a list of texts."))];
    }

    /// <summary>The action's setting, else the adapter's.</summary>
    public static JsonElement? Setting(Manifest manifest, ManifestAction action, string name)
    {
        if (action.Settings is { ValueKind: JsonValueKind.Object } own && own.TryGetProperty(name, out var value)) return value;
        return manifest.Settings.ValueKind == JsonValueKind.Object && manifest.Settings.TryGetProperty(name, out value) ? value : null;
    }

    /// <summary>What an action does: its setting <c>op</c>, else its name.</summary>
    public static string Operation(ManifestAction action) => action.Settings.Text("op") ?? action.Name;
}
