using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>The whole of the settings: what is left out is unset.</summary>
/// <param name="ResidencyRegions">Regions that may serve the tenant; empty or absent means those of the installation, or any.</param>
/// <param name="DailyBudget">In US dollars per UTC day, with at most 9 places; null means the installation's, or no limit.</param>
internal sealed record ChangeSettingsRequest(
    string DisplayName, IReadOnlyList<string>? ResidencyRegions = null, long? RequestsPerMinute = null, decimal? DailyBudget = null);

/// <summary>Reads and replaces the settings of the caller's tenant, or the defaults of the installation.</summary>
internal sealed class ChangeSettings(ServedSettings served, ISettingsGate gate, IApprovals approvals, Db db, Journal journal, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/settings", (RequestContext context, ChangeSettings use, HttpResponse response, CancellationToken cancellationToken) =>
            use.ReadAsync(context.Tenant, response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapPut("/v1/settings", (ChangeSettingsRequest request, RequestContext context, ChangeSettings use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
            use.AnswerAsync(request, context, context.Tenant, Routes.IfMatch(http), response, cancellationToken)).Requires(Capability.TenantAdmin)
            .Produces<SettingsView>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted);
        routes.MapGet("/v1/settings/schema", static () => TypedResults.Content(SettingsFields.Schema().ToJsonString(), "application/schema+json"))
            .Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/settings/installation", (ChangeSettings use, HttpResponse response, CancellationToken cancellationToken) =>
            use.ReadAsync(Db.AllTenants, response, cancellationToken)).Requires(Capability.PlatformAdmin);
        routes.MapPut("/v1/settings/installation",
            (ChangeSettingsRequest request, RequestContext context, ChangeSettings use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
                use.AnswerAsync(request, context, Db.AllTenants, Routes.IfMatch(http), response, cancellationToken)).Requires(Capability.PlatformAdmin)
            .Produces<SettingsView>().Produces<ApprovalWanted>(StatusCodes.Status202Accepted);
    }

    private async Task<SettingsView> ReadAsync(string tenant, HttpResponse response, CancellationToken cancellationToken)
    {
        var own = await served.CurrentAsync(tenant, cancellationToken);
        response.Headers.ETag = Routes.ETag(own.Version);
        return View(own);
    }

    private async Task<IResult> AnswerAsync(ChangeSettingsRequest request, RequestContext context, string tenant, long expected, HttpResponse response, CancellationToken cancellationToken) =>
        Answer(await RunAsync(request, context, tenant, expected, null, cancellationToken), response);

    internal IResult Answer(SettingsChange change, HttpResponse response)
    {
        if (change.Wanted is { } wanted) return TwoKeys.Answer(wanted);
        response.Headers.ETag = Routes.ETag(change.Changed!.Version);
        return TypedResults.Ok(View(change.Changed));
    }

    internal SettingsView View(TenantSettings own) => SettingsView.Of(own, own.Tenant == Db.AllTenants ? ServedSettings.Defaults(own.Tenant) : served.Installation);

    /// <summary>Of the caller's tenant.</summary>
    internal Task<SettingsChange> RunAsync(ChangeSettingsRequest request, RequestContext context, long expected, CancellationToken cancellationToken) =>
        RunAsync(request, context, context.Tenant, expected, null, cancellationToken);

    /// <param name="tenant">The caller's, or <c>*</c> for the installation.</param>
    /// <param name="restoredFrom">The version whose values these are; null when they are new.</param>
    internal async Task<SettingsChange> RunAsync(
        ChangeSettingsRequest request, RequestContext context, string tenant, long expected, long? restoredFrom, CancellationToken cancellationToken)
    {
        SettingsFields.Check(request, expected);
        var next = new TenantSettings(
            tenant, request.DisplayName, [.. (request.ResidencyRegions ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            request.RequestsPerMinute, request.DailyBudget is { } amount ? SettingsFields.Nanos(amount) : null, expected + 1);
        var owner = context with { Tenant = tenant };
        var wanted = await AskAsync(owner, next, expected, restoredFrom, cancellationToken);
        // The row may belong to the installation; the approval always does to the caller's tenant, where people decide.
        return await db.WriteAsync(tenant, async work =>
        {
            if (wanted is not null && await approvals.ProposeOrClaimAsync(work, context, wanted) is { } pending) return new SettingsChange(pending, null);
            if (!await SettingsStore.TryWriteAsync(work, next, expected, context.Principal.Id, clock.NowMicros(), restoredFrom)) throw Elsewhere(expected);
            await journal.AppendAsync(work, owner, "settings/" + tenant, next.Version, SettingsEvents.Changed,
                new SettingsChanged(next.DisplayName, next.ResidencyRegions, next.RequestsPerMinute, next.DailyBudgetNanos, next.Version, SettingsView.Hash(next)),
                SettingsJson.Default.SettingsChanged);
            work.OnCommit(() => served.Keep(next));
            return new SettingsChange(null, next);
        }, cancellationToken);
    }

    /// <summary>Asks the gate when the change gives more money or more places than before.</summary>
    private async Task<ApprovalRequest?> AskAsync(RequestContext owner, TenantSettings next, long expected, long? restoredFrom, CancellationToken cancellationToken)
    {
        var before = await served.CurrentAsync(owner.Tenant, cancellationToken);
        if (SettingsRisk.Of(before, next) is not { Count: > 0 } risks) return null;
        // Nobody is asked to agree to what could not be written.
        return before.Version == expected ? await gate.AskAsync(owner, new RiskyChange(before, next, risks, restoredFrom), cancellationToken) : throw Elsewhere(expected);
    }

    private static Problem Elsewhere(long expected) => PlatformProblems.VersionMismatch.Because($"The settings are not at version {expected}.");
}

/// <summary>Exactly one of the two is set: what a second person is asked for, or what holds now.</summary>
internal sealed record SettingsChange(Approval? Wanted, TenantSettings? Changed);
