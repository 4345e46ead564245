using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Ends the session of this browser, or the access token that is sent: the token is revoked, not only forgotten.</summary>
internal sealed class EndSession(AccessTokens tokens, CredentialCache cache, Db db, Journal journal)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/auth/signout",
        (HttpContext http, EndSession use, CancellationToken cancellationToken) => use.RunAsync(http, cancellationToken))
        .Public().WithoutReplay().WithBodyLimit(4096).ExcludeFromDescription();

    private async Task<IResult> RunAsync(HttpContext http, CancellationToken cancellationToken)
    {
        SameSite.Demand(http.Request);
        var header = http.Request.Headers.Authorization.ToString();
        var token = header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : http.Request.Cookies[SignIn.Cookie];
        if (token is { Length: > 0 } && await tokens.VerifyAsync(token, cancellationToken) is { } claims) await RevokeAsync(claims, cancellationToken);
        http.Response.Cookies.Delete(SignIn.Cookie, new CookieOptions { Path = "/", HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps });
        return SignInPage.Message(http, "Signed out", "This browser is signed out.", null);
    }

    private Task RevokeAsync(TokenClaims claims, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(claims.Tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(claims.Sub, "user") };
        return db.WriteAsync(claims.Tenant, async work =>
        {
            await cache.ChangedAsync(work, claims.Tenant);
            if (!await IdentityStore.RevokeTokenAsync(work, claims.Tenant, claims.Jti, claims.ExpiresAt.ToMicros())) return;
            await journal.AppendAsync(work, context, IdentityEvents.TokenRevoked, new TokenRevoked(claims.Jti, claims.Sub), IdentityJson.Default.TokenRevoked);
        }, cancellationToken);
    }
}
