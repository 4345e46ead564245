using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="Status">enabled, disabled, proposed (no manifest was let in yet), untrusted (its signature does not count now) or unavailable.</param>
/// <param name="Reason">Why it is none of enabled; null when it is.</param>
/// <param name="Source">native, signed or unsigned.</param>
/// <param name="Revision">Its ETag.</param>
internal sealed record AdapterLine(
    string Id, string Kind, string Status, string? Reason, string? Version, string? Summary, string Source, ManifestSignature? Signature, string? ManifestDigest, int? RateLimitPerMinute,
    AdapterBilling? Billing, IReadOnlyList<ActionLine> Actions, long Revision, DateTimeOffset? UpdatedAt);

internal sealed record AdapterBilling(string Service, string CostPerCall, string Currency);

internal sealed record ActionLine(string Name, string Description, string Risk, bool ReadOnly, bool Idempotent);

/// <param name="Manifest">In force; null when none is.</param>
internal sealed record AdapterView(AdapterLine Adapter, JsonElement? Manifest, IReadOnlyList<SecretView> Secrets);

/// <summary>That it is bound, never what it is.</summary>
internal sealed record SecretView(string Name, long Version, string SetBy, DateTimeOffset SetAt);

/// <param name="State">candidate, active, replaced or revoked.</param>
internal sealed record ManifestLine(
    string Version, string State, string Digest, ManifestSignature? Signature, string? Approval, string RegisteredBy, DateTimeOffset RegisteredAt, DateTimeOffset? ActivatedAt, JsonElement Manifest);

/// <summary><c>GET /v1/adapters</c>: what a tenant has, and why something of it cannot be used here.</summary>
internal sealed class ReadAdapters(AdapterStore store, AdapterKinds kinds, NativeAdapters natives, LoadedManifests manifests, Publishers publishers)
{
    private const string Path = "/v1/adapters";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, static (RequestContext context, ReadAdapters read, string? cursor, int? limit, CancellationToken cancellationToken) => read.ListAsync(context, cursor, limit, cancellationToken))
            .Requires(Capability.ToolExecute).WithTags("tools").WithSummary("List adapters.");
        routes.MapGet(Path + "/{id}", static async (string id, RequestContext context, ReadAdapters read, HttpResponse response, CancellationToken cancellationToken) =>
        {
            var view = await read.GetAsync(context, id, cancellationToken);
            response.Headers.ETag = Routes.ETag(view.Adapter.Revision);
            return TypedResults.Ok(view);
        }).Requires(Capability.ToolExecute).WithTags("tools").WithSummary("Read an adapter with its manifest.");
        routes.MapGet(Path + "/{id}/versions", static (string id, RequestContext context, ReadAdapters read, string? cursor, int? limit, CancellationToken cancellationToken) =>
            read.VersionsAsync(context, id, cursor, limit, cancellationToken)).Requires(Capability.ToolManage).WithTags("tools").WithSummary("List versions of an adapter's manifest.");
    }

    internal async Task<Ok<Page<AdapterLine>>> ListAsync(RequestContext context, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var after = Cursor.Decode(cursor) ?? "";
        var rows = (await store.ListAsync(context.Tenant, cancellationToken)).ToDictionary(static row => row.Id, StringComparer.Ordinal);
        var active = (await store.InForceAsync(context.Tenant, cancellationToken)).ToDictionary(static row => row.Adapter, StringComparer.Ordinal);
        var ids = rows.Keys.Union(natives.Manifests.Select(static native => native.Manifest.Id)).Where(id => string.CompareOrdinal(id, after) > 0).Order(StringComparer.Ordinal).Take(size + 1);
        var lines = new List<AdapterLine>();
        foreach (var id in ids) lines.Add(await LineAsync(context, id, rows.GetValueOrDefault(id), active.GetValueOrDefault(id), cancellationToken));
        return TypedResults.Ok(Cursor.Page(lines, size, static line => line.Id));
    }

    /// <exception cref="Problem">404 <c>adapter_unknown</c>.</exception>
    public async Task<AdapterView> GetAsync(RequestContext context, string id, CancellationToken cancellationToken)
    {
        var row = await store.FindAsync(context.Tenant, id, cancellationToken);
        if (row is null && !natives.Has(id)) throw ToolProblems.AdapterUnknown.Because($"No adapter '{id}' is known.");
        var active = await store.InForceAsync(context.Tenant, id, cancellationToken);
        var text = natives.Find(id)?.Text ?? active?.Document;
        var secrets = await store.SecretsAsync(context.Tenant, id, cancellationToken);
        return new AdapterView(
            await LineAsync(context, id, row, active, cancellationToken), text is null ? null : Json(text), [.. secrets.Select(static secret => new SecretView(secret.Name, secret.Version, secret.SetBy, secret.SetAt))]);
    }

    internal async Task<Ok<Page<ManifestLine>>> VersionsAsync(RequestContext context, string id, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        var rows = await store.VersionsAsync(context.Tenant, id, Cursor.Decode(cursor), size + 1, cancellationToken);
        if (rows.Count == 0 && cursor is null && await store.FindAsync(context.Tenant, id, cancellationToken) is null) throw ToolProblems.AdapterUnknown.Because($"No adapter '{id}' was registered.");
        var page = Cursor.Page(rows, size, AdapterStore.CursorOf);
        return TypedResults.Ok(new Page<ManifestLine>(
            [.. page.Data.Select(static row => new ManifestLine(row.Version, row.State, row.Digest, row.Signed, row.Approval, row.RegisteredBy, row.RegisteredAt, row.ActivatedAt, Json(row.Document)))],
            page.NextCursor));
    }

    private async ValueTask<AdapterLine> LineAsync(RequestContext context, string id, AdapterRow? row, ManifestRow? active, CancellationToken cancellationToken)
    {
        var native = natives.Find(id);
        Problem? broken = null;
        var manifest = native?.Manifest ?? (active is null ? null : manifests.Find(active, out broken)?.Manifest);
        var fault = broken ?? (native is null && active is not null ? await publishers.FaultAsync(context, active.Signed, active.Digest, cancellationToken) : null);
        var kind = manifest?.Kind ?? row!.Kind;
        var (status, reason) = row?.State == AdapterRow.Disabled ? (AdapterRow.Disabled, row.Reason ?? "It was switched off.")
            : fault is not null ? ("untrusted", fault.Detail)
            : manifest is null ? (AdapterRow.Proposed, "No manifest of it was let in yet.")
            : kinds.Unavailable(kind) is { } missing ? ("unavailable", missing) : (AdapterRow.Enabled, (string?)null);
        return new AdapterLine(
            id, kind, status, reason, manifest?.Version, manifest?.Summary, native is not null ? NativeAdapters.Kind : active?.KeyId is null ? "unsigned" : "signed", active?.Signed, native?.Digest ?? active?.Digest,
            manifest?.Limits.PerMinute, manifest?.Billing is { } billing ? new AdapterBilling(billing.Service, billing.CostPerCall, billing.Currency) : null,
            [.. (manifest?.Actions ?? []).Select(static action => new ActionLine(action.Name, action.Description, action.Risk, action.ReadOnly, action.Idempotent))], row?.Revision ?? 0, row?.UpdatedAt);
    }

    private static JsonElement Json(string text) => JsonElement.Parse(text);
}
