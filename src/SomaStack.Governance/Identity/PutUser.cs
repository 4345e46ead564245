using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Capabilities">What it holds beside its roles.</param>
/// <param name="Kind">user or service; cannot change later.</param>
/// <param name="Active">False ends every token and key of the principal.</param>
/// <param name="Roles">Null leaves them as they are.</param>
internal sealed record PutUserRequest(string DisplayName, IReadOnlyList<string> Capabilities, string Kind = "user", bool Active = true, IReadOnlyList<string>? Roles = null);

/// <summary>
/// Creates a principal, or changes one when If-Match names its version. The granter must hold what he gives and what he takes, so that
/// nobody rises through another; nobody changes his own rights at all.
/// </summary>
internal sealed class PutUser(IdentityStore store, CredentialCache cache, Db db, Journal journal, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPut("/v1/users/{id}",
            (string id, PutUserRequest request, RequestContext context, PutUser use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
                use.RunAsync(id, request, context, http, response, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapDelete("/v1/users/{id}", (string id, RequestContext context, PutUser use, CancellationToken cancellationToken) =>
            use.DeactivateAsync(id, context, cancellationToken)).Requires(Capability.TenantAdmin);
    }

    private async Task<UserView> RunAsync(string id, PutUserRequest request, RequestContext context, HttpRequest http, HttpResponse response, CancellationToken cancellationToken)
    {
        var current = await store.FindPrincipalAsync(context.Tenant, id, cancellationToken);
        var expected = current is null && http.Headers.IfMatch.Count == 0 ? 0 : Routes.IfMatch(http);
        var row = await RunAsync(id, request, context, current, expected, cancellationToken);
        response.Headers.ETag = Routes.ETag(row.Version);
        if (current is null) response.StatusCode = StatusCodes.Status201Created;
        return UserView.Of(row);
    }

    /// <summary>Ends whatever the principal holds and keeps its row, since the journal names it.</summary>
    internal async Task<UserView> DeactivateAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await store.FindPrincipalAsync(context.Tenant, id, cancellationToken) ?? throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such principal.");
        if (!row.Active) return UserView.Of(row);
        return UserView.Of(await RunAsync(id, new PutUserRequest(row.DisplayName, row.Extra, row.Kind, Active: false), context, row, row.Version, cancellationToken));
    }

    /// <param name="expected">The version that the caller saw; 0 when there was none.</param>
    internal async Task<PrincipalRow> RunAsync(string id, PutUserRequest request, RequestContext context, PrincipalRow? current, long expected, CancellationToken cancellationToken)
    {
        Check.That(Rules.IsPrincipalId(id), "id", Rules.PrincipalIdRule)
            .And(request.Kind is "user" or "service", "kind", "must be user or service")
            .And(current is null || current.Kind == request.Kind, "kind", "cannot change")
            .And(Rules.IsName(request.DisplayName), "display_name", Rules.NameRule)
            .And(Rules.IsShortList(request.Capabilities), "capabilities", Rules.ListRule)
            .And(Rules.IsShortList(request.Roles), "roles", Rules.ListRule)
            .OrThrow();
        if (expected != (current?.Version ?? 0)) throw PlatformProblems.VersionMismatch.Because($"The version is {current?.Version ?? 0}.");
        string[] extra = [.. CapabilitySet.Of(request.Capabilities).Names.Order(StringComparer.Ordinal)];
        string[] roles = [.. (request.Roles ?? current?.Roles ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var now = clock.GetUtcNow();
        var revocation = current is null ? 1 : current.Revocation + (current.Active && !request.Active ? 1 : 0);
        return await db.WriteAsync(context.Tenant, async work =>
        {
            await cache.ChangedAsync(work, context.Tenant);
            var wanted = await RoleStore.EffectiveAsync(work, context.Tenant, roles, extra);
            MayChange(context, id, current, wanted, request.Active);
            var next = new PrincipalRow(context.Tenant, id, request.Kind, request.DisplayName, request.Active, wanted, expected + 1, revocation, current?.CreatedAt ?? now, now)
            {
                Roles = roles, Extra = extra, Person = current?.Person, Mfa = current?.Mfa ?? false,
            };
            await WriteAsync(work, journal, context, next, expected);
            return next;
        }, cancellationToken);
    }

    /// <summary>The row and its line, for whoever changes principals inside a transaction of his own that raised the generation.</summary>
    internal static async Task WriteAsync(DbWork work, Journal journal, RequestContext context, PrincipalRow next, long expected)
    {
        if (!await IdentityStore.TryWritePrincipalAsync(work, next, expected)) throw PlatformProblems.VersionMismatch.Because("Somebody else changed the principal meanwhile.");
        await journal.AppendAsync(work, context, "principal/" + next.Id, next.Version, IdentityEvents.PrincipalChanged, Changed(next), IdentityJson.Default.PrincipalChanged);
    }

    internal static PrincipalChanged Changed(PrincipalRow row) => new(row.Id, row.Kind, row.DisplayName, row.Active, row.Capabilities, row.Version, row.Roles);

    private static void MayChange(RequestContext context, string id, PrincipalRow? current, string[] wanted, bool active)
    {
        IReadOnlyList<string> held = current?.Capabilities ?? [];
        if (id == context.Principal.Id && (!active || !held.SequenceEqual(wanted)))
            throw IdentityProblems.SelfLift.Because("You may change your own display name only.");
        foreach (var name in held.Union(wanted, StringComparer.Ordinal))
            if (id != context.Principal.Id) Rules.MustHold(context, name);
    }
}
