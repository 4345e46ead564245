using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <param name="Temperature">0 to 2.</param>
internal sealed record ModelProfileSettings(double? Temperature = null, long? MaxTokens = null);

/// <summary>A role's whole profile: what is left out is at its default.</summary>
internal sealed record ModelProfileBody(
    string Primary, IReadOnlyList<string>? Fallbacks = null, ModelProfileSettings? Settings = null, bool Cache = false, int Retries = ModelProfile.DefaultRetries,
    double? TimeoutSeconds = null, double TotalSeconds = ModelProfile.DefaultTotalSeconds, int? HedgeAfterMs = null)
{
    public ModelProfile ToProfile(string role, long version) => new(
        role, Primary, Fallbacks ?? [], Settings?.Temperature, Settings?.MaxTokens, Cache, Retries, TimeoutSeconds, TotalSeconds, HedgeAfterMs, version);

    public static ModelProfileBody Of(ModelProfile profile) => new(
        profile.Primary, profile.Fallbacks, new ModelProfileSettings(profile.Temperature, profile.MaxTokens), profile.Cache, profile.Retries, profile.TimeoutSeconds,
        profile.TotalSeconds, profile.HedgeAfterMs);
}

/// <param name="Profile">Null when the role is not set: requests for it go to the installation's default model.</param>
/// <param name="Version">What a change sends in If-Match.</param>
internal sealed record ModelProfileView(string Role, ModelProfileBody? Profile, long Version);

internal sealed record ModelProfileList(string Tenant, IReadOnlyList<ModelProfileView> Profiles);

/// <summary><c>/v1/tenants/{id}/model-profiles</c>: the tenant's models for each role.</summary>
internal sealed class ChangeModelProfiles(ServedModelProfiles profiles)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/tenants/{id}/model-profiles", (string id, RequestContext context, ChangeModelProfiles use, CancellationToken cancellationToken) =>
            use.ListAsync(context, id, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/tenants/{id}/model-profiles/{role}", (string id, string role, RequestContext context, ChangeModelProfiles use, HttpResponse response, CancellationToken cancellationToken) =>
            use.ReadAsync(context, id, role, response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapPut("/v1/tenants/{id}/model-profiles/{role}",
            (string id, string role, ModelProfileBody request, RequestContext context, ChangeModelProfiles use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
                use.ChangeAsync(context, id, role, request, Routes.IfMatch(http), response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapDelete("/v1/tenants/{id}/model-profiles/{role}", (string id, string role, RequestContext context, ChangeModelProfiles use, HttpRequest http, CancellationToken cancellationToken) =>
            use.ResetAsync(context, id, role, Routes.IfMatch(http), cancellationToken)).Requires(Capability.TenantAdmin);
    }

    private async Task<ModelProfileList> ListAsync(RequestContext context, string tenant, CancellationToken cancellationToken)
    {
        RoleOf(context, tenant, ModelRoles.Chat);
        var rows = await profiles.CurrentAsync(context.Tenant, cancellationToken);
        return new ModelProfileList(context.Tenant, [.. ModelRoles.All.Select(role => View(rows, role))]);
    }

    private async Task<ModelProfileView> ReadAsync(RequestContext context, string tenant, string role, HttpResponse response, CancellationToken cancellationToken)
    {
        var known = RoleOf(context, tenant, role);
        var view = View(await profiles.CurrentAsync(context.Tenant, cancellationToken), known);
        response.Headers.ETag = Routes.ETag(view.Version);
        return view;
    }

    private async Task<ModelProfileView> ChangeAsync(
        RequestContext context, string tenant, string role, ModelProfileBody request, long expected, HttpResponse response, CancellationToken cancellationToken)
    {
        var known = RoleOf(context, tenant, role);
        var changed = await profiles.ChangeAsync(context, request.ToProfile(known, expected), expected, cancellationToken);
        response.Headers.ETag = Routes.ETag(changed.Version);
        return new ModelProfileView(known, ModelProfileBody.Of(changed), changed.Version);
    }

    private async Task<IResult> ResetAsync(RequestContext context, string tenant, string role, long expected, CancellationToken cancellationToken)
    {
        await profiles.ResetAsync(context, RoleOf(context, tenant, role), expected, cancellationToken);
        return TypedResults.NoContent();
    }

    /// <exception cref="Problem">404 for another tenant's id, which looks like one that is not there, and for an unknown role.</exception>
    private static string RoleOf(RequestContext context, string tenant, string role)
    {
        if (tenant != context.Tenant) throw PlatformProblems.NotFound.Because("There is no such tenant here.");
        return ModelRoles.Parse(role) ?? throw PlatformProblems.NotFound.Because("The roles are " + string.Join(", ", ModelRoles.All) + ".");
    }

    private static ModelProfileView View(List<ModelProfileRow> rows, string role)
    {
        var row = rows.Find(candidate => candidate.Role == role);
        return new ModelProfileView(role, row?.Profile, row?.Version ?? 0);
    }
}
