using Microsoft.AspNetCore.Http;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>The person whom the browser's cookie proves.</summary>
/// <param name="Capabilities">What this session may do: no grant gives more.</param>
/// <param name="Session">The id of the session's token: binds forms to the browser that got them.</param>
internal sealed record SignedInUser(string Tenant, string Principal, CapabilitySet Capabilities, DateTimeOffset AuthenticatedAt, Proof Proof, string Session);

/// <summary>Pages read the cookie themselves, since they answer a stranger with a page and not with 401.</summary>
internal sealed class BrowserSession(IIdentity identity, AccessTokens tokens)
{
    public async ValueTask<SignedInUser?> FindAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        if (request.Cookies[SignIn.Cookie] is not { Length: > 0 } cookie) return null;
        if (await tokens.VerifyAsync(cookie, cancellationToken) is not { } claims) return null;
        if (await identity.AuthenticateAsync(cookie, cancellationToken) is not { Principal.Kind: "user" } who) return null;
        return new SignedInUser(who.Tenant, who.Principal.Id, who.Capabilities, DateTimeOffset.FromUnixTimeSeconds(claims.Iat), new Proof(claims.Amr ?? [], who.MfaAt), claims.Jti);
    }

    /// <summary>The person who sent a form of ours.</summary>
    /// <exception cref="Problem">403 when the form came from another site, 401 when nobody is signed in.</exception>
    public async Task<SignedInUser> OfFormAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        // The cookie is SameSite=Strict already; this is the second lock, for a sister site and for browsers that know neither.
        SameSite.Demand(request);
        return await FindAsync(request, cancellationToken) ?? throw PlatformProblems.Unauthenticated.Because("You are not signed in any more.");
    }

    /// <summary>The page that lets a person sign in and then come back to a local address.</summary>
    public static string SignInAddress(string returnTo) => "/v1/auth/signin?return_to=" + Uri.EscapeDataString(returnTo);
}
