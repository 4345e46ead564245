using System.Collections.Concurrent;

namespace SomaStack.Agents.Tools;

/// <summary>A manifest with its schemas compiled; kept, since what has a digest never changes.</summary>
internal sealed class LoadedManifest
{
    private readonly Dictionary<string, LoadedAction> _actions;

    private LoadedManifest(ReadManifest read)
    {
        (Manifest, Digest, Text) = (read.Manifest, read.Digest, read.Text);
        _actions = read.Manifest.Actions.ToDictionary(
            static action => action.Name,
            static action => new LoadedAction(action, ActionSchema.Compile(action.Input), action.Output is { } output ? ActionSchema.Compile(output) : null), StringComparer.Ordinal);
    }

    public Manifest Manifest { get; }

    public string Digest { get; }

    public string Text { get; }

    public LoadedAction? Find(string action) => _actions.GetValueOrDefault(action);

    public static LoadedManifest Of(ReadManifest read) => new(read);
}

internal sealed record LoadedAction(ManifestAction Action, ActionSchema Input, ActionSchema? Output);

/// <summary>Manifests that this process has read, by digest.</summary>
internal sealed class LoadedManifests
{
    private const int KeptMax = 500;

    private readonly ConcurrentDictionary<string, LoadedManifest> _kept = new(StringComparer.Ordinal);

    /// <summary>For lists, in which one that is broken must not hide the others.</summary>
    /// <returns>Null with the reason when what is stored cannot be used.</returns>
    public LoadedManifest? Find(ManifestRow row, out Platform.Problem? fault)
    {
        try
        {
            fault = null;
            return Of(row);
        }
        catch (Platform.Problem problem)
        {
            fault = problem;
            return null;
        }
    }

    /// <exception cref="Platform.Problem">What is stored is no manifest by the rules of this program.</exception>
    public LoadedManifest Of(ManifestRow row)
    {
        if (_kept.TryGetValue(row.Digest, out var known)) return known;
        if (_kept.Count >= KeptMax) _kept.Clear();
        var loaded = LoadedManifest.Of(ManifestReader.Read(row.Document));
        // Somebody who writes to the database must not slip another document under a signed digest.
        if (loaded.Digest != row.Digest) throw ToolProblems.SignatureInvalid.Because("The stored manifest is not the one that was approved.");
        return _kept.GetOrAdd(row.Digest, loaded);
    }
}
