using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>The configured providers, in the operator's order: where two list a model of one name, the first has it.</summary>
internal sealed class ProviderList
{
    private static readonly OutgoingLimits Outgoing = new(TimeSpan.FromMinutes(10), 1L << 30, Redirects: 0);

    // Replaced as a whole when a server is found, so a reader sees one state or the other.
    private volatile State _state;

    public ProviderList(IReadOnlyList<Provider> providers) => _state = new State(providers);

    public IReadOnlyList<Provider> All => _state.All;

    public static ProviderList From(SomaOptions options) => new(
        [.. ProviderSettings.From(options, options.SecretOf).Select(static settings => new Provider(settings, Connect(settings.Address)))]);

    /// <summary>A client that may reach this address, wherever it is.</summary>
    public static HttpClient Connect(Uri address) => OutgoingHttp.Create(Outgoing, address);

    /// <summary>A server that was found while running; it comes after all others. One caller at a time.</summary>
    public void Add(Provider provider) => _state = new State([.. _state.All, provider]);

    /// <summary>Null for the built-in one.</summary>
    public Provider? Of(KnownModel model) => _state.ByName.GetValueOrDefault(model.Provider);

    private sealed class State(IReadOnlyList<Provider> all)
    {
        public IReadOnlyList<Provider> All => all;

        public Dictionary<string, Provider> ByName { get; } = all.ToDictionary(static provider => provider.Name, StringComparer.Ordinal);
    }
}
