using System.Text.Json;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>
/// The platform's own adapters, with manifests made from what the rooms declare. They are asked for at their first use: a room that brings
/// one may need tools itself.
/// </summary>
internal sealed class NativeAdapters(Func<IEnumerable<INativeAdapter>> adapters)
{
    public const string Kind = "native";

    private const string Version = "1.0.0";

    private readonly Lazy<Dictionary<string, (INativeAdapter Adapter, LoadedManifest Manifest)>> _all = new(() =>
        adapters().ToDictionary(static adapter => adapter.Name, adapter => (adapter, Load(adapter)), StringComparer.Ordinal));

    public IEnumerable<LoadedManifest> Manifests => _all.Value.Values.Select(static one => one.Manifest);

    public bool Has(string id) => _all.Value.ContainsKey(id);

    public LoadedManifest? Find(string id) => _all.Value.TryGetValue(id, out var known) ? known.Manifest : null;

    public INativeAdapter Of(string id) => _all.Value[id].Adapter;

    /// <exception cref="InvalidOperationException">The program declares an action that no manifest could hold.</exception>
    private static LoadedManifest Load(INativeAdapter adapter)
    {
        var declared = new NativeManifest(
            adapter.Name, Version, Kind, adapter.Description, [.. adapter.Actions.Select(static action => new NativeManifestAction(
                action.Name, action.Description, JsonDocument.Parse(action.InputSchema).RootElement, action.OutputSchema is null ? null : JsonDocument.Parse(action.OutputSchema).RootElement,
                action.Risk, action.ReadOnly, action.Idempotent, new NativeSettings(action.Capability)))], new NativeLimits(600, 120));
        try
        {
            return LoadedManifest.Of(ManifestReader.Read(JsonSerializer.Serialize(declared, ManifestJson.Default.NativeManifest)));
        }
        catch (Problem problem)
        {
            throw new InvalidOperationException($"The native adapter '{adapter.Name}' is declared wrongly: {problem.Detail}", problem);
        }
    }
}

internal sealed record NativeManifest(string Id, string Version, string Kind, string Summary, IReadOnlyList<NativeManifestAction> Actions, NativeLimits Limits);

internal sealed record NativeManifestAction(string Name, string Description, JsonElement Input, JsonElement? Output, string Risk, bool ReadOnly, bool Idempotent, NativeSettings Settings);

/// <param name="Capability">What the caller must hold for this action.</param>
internal sealed record NativeSettings(string Capability);

internal sealed record NativeLimits(int PerMinute, int TimeoutSeconds);

/// <summary>Hands an action to the room that brought it.</summary>
internal sealed class NativeKind(NativeAdapters adapters) : IAdapterKind
{
    public string Kind => NativeAdapters.Kind;

    public string? Unavailable => null;

    public IReadOnlyList<FieldError> Check(Manifest manifest) => [new FieldError("/kind", "native adapters come with the program; nobody registers one")];

    public async Task<AdapterAnswer> ExecuteAsync(AdapterCall call, CancellationToken cancellationToken)
    {
        var answer = await adapters.Of(call.Manifest.Id).CallAsync(call.Context, call.Action.Name, call.Arguments.GetRawText(), call.Call, cancellationToken);
        return new AdapterAnswer(false, answer.Text, answer.Structured) { Taints = answer.Taints };
    }
}
