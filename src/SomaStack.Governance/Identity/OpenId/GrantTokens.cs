using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>RFC 6749, 5.1, with the id token of OpenID Connect.</summary>
internal sealed record TokenResponse(
    string AccessToken, string TokenType, int ExpiresIn, string Scope,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? RefreshToken,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? IdToken)
{
    public JsonHttpResult<TokenResponse> Answer(HttpResponse response)
    {
        response.Headers.CacheControl = "no-store";
        return TypedResults.Json(this, OpenIdJson.Default.TokenResponse);
    }
}

/// <summary>Turns a grant into tokens: the same access tokens as everywhere, with what the grant says and its holder still has.</summary>
internal sealed class GrantTokens(IdentityStore principals, TokenIssue issue, IdTokens idTokens, CredentialCache cache, Db db, TimeProvider clock)
{
    /// <param name="narrowed">The scopes of this token; null for all of the grant.</param>
    /// <param name="refresh">A refresh token that was written already; null when there is none.</param>
    /// <exception cref="Problem"><c>invalid_grant</c> when the person or the grant is not good any more.</exception>
    public async Task<TokenResponse> IssueAsync(Grant grant, IReadOnlyList<string>? narrowed, string? nonce, string? refresh, bool withIdToken, CancellationToken cancellationToken)
    {
        var context = RequestContext.ForSystem(grant.Tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(grant.Principal, "user") };
        var holder = await principals.FindPrincipalAsync(grant.Tenant, grant.Principal, cancellationToken);
        if (holder is not { Active: true }) throw OpenIdProblems.InvalidGrant.Because("The person is not active any more.");
        var scopes = Scopes.Grant(narrowed ?? grant.Scopes, grant.Scopes, holder.Capabilities.Contains);
        var (token, jti) = await issue.RunAsync(context, grant.Principal, Scopes.CapabilitiesIn(scopes), Grant.AccessLifetime, grant.Proof, cancellationToken, grant.Client);
        // A replay may have ended the family between the check and this: then the token that was just signed ends with it.
        var alive = await db.WriteAsync(grant.Tenant, async work =>
        {
            await GrantStore.AddAccessTokenAsync(work, grant.Tenant, jti, grant.Id, token.ExpiresAt.ToMicros());
            if (!await GrantStore.IsRevokedAsync(work, grant.Tenant, grant.Id)) return true;
            await IdentityStore.RevokeTokenAsync(work, grant.Tenant, jti, token.ExpiresAt.ToMicros());
            await cache.ChangedAsync(work, grant.Tenant);
            return false;
        }, cancellationToken);
        if (!alive) throw OpenIdProblems.InvalidGrant.Because("The grant was revoked.");
        var idToken = withIdToken && grant.Scopes.Contains(Scopes.OpenId) ? await idTokens.SignAsync(grant, holder, nonce, cancellationToken) : null;
        var seconds = (int)(token.ExpiresAt - clock.GetUtcNow()).TotalSeconds;
        return new TokenResponse(token.Token, "Bearer", Math.Max(1, seconds), string.Join(' ', scopes), refresh, idToken);
    }
}
