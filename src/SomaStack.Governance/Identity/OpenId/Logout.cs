using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// RP-initiated logout: asks, then ends the browser session here and its token everywhere. It goes on only to an address that the client
/// registered, and only when an id token of ours says which client that is.
/// </summary>
internal sealed class Logout(BrowserSession session, IdTokens idTokens, FindClient find, AccessTokens tokens, CredentialCache cache, Db db, Journal journal)
{
    public const string Path = "/v1/auth/logout";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (HttpContext http, Logout use, CancellationToken cancellationToken) => use.AskAsync(http, cancellationToken)).Public().ExcludeFromDescription();
        routes.MapPost(Path, (HttpContext http, Logout use, CancellationToken cancellationToken) => use.RunAsync(http, cancellationToken))
            .Public().WithoutReplay().WithBodyLimit(Form.BytesMax).ExcludeFromDescription();
    }

    private async Task<IResult> AskAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var sent = AuthorizationRequest.Single(http.Request.Query);
        var onward = await OnwardAsync(sent.GetValueOrDefault("id_token_hint"), sent.GetValueOrDefault("post_logout_redirect_uri"), cancellationToken);
        string Hidden(string name) => sent.GetValueOrDefault(name) is { Length: > 0 and <= 4096 } value ? $"<input type=\"hidden\" name=\"{name}\" value=\"{BrowserPage.Text(value)}\">" : "";
        return BrowserPage.Html(http.Response, "Sign out", $"""
            <h1>Sign out?</h1>
            <form method="post" action="{Path}">{Hidden("id_token_hint")}{Hidden("post_logout_redirect_uri")}{Hidden("state")}<button type="submit">Sign out</button></form>
            """, onward is null ? "" : RedirectUris.SourceOf(onward));
    }

    private async Task<IResult> RunAsync(HttpContext http, CancellationToken cancellationToken)
    {
        SameSite.Demand(http.Request);
        var form = await Form.ReadAsync(http, cancellationToken);
        if (await session.FindAsync(http.Request, cancellationToken) is { } user && http.Request.Cookies[SignIn.Cookie] is { } cookie && await tokens.VerifyAsync(cookie, cancellationToken) is { } claims)
            await db.WriteAsync(user.Tenant, async work =>
            {
                if (await IdentityStore.RevokeTokenAsync(work, user.Tenant, claims.Jti, claims.ExpiresAt.ToMicros()))
                    await journal.AppendAsync(work, Authorize.ContextOf(user), OpenIdEvents.SignedOut, new SignedOut(user.Principal), OpenIdJson.Default.SignedOut);
                await cache.ChangedAsync(work, user.Tenant);
            }, cancellationToken);
        http.Response.Cookies.Delete(SignIn.Cookie, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, Path = "/" });
        if (await OnwardAsync(form.Find("id_token_hint"), form.Find("post_logout_redirect_uri"), cancellationToken) is { } onward)
            return TypedResults.Redirect(form.Find("state") is { Length: <= 512 } state ? QueryHelpers.AddQueryString(onward, "state", state) : onward);
        return BrowserPage.Html(http.Response, "Signed out", "<h1>Signed out</h1><p>This browser is signed out.</p>");
    }

    private async Task<string?> OnwardAsync(string? hint, string? address, CancellationToken cancellationToken)
    {
        if (address is null || await idTokens.ReadHintAsync(hint, cancellationToken) is not var (name, _)) return null;
        var client = await find.RunAsync(name, cancellationToken);
        return client is not null && client.LogoutUris.Contains(address, StringComparer.Ordinal) ? address : null;
    }
}
