using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record PutRoleRequest(string Description, IReadOnlyList<string> Capabilities);

/// <param name="Published">True for the roles that every tenant has; they cannot be changed.</param>
internal sealed record RoleView(string Name, string Description, IReadOnlyList<string> Capabilities, bool Published, long Version)
{
    public static RoleView Of(RoleRow row) => new(row.Name, row.Description, row.Capabilities, row.Tenant == Db.AllTenants, row.Version);
}

/// <summary>
/// Bundles of capabilities. Changing one changes at once what all its holders may do, so the changer must hold what he gives and what he takes, and
/// nobody changes a role that he holds himself.
/// </summary>
internal sealed class Roles(RoleStore store, IdentityStore principals, CredentialCache cache, Db db, Journal journal, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/roles", (RequestContext context, Roles use, CancellationToken cancellationToken) => use.ListAsync(context, cancellationToken)).ForAnyPrincipal();
        routes.MapGet("/v1/roles/{name}", (string name, RequestContext context, Roles use, HttpResponse response, CancellationToken cancellationToken) =>
            use.FindAsync(name, context, response, cancellationToken)).ForAnyPrincipal();
        routes.MapPut("/v1/roles/{name}",
            (string name, PutRoleRequest request, RequestContext context, Roles use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
                use.PutAsync(name, request, context, http, response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapDelete("/v1/roles/{name}", (string name, RequestContext context, Roles use, CancellationToken cancellationToken) =>
            use.DeleteAsync(name, context, cancellationToken)).Requires(Capability.TenantAdmin).Produces(StatusCodes.Status204NoContent);
    }

    internal async Task<Page<RoleView>> ListAsync(RequestContext context, CancellationToken cancellationToken) =>
        new([.. PublishedRoles.All.Concat(await store.ListAsync(context.Tenant, cancellationToken)).Select(RoleView.Of)], null);

    private async Task<RoleView> FindAsync(string name, RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        var row = PublishedRoles.ByName.GetValueOrDefault(name) ?? await store.FindAsync(context.Tenant, name, cancellationToken)
            ?? throw PlatformProblems.NotFound.Because("The tenant has no such role.");
        response.Headers.ETag = Routes.ETag(row.Version);
        return RoleView.Of(row);
    }

    private async Task<RoleView> PutAsync(string name, PutRoleRequest request, RequestContext context, HttpRequest http, HttpResponse response, CancellationToken cancellationToken)
    {
        var current = await store.FindAsync(context.Tenant, name, cancellationToken);
        var row = await PutAsync(name, request, context, current, current is null && http.Headers.IfMatch.Count == 0 ? 0 : Routes.IfMatch(http), cancellationToken);
        response.Headers.ETag = Routes.ETag(row.Version);
        if (current is null) response.StatusCode = StatusCodes.Status201Created;
        return RoleView.Of(row);
    }

    internal async Task<RoleRow> PutAsync(string name, PutRoleRequest request, RequestContext context, RoleRow? current, long expected, CancellationToken cancellationToken)
    {
        Check.That(Rules.IsRoleName(name), "name", Rules.RoleNameRule)
            .And(Rules.IsName(request.Description), "description", Rules.NameRule)
            .And(Rules.IsShortList(request.Capabilities), "capabilities", Rules.ListRule)
            .OrThrow();
        if (PublishedRoles.ByName.ContainsKey(name)) throw IdentityProblems.RolePublished.Because($"'{name}' is a published role.");
        if (expected != (current?.Version ?? 0)) throw PlatformProblems.VersionMismatch.Because($"The version is {current?.Version ?? 0}.");
        string[] wanted = [.. CapabilitySet.Of(request.Capabilities).Names.Order(StringComparer.Ordinal)];
        foreach (var capability in wanted.Union(current?.Capabilities ?? [], StringComparer.Ordinal)) Rules.MustHold(context, capability);
        var self = await principals.FindPrincipalAsync(context.Tenant, context.Principal.Id, cancellationToken);
        if (self is not null && self.Roles.Contains(name) && !wanted.SequenceEqual(current?.Capabilities ?? []))
            throw IdentityProblems.SelfLift.Because("You hold this role yourself.");
        var next = new RoleRow(context.Tenant, name, request.Description, wanted, expected + 1, clock.GetUtcNow());
        await db.WriteAsync(context.Tenant, async work =>
        {
            await cache.ChangedAsync(work, context.Tenant);
            if (expected == 0 && await RoleStore.CountAsync(work, context.Tenant) >= RoleStore.PerTenantMax)
                throw IdentityProblems.RoleLimit.Because($"A tenant has at most {RoleStore.PerTenantMax} roles of its own.");
            if (!await RoleStore.TryWriteAsync(work, next, expected)) throw PlatformProblems.VersionMismatch.Because("Somebody else changed the role meanwhile.");
            await journal.AppendAsync(work, context, IdentityEvents.RoleChanged, new RoleChanged(name, wanted, next.Version), IdentityJson.Default.RoleChanged);
            foreach (var holder in await RoleStore.HoldersAsync(work, context.Tenant, name)) await RecomputeAsync(work, context, holder);
        }, cancellationToken);
        return next;
    }

    internal Task DeleteAsync(string name, RequestContext context, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        await cache.ChangedAsync(work, context.Tenant);
        if ((await RoleStore.HoldersAsync(work, context.Tenant, name)).Count > 0) throw IdentityProblems.RoleHeld.Because($"Somebody holds the role '{name}'.");
        if (!await RoleStore.DeleteAsync(work, context.Tenant, name)) throw PlatformProblems.NotFound.Because("The tenant has no such role.");
        await journal.AppendAsync(work, context, IdentityEvents.RoleDeleted, new RoleDeleted(name), IdentityJson.Default.RoleDeleted);
    }, cancellationToken);

    /// <summary>A release may publish other roles than the last one: what their holders may do follows at the first start.</summary>
    internal Task FollowCatalogueAsync(CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        if (!await RoleStore.AdoptCatalogueAsync(work, PublishedRoles.Digest)) return;
        await cache.ChangedAsync(work, Db.AllTenants);
        foreach (var holder in await RoleStore.AllHoldersAsync(work)) await RecomputeAsync(work, RequestContext.ForSystem(holder.Tenant, DeploymentMode.DeveloperLight), holder);
    }, cancellationToken);

    private async Task RecomputeAsync(DbWork work, RequestContext context, PrincipalRow holder)
    {
        var effective = await RoleStore.EffectiveAsync(work, holder.Tenant, holder.Roles, holder.Extra);
        if (effective.SequenceEqual(holder.Capabilities)) return;
        var next = holder with { Capabilities = effective, Version = holder.Version + 1, UpdatedAt = clock.GetUtcNow() };
        if (!await IdentityStore.TryWritePrincipalAsync(work, next, holder.Version)) throw PlatformProblems.Conflict.Because("A holder of the role changed meanwhile.");
        await journal.AppendAsync(work, context, "principal/" + next.Id, next.Version, IdentityEvents.PrincipalChanged, PutUser.Changed(next), IdentityJson.Default.PrincipalChanged);
    }
}
