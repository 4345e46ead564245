using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Agents.Tools.Contracts;
using SomaStack.Platform;

namespace SomaStack.Agents.Tools;

/// <param name="Reason">Shown to whoever wants to use it.</param>
internal sealed record SwitchRequest(string? Reason = null);

/// <param name="Version">The version in force when it is left out.</param>
internal sealed record RevokeAdapterRequest(string Reason, string? Version = null);

/// <summary>Switches an adapter off and on, and revokes versions for good. Off is one key, since it stops; what was let in with two keys may come back with one.</summary>
internal sealed class SwitchAdapter(Db db, Journal journal, NativeAdapters natives, ReadAdapters read, TimeProvider clock)
{
    private const int ReasonMax = 300;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/adapters/{id}/disable", static (string id, SwitchRequest request, RequestContext context, SwitchAdapter use, CancellationToken cancellationToken) =>
            use.SwitchAsync(context, id, AdapterRow.Disabled, request.Reason, cancellationToken)).Requires(Capability.ToolManage).OpenWhenStopped().WithTags("tools").WithSummary("Switch an adapter off.");
        routes.MapPost("/v1/adapters/{id}/enable", static (string id, RequestContext context, SwitchAdapter use, CancellationToken cancellationToken) =>
            use.SwitchAsync(context, id, AdapterRow.Enabled, null, cancellationToken)).Requires(Capability.ToolManage).WithTags("tools").WithSummary("Switch an adapter on again.");
        routes.MapPost("/v1/adapters/{id}/revoke", static (string id, RevokeAdapterRequest request, RequestContext context, SwitchAdapter use, CancellationToken cancellationToken) =>
            use.RevokeAsync(context, id, request, cancellationToken)).Requires(Capability.ToolManage).OpenWhenStopped().WithTags("tools").WithSummary("Revoke a version of a manifest for good.");
    }

    internal async Task<Ok<AdapterView>> SwitchAsync(RequestContext context, string id, string state, string? reason, CancellationToken cancellationToken)
    {
        Checked(reason);
        await WriteAsync(context, async work =>
        {
            var now = clock.NowMicros().ToInstant();
            var row = await AdapterStore.FindAsync(work, context.Tenant, id);
            if (row is null)
            {
                if (!natives.Has(id)) throw ToolProblems.AdapterUnknown.Because($"No adapter '{id}' is known.");
                if (state == AdapterRow.Enabled) return;
                await AdapterStore.InsertAsync(work, new AdapterRow(context.Tenant, id, NativeAdapters.Kind, state, null, 1, 1, context.Principal.Id, reason, now, now));
                await SayAsync(work, context, id, 1, state, null, reason);
                return;
            }
            var next = state == AdapterRow.Enabled && row.Version is null && !natives.Has(id) ? AdapterRow.Proposed : state;
            if (row.State == next) return;
            await ChangeAsync(work, row, row with { State = next, Reason = reason, ChangedBy = context.Principal.Id });
            await SayAsync(work, context, id, row.Events + 1, state, row.Version, reason);
        }, cancellationToken);
        return TypedResults.Ok(await read.GetAsync(context, id, cancellationToken));
    }

    internal async Task<Ok<AdapterView>> RevokeAsync(RequestContext context, string id, RevokeAdapterRequest request, CancellationToken cancellationToken)
    {
        Check.That(request.Reason.Trim().Length > 0, "reason", "is needed").OrThrow();
        Checked(request.Reason);
        await WriteAsync(context, async work =>
        {
            var row = await AdapterStore.FindAsync(work, context.Tenant, id) ?? throw ToolProblems.AdapterUnknown.Because($"No adapter '{id}' was registered.");
            var version = request.Version ?? row.Version ?? throw ToolProblems.VersionUnknown.Because($"No version of '{id}' is in force; name one.");
            var manifest = await AdapterStore.VersionAsync(work, context.Tenant, id, version) ?? throw ToolProblems.VersionUnknown.Because($"'{id}' has no version {version}.");
            if (manifest.State == ManifestRow.Revoked) return;
            await AdapterStore.RevokeAsync(work, context.Tenant, id, version);
            var next = row.Version == version ? row with { Version = null, State = row.State == AdapterRow.Disabled ? AdapterRow.Disabled : AdapterRow.Proposed } : row;
            await ChangeAsync(work, row, next with { ChangedBy = context.Principal.Id });
            await SayAsync(work, context, id, row.Events + 1, "revoked", version, request.Reason);
        }, cancellationToken);
        return TypedResults.Ok(await read.GetAsync(context, id, cancellationToken));
    }

    private async Task WriteAsync(RequestContext context, Func<DbWork, Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await db.WriteAsync(context.Tenant, work, cancellationToken);
        }
        catch (Exception exception) when (db.IsUniqueViolation(exception))
        {
            throw PlatformProblems.Conflict.Because("The adapter was changed at the same moment.", exception);
        }
    }

    private async Task ChangeAsync(DbWork work, AdapterRow before, AdapterRow next)
    {
        next = next with { Revision = before.Revision + 1, Events = before.Events + 1, UpdatedAt = clock.NowMicros().ToInstant() };
        if (!await AdapterStore.UpdateAsync(work, next, before.Revision)) throw PlatformProblems.Conflict.Because("The adapter was changed at the same moment.");
    }

    private Task<long> SayAsync(DbWork work, RequestContext context, string id, long version, string change, string? manifest, string? detail) => journal.AppendAsync(
        work, context, ToolFactTypes.OfAdapter(id), version, ToolEvents.AdapterChanged, new AdapterChanged(id, change, manifest, null, null, detail), ToolsJson.Default.AdapterChanged);

    private static void Checked(string? reason) => Check.That(reason is null || reason.Length <= ReasonMax, "reason", $"must have at most {ReasonMax} characters").OrThrow();
}
