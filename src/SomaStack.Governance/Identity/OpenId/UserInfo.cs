using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record UserInfoResponse(string Sub, string Tenant, string PreferredUsername, string Name, DateTimeOffset UpdatedAt);

/// <summary>Who the bearer of a token is. The subject is that of the id token.</summary>
internal sealed class UserInfo(IdentityStore principals)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/auth/userinfo", (RequestContext context, UserInfo use, CancellationToken cancellationToken) => use.RunAsync(context, cancellationToken)).ForAnyPrincipal();
        routes.MapPost("/v1/auth/userinfo", (RequestContext context, UserInfo use, CancellationToken cancellationToken) => use.RunAsync(context, cancellationToken)).ForAnyPrincipal().WithoutReplay();
    }

    private async Task<UserInfoResponse> RunAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var holder = await principals.FindPrincipalAsync(context.Tenant, context.Principal.Id, cancellationToken) ?? throw IdentityProblems.PrincipalUnknown.Because("The principal is not there any more.");
        return new UserInfoResponse(IdTokenClaims.SubjectOf(holder.Tenant, holder.Id), holder.Tenant, holder.Id, holder.DisplayName, holder.UpdatedAt);
    }
}
