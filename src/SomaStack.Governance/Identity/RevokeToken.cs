using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record RevokeTokenRequest(string Token);

/// <param name="Revoked">False when there was no valid access token of this tenant to revoke.</param>
internal sealed record RevokeTokenResponse(bool Revoked);

/// <summary>Ends one access token before its time: at once here, within <see cref="CredentialCache.Trust"/> on other replicas.</summary>
internal sealed class RevokeToken(AccessTokens tokens, CredentialCache cache, Db db, Journal journal)
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/v1/tokens/revoke",
        (RevokeTokenRequest request, RequestContext context, RevokeToken use, CancellationToken cancellationToken) => use.RunAsync(request, context, cancellationToken))
        .Requires(Capability.TokenIssue).WithoutReplay();

    internal async Task<RevokeTokenResponse> RunAsync(RevokeTokenRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.Token.Length <= AccessTokens.MaximumLength, "token", "must have at most 8192 characters").OrThrow();
        var claims = await tokens.VerifyAsync(request.Token, cancellationToken);
        if (claims is null || claims.Tenant != context.Tenant) return new RevokeTokenResponse(false);
        await db.WriteAsync(context.Tenant, async work =>
        {
            if (await IdentityStore.RevokeTokenAsync(work, context.Tenant, claims.Jti, claims.ExpiresAt.ToMicros()))
                await journal.AppendAsync(work, context, IdentityEvents.TokenRevoked, new TokenRevoked(claims.Jti, claims.Sub), IdentityJson.Default.TokenRevoked);
            await cache.ChangedAsync(work, context.Tenant);
        }, cancellationToken);
        return new RevokeTokenResponse(true);
    }
}
