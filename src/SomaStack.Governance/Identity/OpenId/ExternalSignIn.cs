using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Sign-in through the outside issuer that the operator configured: code flow with PKCE, state and nonce. All three derive from one secret
/// in the browser's cookie, so that an answer counts only in the browser that asked, and nothing of them lies in the database.
/// </summary>
internal sealed class ExternalSignIn(
    ExternalKeys outside, ExternalStore store, IdentityStore principals, ScimStore scim, InvitationStore invitations, TokenIssue issue, PublicOrigin origin, Db db, Journal journal, TimeProvider clock)
{
    private const string Cookie = "soma_external";
    private const string Path = "/v1/auth/external";
    private const string Callback = Path + "/callback";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (string? return_to, HttpContext http, ExternalSignIn use, CancellationToken cancellationToken) => use.BeginAsync(return_to, http, cancellationToken)).Public().ExcludeFromDescription();
        routes.MapGet(Callback, (HttpContext http, ExternalSignIn use, CancellationToken cancellationToken) => use.EndAsync(http, cancellationToken)).Public().ExcludeFromDescription();
    }

    private async Task<RedirectHttpResult> BeginAsync(string? returnTo, HttpContext http, CancellationToken cancellationToken)
    {
        var metadata = await outside.MetadataAsync(cancellationToken);
        var secret = OpaqueToken.New();
        await store.AddSignInAsync(outside.Issuer.Tenant, OpaqueToken.HashOf(Derive(secret, "state")), LocalPath.Of(returnTo) ?? "/", (clock.GetUtcNow() + Patience).ToMicros(), cancellationToken);
        http.Response.Headers.CacheControl = "no-store";
        // Lax, since the answer comes by a step from the issuer's page.
        http.Response.Cookies.Append(Cookie, secret, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = http.Request.IsHttps, Path = Path, MaxAge = Patience });
        return TypedResults.Redirect(QueryHelpers.AddQueryString(metadata.AuthorizationEndpoint, new Dictionary<string, string?>
        {
            ["response_type"] = "code", ["client_id"] = outside.Issuer.ClientId, ["redirect_uri"] = origin.Of(Callback), ["scope"] = "openid profile email",
            ["state"] = Derive(secret, "state"), ["nonce"] = Derive(secret, "nonce"), ["code_challenge"] = Pkce.ChallengeOf(Derive(secret, "verifier")), ["code_challenge_method"] = Pkce.Method,
        }));
    }

    private async Task<ContentHttpResult> EndAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var sent = AuthorizationRequest.Single(http.Request.Query);
        var secret = http.Request.Cookies[Cookie] is { Length: > 0 and <= OpaqueToken.LengthMax } kept ? kept : throw Refused("This browser did not begin it, or too long ago.");
        http.Response.Cookies.Delete(Cookie, new CookieOptions { Path = Path });
        if (!Equal(sent.GetValueOrDefault("state"), Derive(secret, "state"))) throw Refused("The answer belongs to another request.");
        var returnTo = await store.SpendSignInAsync(outside.Issuer.Tenant, OpaqueToken.HashOf(Derive(secret, "state")), clock.NowMicros(), cancellationToken)
            ?? throw Refused("It was used, or has expired.");
        var metadata = await outside.MetadataAsync(cancellationToken);
        // RFC 9207: an issuer that says who answers must be the one that was asked.
        var told = sent.GetValueOrDefault("iss");
        if (told is null ? metadata.AuthorizationResponseIssParameterSupported == true : told != metadata.Issuer) throw Refused("Another issuer answered.");
        if (sent.TryGetValue("error", out var error)) throw Refused(error is "access_denied" ? "The person did not allow it." : "The issuer refused.");
        if (sent.GetValueOrDefault("code") is not { Length: > 0 and <= 2048 } code) throw Refused("The answer holds no code.");

        var token = await outside.ExchangeAsync(code, Derive(secret, "verifier"), origin.Of(Callback), cancellationToken);
        var keys = await outside.KeysAsync(ExternalIdToken.KeyIdOf(token), cancellationToken);
        var person = await ExternalIdToken.VerifyAsync(token, keys, outside.Issuer.Issuer, outside.Issuer.ClientId, Derive(secret, "nonce"), clock.GetUtcNow())
            ?? throw Refused("Its id token could not be verified.");
        var principal = await MatchAsync(person, cancellationToken);
        var context = RequestContext.ForSystem(outside.Issuer.Tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(principal, "user") };
        var (session, _) = await issue.RunAsync(context, principal, null, SignIn.Session, cancellationToken);
        await db.WriteAsync(context.Tenant, work => journal.AppendAsync(work, context, OpenIdEvents.ExternalSignedIn,
            new ExternalSignedIn(principal, outside.Issuer.Issuer), OpenIdJson.Default.ExternalSignedIn), cancellationToken);
        http.Response.Cookies.Append(SignIn.Cookie, session.Token, new CookieOptions
        {
            HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, IsEssential = true, Path = "/", Expires = session.ExpiresAt,
        });
        return BrowserPage.Onward(http.Response, returnTo);
    }

    internal async Task<string> MatchAsync(ExternalPerson person, CancellationToken cancellationToken)
    {
        var (tenant, issuer) = (outside.Issuer.Tenant, outside.Issuer.Issuer);
        var linked = await store.FindAsync(tenant, issuer, person.Subject, cancellationToken);
        var byExternalId = linked is null ? await scim.FindByExternalIdAsync(tenant, person.Subject, cancellationToken) : null;
        var email = ExternalMatch.EmailOf(person);
        var byEmail = linked is null && email is not null ? await principals.FindPrincipalAsync(tenant, email, cancellationToken) : null;
        var address = linked is null && person is { EmailVerified: true, Email: { } sent } ? ExternalMatch.AddressOf(sent) : null;
        var invitation = address is not null ? await invitations.FindByEmailAsync(tenant, address, clock.NowMicros(), cancellationToken) : null;
        var (outcome, principal, by) = ExternalMatch.Decide(person, linked, byExternalId, byEmail, invitation?.Principal, outside.Issuer.CreateWith is not null);
        if (outcome == ExternalOutcome.Refuse)
            throw Refused(byEmail?.Person is not null ? "Somebody here has this address and a password. Sign in with it." : "Nobody here has this identity, and strangers are not let in.");
        if (outcome == ExternalOutcome.SignIn) return principal!;
        // Without a verified address the id is made from issuer and subject: the same every time, and nobody's choice.
        principal ??= "ext-" + TextDigest.Of($"{issuer}\n{person.Subject}")[..24];
        var context = RequestContext.ForSystem(tenant, DeploymentMode.DeveloperLight);
        await db.WriteAsync(tenant, async work =>
        {
            if (outcome == ExternalOutcome.Create) await CreateAsync(work, context, principal, person);
            if (outcome == ExternalOutcome.Accept) await AcceptInvitation.AdmitAsync(work, journal, invitation!, clock.GetUtcNow());
            if (!await ExternalStore.LinkAsync(work, tenant, issuer, person.Subject, principal, clock.NowMicros())) return;
            await journal.AppendAsync(work, context, OpenIdEvents.ExternalLinked, new ExternalLinked(principal, issuer, person.Subject, by), OpenIdJson.Default.ExternalLinked);
        }, cancellationToken);
        return principal;
    }

    private async Task CreateAsync(DbWork work, RequestContext context, string principal, ExternalPerson person)
    {
        var now = clock.GetUtcNow();
        string[] held = [.. CapabilitySet.Of(outside.Issuer.CreateWith!).Names.Order(StringComparer.Ordinal)];
        var name = person.Name is { } told && Rules.IsName(told) ? told : principal;
        var row = new PrincipalRow(context.Tenant, principal, "user", name, true, held, 1, 1, now, now);
        if (await ScimStore.FindPrincipalAsync(work, context.Tenant, principal) is null) await PutUser.WriteAsync(work, journal, context, row, 0);
    }

    private static string Derive(string secret, string purpose) => Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(purpose)));

    private static bool Equal(string? sent, string expected) => sent is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(sent), Encoding.UTF8.GetBytes(expected));

    private static Problem Refused(string why) => OpenIdProblems.ExternalRefused.Because(why);
}
