using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Capabilities">What roles and extras come to together.</param>
/// <param name="Extra">What it holds beside its roles.</param>
/// <param name="HasLogin">A person can sign in as it with a password.</param>
internal sealed record UserView(
    string Id, string Kind, string DisplayName, bool Active, IReadOnlyList<string> Capabilities, IReadOnlyList<string> Roles, IReadOnlyList<string> Extra,
    bool HasLogin, bool MfaEnrolled, long Version, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static UserView Of(PrincipalRow row) => new(
        row.Id, row.Kind, row.DisplayName, row.Active, row.Capabilities, row.Roles, row.Extra, row.Person is not null, row.Mfa, row.Version, row.CreatedAt, row.UpdatedAt);
}

internal sealed record UserFilter(string? Kind = null, bool? Active = null, string? Role = null, string? Prefix = null);

/// <summary>The principals of the caller's tenant, by id.</summary>
internal sealed class ListUsers(IdentityStore store)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/users",
            (RequestContext context, ListUsers use, string? cursor, int? limit, string? kind, bool? active, string? role, string? prefix, CancellationToken cancellationToken) =>
                use.RunAsync(context, new UserFilter(kind, active, role, prefix), cursor, limit, cancellationToken)).Requires(Capability.TenantAdmin);
        routes.MapGet("/v1/users/{id}", (string id, RequestContext context, ListUsers use, HttpResponse response, CancellationToken cancellationToken) =>
            use.FindAsync(id, context, response, cancellationToken)).Requires(Capability.TenantAdmin);
    }

    internal async Task<Page<UserView>> RunAsync(RequestContext context, UserFilter filter, string? cursor, int? limit, CancellationToken cancellationToken)
    {
        Check.That(filter.Kind is null or "user" or "service", "kind", "must be user or service")
            .And(filter.Role is null || Rules.IsRoleName(filter.Role), "role", Rules.RoleNameRule)
            .And(filter.Prefix is null || Rules.IsPrincipalId(filter.Prefix), "prefix", Rules.PrincipalIdRule).OrThrow();
        var size = Cursor.Limit(limit);
        var rows = await store.PrincipalsAsync(context.Tenant, filter, Cursor.Decode(cursor) ?? "", size + 1, cancellationToken);
        return Cursor.Page([.. rows.Select(UserView.Of)], size, static user => user.Id);
    }

    private async Task<UserView> FindAsync(string id, RequestContext context, HttpResponse response, CancellationToken cancellationToken)
    {
        var row = await store.FindPrincipalAsync(context.Tenant, id, cancellationToken) ?? throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such principal.");
        response.Headers.ETag = Routes.ETag(row.Version);
        return UserView.Of(row);
    }
}
