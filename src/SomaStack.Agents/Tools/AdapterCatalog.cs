using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <summary>An adapter that may be used: in force, trusted and switched on.</summary>
internal sealed record UsableAdapter(LoadedManifest Manifest, ManifestSignature? Signature, IAdapterKind Kind)
{
    public string Id => Manifest.Manifest.Id;
}

/// <summary>Which adapters a tenant has: the platform's own and those that it let in.</summary>
internal sealed class AdapterCatalog(AdapterStore store, AdapterKinds kinds, NativeAdapters natives, LoadedManifests manifests, Publishers publishers)
{
    public const int AdaptersMax = 200;

    /// <exception cref="Problem">404 <c>adapter_unknown</c>, 503 <c>adapter_disabled</c>, <c>tool_unavailable</c>, 403 <c>manifest_unsigned</c>, <c>manifest_signature_invalid</c>.</exception>
    public async Task<UsableAdapter> GetAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(context.Tenant, id, cancellationToken);
        if (row?.State == AdapterRow.Disabled) throw ToolProblems.AdapterDisabled.Because($"'{id}' is switched off{(row.Reason is null ? "" : ": " + row.Reason)}.");
        if (natives.Find(id) is { } native) return new UsableAdapter(native, null, kinds.Find(NativeAdapters.Kind)!);
        if (row is not { State: AdapterRow.Enabled } || await store.InForceAsync(context.Tenant, id, cancellationToken) is not { } stored)
            throw ToolProblems.AdapterUnknown.Because($"No adapter '{id}' is in force.");
        if (await publishers.FaultAsync(context, stored.Signed, stored.Digest, cancellationToken) is { } fault) throw fault;
        var loaded = manifests.Of(stored);
        if (kinds.Unavailable(loaded.Manifest.Kind) is { } missing) throw ToolProblems.Unavailable.Because(missing);
        return new UsableAdapter(loaded, stored.Signed, kinds.Find(loaded.Manifest.Kind)!);
    }

    /// <summary>Those that may be used now, by id.</summary>
    public async Task<List<UsableAdapter>> UsableAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var states = (await store.ListAsync(context.Tenant, cancellationToken)).ToDictionary(static row => row.Id, static row => row.State, StringComparer.Ordinal);
        var usable = natives.Manifests.Where(native => states.GetValueOrDefault(native.Manifest.Id) != AdapterRow.Disabled)
            .Select(native => new UsableAdapter(native, null, kinds.Find(NativeAdapters.Kind)!)).ToList();
        foreach (var stored in await store.InForceAsync(context.Tenant, cancellationToken))
        {
            if (states.GetValueOrDefault(stored.Adapter) != AdapterRow.Enabled || natives.Has(stored.Adapter)) continue;
            if (await publishers.FaultAsync(context, stored.Signed, stored.Digest, cancellationToken) is not null) continue;
            if (manifests.Find(stored, out _) is { } loaded && kinds.Unavailable(loaded.Manifest.Kind) is null) usable.Add(new UsableAdapter(loaded, stored.Signed, kinds.Find(loaded.Manifest.Kind)!));
        }
        usable.Sort(static (one, other) => string.CompareOrdinal(one.Id, other.Id));
        return usable;
    }

    /// <summary>Capabilities among what it needs. Other permissions are the outside system's scopes, shown to whoever lets it in.</summary>
    public static IEnumerable<string> CapabilitiesOf(Manifest manifest, ManifestAction action)
    {
        foreach (var permission in manifest.Permissions)
            if (Capability.All.Contains(permission)) yield return permission;
        if (manifest.Kind == NativeAdapters.Kind && action.Settings is { } settings && settings.TryGetProperty("capability", out var own) && own.ValueKind == JsonValueKind.String) yield return own.GetString()!;
    }
}
