using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>The configured providers, in the operator's order: where two list a model of one name, the first has it.</summary>
internal sealed class ProviderList
{
    private static readonly OutgoingLimits Outgoing = new(TimeSpan.FromMinutes(10), 1L << 30, Redirects: 0);

    private readonly Dictionary<string, Provider> _byName;

    public ProviderList(IReadOnlyList<Provider> providers)
    {
        All = providers;
        _byName = providers.ToDictionary(static provider => provider.Name, StringComparer.Ordinal);
    }

    public IReadOnlyList<Provider> All { get; }

    public static ProviderList From(SomaOptions options) => new(
        [.. ProviderSettings.From(options, Environment.GetEnvironmentVariable).Select(static settings => new Provider(settings, OutgoingHttp.Create(Outgoing, settings.Address)))]);

    /// <summary>Null for the built-in one.</summary>
    public Provider? Of(KnownModel model) => _byName.GetValueOrDefault(model.Provider);
}
