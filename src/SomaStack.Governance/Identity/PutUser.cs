using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Kind">user or service; cannot change later.</param>
/// <param name="Active">False ends every token and key of the principal.</param>
internal sealed record PutUserRequest(string DisplayName, IReadOnlyList<string> Capabilities, string Kind = "user", bool Active = true);

/// <summary>
/// Creates a principal, or changes one when If-Match names its version. The granter must hold what he gives and what he takes, so that
/// nobody rises through another; nobody changes his own rights at all.
/// </summary>
internal sealed class PutUser(IdentityStore store, CredentialCache cache, Db db, Journal journal, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPut("/v1/users/{id}",
        (string id, PutUserRequest request, RequestContext context, PutUser use, HttpRequest http, HttpResponse response, CancellationToken cancellationToken) =>
            use.RunAsync(id, request, context, http, response, cancellationToken))
        .Requires(Capability.TenantAdmin).OpenWhenStopped();

    private async Task<UserView> RunAsync(string id, PutUserRequest request, RequestContext context, HttpRequest http, HttpResponse response, CancellationToken cancellationToken)
    {
        var current = await store.FindPrincipalAsync(context.Tenant, id, cancellationToken);
        var expected = current is null && http.Headers.IfMatch.Count == 0 ? 0 : Routes.IfMatch(http);
        var row = await RunAsync(id, request, context, current, expected, cancellationToken);
        response.Headers.ETag = Routes.ETag(row.Version);
        if (current is null) response.StatusCode = StatusCodes.Status201Created;
        return UserView.Of(row);
    }

    /// <param name="expected">The version that the caller saw; 0 when there was none.</param>
    internal async Task<PrincipalRow> RunAsync(string id, PutUserRequest request, RequestContext context, PrincipalRow? current, long expected, CancellationToken cancellationToken)
    {
        Check.That(Rules.IsPrincipalId(id), "id", Rules.PrincipalIdRule)
            .And(request.Kind is "user" or "service", "kind", "must be user or service")
            .And(current is null || current.Kind == request.Kind, "kind", "cannot change")
            .And(Rules.IsName(request.DisplayName), "display_name", Rules.NameRule)
            .And(Rules.IsShortList(request.Capabilities), "capabilities", Rules.ListRule)
            .OrThrow();
        if (expected != (current?.Version ?? 0)) throw PlatformProblems.VersionMismatch.Because($"The version is {current?.Version ?? 0}.");
        var wanted = CapabilitySet.Of(request.Capabilities).Names.Order(StringComparer.Ordinal).ToArray();
        MayChange(context, id, current, wanted, request.Active);

        var now = clock.GetUtcNow();
        var revocation = current is null ? 1 : current.Revocation + (current.Active && !request.Active ? 1 : 0);
        var next = new PrincipalRow(context.Tenant, id, request.Kind, request.DisplayName, request.Active, wanted, expected + 1, revocation, current?.CreatedAt ?? now, now);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (!await IdentityStore.TryWritePrincipalAsync(work, next, expected)) throw PlatformProblems.VersionMismatch.Because("Somebody else changed the principal meanwhile.");
            await journal.AppendAsync(work, context, "principal/" + id, next.Version, IdentityEvents.PrincipalChanged,
                new PrincipalChanged(id, next.Kind, next.DisplayName, next.Active, next.Capabilities, next.Version), IdentityJson.Default.PrincipalChanged);
            work.OnCommit(cache.Clear);
        }, cancellationToken);
        return next;
    }

    private static void MayChange(RequestContext context, string id, PrincipalRow? current, string[] wanted, bool active)
    {
        IReadOnlyList<string> held = current?.Capabilities ?? [];
        if (id == context.Principal.Id && (!active || !held.SequenceEqual(wanted)))
            throw IdentityProblems.SelfLift.Because("You may change your own display name only.");
        foreach (var name in held.Union(wanted, StringComparer.Ordinal))
            if (id != context.Principal.Id) Rules.MustHold(context, name);
    }
}
