using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Login">Null for a service, and for a user who never set a password.</param>
/// <param name="Tenants">Where else the same person is a user.</param>
internal sealed record MeView(
    string Tenant, string Principal, string Kind, string DisplayName, IReadOnlyList<string> Capabilities, IReadOnlyList<string> Roles, string? Login,
    bool MfaEnrolled, DateTimeOffset? MfaAt, long? RecoveryCodesLeft, IReadOnlyList<MembershipView> Tenants);

internal sealed record MembershipView(string Tenant, string DisplayName, string Principal);

/// <summary>Where a request came from, as the connection says. Headers of proxies are text that anybody may send.</summary>
internal static class Addresses
{
    public static string? Of(HttpContext http) => http.Connection.RemoteIpAddress?.ToString();
}

/// <summary>Who the caller is, as a principal and as a person.</summary>
internal sealed class Myself(IdentityStore principals, PersonStore people)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/v1/auth/me",
        (RequestContext context, Myself use, CancellationToken cancellationToken) => use.ReadAsync(context, cancellationToken)).ForAnyPrincipal();

    /// <summary>The person behind the caller's own token; an API key speaks for nobody's second factor or password.</summary>
    public async Task<PersonRow> PersonAsync(RequestContext context, CancellationToken cancellationToken)
    {
        if (context.Principal.Kind != "user") throw IdentityProblems.NoPerson.Because("This credential is not a person's token.");
        var row = await principals.FindPrincipalAsync(context.Tenant, context.Principal.Id, cancellationToken);
        return row?.Person is { } id && await people.FindAsync(id, cancellationToken) is { } person
            ? person
            : throw IdentityProblems.NoPerson.Because("You have not set a password yet; open a sign-in link.");
    }

    internal async Task<MeView> ReadAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var row = await principals.FindPrincipalAsync(context.Tenant, context.Principal.Id, cancellationToken) ?? throw IdentityProblems.PrincipalUnknown.Because("You are no principal of this tenant.");
        // A key may be in many hands: it tells nothing of its holder's other tenants.
        var person = row.Person is { } id && context.Principal.Kind == "user" ? await people.FindAsync(id, cancellationToken) : null;
        var memberships = person is null ? [] : await people.MembershipsAsync(person.Id, cancellationToken);
        return new MeView(
            row.Tenant, row.Id, context.Principal.Kind, row.DisplayName, [.. context.Capabilities.Names.Order(StringComparer.Ordinal)], row.Roles, person?.Login, row.Mfa, context.MfaAt,
            person?.Totp is null ? null : await people.RecoveryCodesLeftAsync(person.Id, cancellationToken),
            [.. memberships.Select(static membership => new MembershipView(membership.Tenant, membership.TenantName, membership.Principal))]);
    }
}
