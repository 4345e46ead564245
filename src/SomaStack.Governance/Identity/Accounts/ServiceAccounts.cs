using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record CreateServiceRequest(string Id, string DisplayName, IReadOnlyList<string>? Capabilities = null, IReadOnlyList<string>? Roles = null);

/// <summary>
/// Principals that are programs. They are principals like any other, so <c>/v1/users/{id}</c> changes them too; here they are made, found and ended
/// under the name that people look for.
/// </summary>
internal sealed class ServiceAccounts(IdentityStore store, PutUser put)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/service-accounts", (CreateServiceRequest request, RequestContext context, ServiceAccounts use, CancellationToken cancellationToken) =>
            use.CreateAsync(request, context, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/service-accounts", (RequestContext context, ListUsers use, string? cursor, int? limit, bool? active, CancellationToken cancellationToken) =>
            use.RunAsync(context, new UserFilter("service", active), cursor, limit, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/service-accounts/{id}", (string id, RequestContext context, ServiceAccounts use, HttpResponse response, CancellationToken cancellationToken) =>
            use.FindAsync(id, context, response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapDelete("/v1/service-accounts/{id}", (string id, RequestContext context, ServiceAccounts use, CancellationToken cancellationToken) =>
            use.DeactivateAsync(id, context, cancellationToken)).Requires(Capability.TenantAdmin);
    }

    internal async Task<Created<UserView>> CreateAsync(CreateServiceRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        if (await store.FindPrincipalAsync(context.Tenant, request.Id, cancellationToken) is not null) throw IdentityProblems.PrincipalExists.Because($"'{request.Id}' is a principal already.");
        var row = await put.RunAsync(request.Id, new PutUserRequest(request.DisplayName, request.Capabilities ?? [], "service", Roles: request.Roles), context, null, 0, cancellationToken);
        return TypedResults.Created($"/v1/service-accounts/{row.Id}", UserView.Of(row));
    }

    private async Task<UserView> FindAsync(string id, RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        var row = await ServiceAsync(id, context, cancellationToken);
        response.Headers.ETag = Routes.ETag(row.Version);
        return UserView.Of(row);
    }

    private async Task<UserView> DeactivateAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        await ServiceAsync(id, context, cancellationToken);
        return await put.DeactivateAsync(id, context, cancellationToken);
    }

    private async Task<PrincipalRow> ServiceAsync(string id, RequestContext context, CancellationToken cancellationToken) =>
        await store.FindPrincipalAsync(context.Tenant, id, cancellationToken) is { Kind: "service" } row ? row : throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such service account.");
}
