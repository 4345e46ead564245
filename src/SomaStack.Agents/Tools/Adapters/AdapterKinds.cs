namespace SomaStack.Agents.Tools;

/// <summary>The kinds of adapters that this program has.</summary>
internal sealed class AdapterKinds
{
    private readonly Dictionary<string, IAdapterKind> _kinds;

    /// <exception cref="ArgumentException">Two of one name.</exception>
    public AdapterKinds(IEnumerable<IAdapterKind> kinds) => _kinds = kinds.ToDictionary(static kind => kind.Kind, StringComparer.Ordinal);

    public IReadOnlyCollection<string> Names => _kinds.Keys;

    public IAdapterKind? Find(string kind) => _kinds.GetValueOrDefault(kind);

    /// <summary>Why actions of this kind cannot be done here; null when they can.</summary>
    public string? Unavailable(string kind) => Find(kind) is { } known ? known.Unavailable : $"This program has no adapters of the kind '{kind}'.";
}
