using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Owner">Id of the first principal; it holds every capability but platform:admin.</param>
internal sealed record CreateTenantRequest(string Id, string DisplayName, string Owner = FirstStart.Owner);

/// <param name="Active">False ends every credential of the tenant until it is true again; nothing of the tenant is lost.</param>
internal sealed record PutTenantRequest(string DisplayName, bool Active);

internal sealed record TenantView(string Id, string DisplayName, bool Active, long Version, DateTimeOffset CreatedAt);

/// <param name="SignInLink">Signs the new owner in once, within a day. Shown this once.</param>
internal sealed record CreateTenantResponse(TenantView Tenant, string Owner, string SignInLink);

internal sealed class Tenants(IdentityStore store, TenantCreation creation, SignInLink links, CredentialCache cache, Db db, Journal journal)
{
    /// <summary>The installation's operators stay above its tenants.</summary>
    private static readonly string[] OwnerCapabilities = [.. Capability.All.Where(static name => name is not (Capability.PlatformAdmin or Capability.ModerationBypass))];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/tenants/current", (RequestContext context, Tenants use, HttpResponse response, CancellationToken cancellationToken) =>
            use.CurrentAsync(context, response, cancellationToken)).ForAnyPrincipal();
        routes.MapPost("/v1/tenants", (CreateTenantRequest request, RequestContext context, Tenants use, CancellationToken cancellationToken) =>
            use.CreateAsync(request, context, cancellationToken)).Requires(Capability.PlatformAdmin).WithoutReplay();
        routes.MapGet("/v1/tenants", (Tenants use, string? cursor, int? limit, CancellationToken cancellationToken) =>
            use.ListAsync(cursor, limit, cancellationToken)).Requires(Capability.PlatformAdmin);
        routes.MapPut("/v1/tenants/{id}",
            (string id, PutTenantRequest request, RequestContext context, Tenants use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
                use.PutAsync(id, request, context, http, response, cancellationToken)).Requires(Capability.PlatformAdmin);
    }

    private async Task<TenantView> CurrentAsync(RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        var tenant = await store.FindTenantAsync(context.Tenant, cancellationToken) ?? throw PlatformProblems.NotFound.Because("The tenant is not there.");
        response.Headers.ETag = Routes.ETag(tenant.Version);
        return tenant;
    }

    internal async Task<Created<CreateTenantResponse>> CreateAsync(CreateTenantRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(Rules.IsTenantId(request.Id), "id", Rules.TenantIdRule)
            .And(Rules.IsName(request.DisplayName), "display_name", Rules.NameRule)
            .And(Rules.IsPrincipalId(request.Owner), "owner", Rules.PrincipalIdRule)
            .OrThrow();
        if (!await creation.TryRunAsync(context, request.Id, request.DisplayName, request.Owner, OwnerCapabilities, cancellationToken))
            throw IdentityProblems.TenantExists.Because($"A tenant '{request.Id}' is there already.");
        var tenant = await store.FindTenantAsync(request.Id, cancellationToken);
        var link = await links.CreateAsync(context, request.Id, request.Owner, TimeSpan.FromDays(1), cancellationToken);
        return TypedResults.Created("/v1/tenants/current", new CreateTenantResponse(tenant!, request.Owner, link));
    }

    internal async Task<Page<TenantView>> ListAsync(string? cursor, int? limit, CancellationToken cancellationToken)
    {
        var size = Cursor.Limit(limit);
        return Cursor.Page(await store.TenantsAsync(Cursor.Decode(cursor) ?? "", size + 1, cancellationToken), size, static tenant => tenant.Id);
    }

    private async Task<TenantView> PutAsync(string id, PutTenantRequest request, RequestContext context, HttpRequest http, HttpResponse response, CancellationToken cancellationToken)
    {
        var next = await PutAsync(id, request, context, Routes.IfMatch(http), cancellationToken);
        response.Headers.ETag = Routes.ETag(next.Version);
        return next;
    }

    internal async Task<TenantView> PutAsync(string id, PutTenantRequest request, RequestContext context, long expected, CancellationToken cancellationToken)
    {
        Check.That(Rules.IsName(request.DisplayName), "display_name", Rules.NameRule).OrThrow();
        var current = await store.FindTenantAsync(id, cancellationToken) ?? throw PlatformProblems.NotFound.Because("There is no such tenant.");
        if (id == context.Tenant && !request.Active) throw IdentityProblems.SelfLift.Because("Nobody deactivates the tenant that he acts in.");
        var next = current with { DisplayName = request.DisplayName, Active = request.Active, Version = expected + 1 };
        await db.WriteAsync(id, async work =>
        {
            await cache.ChangedAsync(work, id);
            if (!await IdentityStore.TryWriteTenantAsync(work, next, expected)) throw PlatformProblems.VersionMismatch.Because($"The version is {current.Version}.");
            await journal.AppendAsync(work, context with { Tenant = id }, "tenant/" + id, next.Version, IdentityEvents.TenantChanged,
                new TenantChanged(id, next.DisplayName, next.Active), IdentityJson.Default.TenantChanged);
        }, cancellationToken);
        return next;
    }
}
