using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>The whole of the settings: what is left out is unset.</summary>
/// <param name="ResidencyRegions">Regions that may serve the tenant; empty or absent means those of the installation, or any.</param>
/// <param name="DailyBudget">In US dollars per UTC day, with at most 9 places; null means the installation's, or no limit.</param>
internal sealed record ChangeSettingsRequest(
    string DisplayName, IReadOnlyList<string>? ResidencyRegions = null, long? RequestsPerMinute = null, decimal? DailyBudget = null);

/// <summary>Reads and replaces the settings of the caller's tenant, or the defaults of the installation.</summary>
internal sealed class ChangeSettings(ServedSettings served, IEnumerable<ISettingsGate> gates, Db db, Journal journal, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/settings", (RequestContext context, ChangeSettings use, HttpResponse response, CancellationToken cancellationToken) =>
            use.ReadAsync(context.Tenant, response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapPut("/v1/settings", (ChangeSettingsRequest request, RequestContext context, ChangeSettings use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
            use.AnswerAsync(request, context, Routes.IfMatch(http), response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/settings/schema", static () => TypedResults.Content(SettingsFields.Schema().ToJsonString(), "application/schema+json"))
            .Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/settings/installation", (ChangeSettings use, HttpResponse response, CancellationToken cancellationToken) =>
            use.ReadAsync(Db.AllTenants, response, cancellationToken)).Requires(Capability.PlatformAdmin);
        routes.MapPut("/v1/settings/installation",
            (ChangeSettingsRequest request, RequestContext context, ChangeSettings use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
                use.AnswerAsync(request, context with { Tenant = Db.AllTenants }, Routes.IfMatch(http), response, cancellationToken)).Requires(Capability.PlatformAdmin);
    }

    private async Task<SettingsView> ReadAsync(string tenant, HttpResponse response, CancellationToken cancellationToken)
    {
        var own = await served.CurrentAsync(tenant, cancellationToken);
        response.Headers.ETag = Routes.ETag(own.Version);
        return View(own);
    }

    private async Task<SettingsView> AnswerAsync(ChangeSettingsRequest request, RequestContext context, long expected, HttpResponse response, CancellationToken cancellationToken)
    {
        var own = await RunAsync(request, context, expected, cancellationToken);
        response.Headers.ETag = Routes.ETag(own.Version);
        return View(own);
    }

    internal SettingsView View(TenantSettings own) => SettingsView.Of(own, own.Tenant == Db.AllTenants ? ServedSettings.Defaults(own.Tenant) : served.Installation);

    internal Task<TenantSettings> RunAsync(ChangeSettingsRequest request, RequestContext context, long expected, CancellationToken cancellationToken) =>
        RunAsync(request, context, expected, null, cancellationToken);

    /// <param name="restoredFrom">The version whose values these are; null when they are new.</param>
    internal async Task<TenantSettings> RunAsync(
        ChangeSettingsRequest request, RequestContext context, long expected, long? restoredFrom, CancellationToken cancellationToken)
    {
        SettingsFields.Check(request, expected);
        var next = new TenantSettings(
            context.Tenant, request.DisplayName, [.. (request.ResidencyRegions ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            request.RequestsPerMinute, request.DailyBudget is { } amount ? SettingsFields.Nanos(amount) : null, expected + 1);
        await AskAsync(context, next, cancellationToken);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (!await SettingsStore.TryWriteAsync(work, next, expected, context.Principal.Id, clock.NowMicros(), restoredFrom))
                throw PlatformProblems.VersionMismatch.Because($"The settings are not at version {expected}.");
            await journal.AppendAsync(work, context, "settings/" + context.Tenant, next.Version, SettingsEvents.Changed,
                new SettingsChanged(next.DisplayName, next.ResidencyRegions, next.RequestsPerMinute, next.DailyBudgetNanos, next.Version, SettingsView.Hash(next)),
                SettingsJson.Default.SettingsChanged);
            work.OnCommit(() => served.Keep(next));
        }, cancellationToken);
        return next;
    }

    /// <summary>Asks whoever guards settings, when the change gives more money or more places than before.</summary>
    private async Task AskAsync(RequestContext context, TenantSettings next, CancellationToken cancellationToken)
    {
        var before = await served.CurrentAsync(context.Tenant, cancellationToken);
        if (SettingsRisk.Of(before, next) is not { Count: > 0 } risks) return;
        foreach (var gate in gates) await gate.CheckAsync(context, new RiskyChange(before, next, risks), cancellationToken);
    }
}
