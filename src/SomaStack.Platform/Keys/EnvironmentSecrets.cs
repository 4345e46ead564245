using System.Collections.Concurrent;

namespace SomaStack.Platform;

/// <summary><c>NAME</c>, else the file that <c>NAME_FILE</c> names. A file is read again when it was replaced.</summary>
public sealed class EnvironmentSecrets(Func<string, string?> environment) : ISecretSource
{
    /// <summary>What is longer is no secret but the wrong file.</summary>
    private const long LongestFile = 64 * 1024;

    private readonly ConcurrentDictionary<string, Read> _files = new(StringComparer.Ordinal);

    private sealed record Read(DateTime WrittenAt, long Length, string Text);

    public ValueTask<string?> FindAsync(string name, CancellationToken cancellationToken) => ValueTask.FromResult(Find(name));

    public string? Find(string name)
    {
        if (environment(name) is { } value) return value;
        return environment(name + "_FILE") is { Length: > 0 } path ? OfFile(name, path) : null;
    }

    private string OfFile(string name, string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.Length > LongestFile) throw PlatformProblems.Unavailable.Because($"The file of {name} has {file.Length} bytes; a secret has at most {LongestFile}.");
            if (_files.TryGetValue(path, out var known) && (known.WrittenAt, known.Length) == (file.LastWriteTimeUtc, file.Length)) return known.Text;
            var text = File.ReadAllText(path).Trim();
            _files[path] = new Read(file.LastWriteTimeUtc, file.Length, text);
            return text;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw PlatformProblems.Unavailable.Because($"The file of {name} cannot be read.", exception);
        }
    }
}
