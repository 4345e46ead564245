using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>RFC 7662.</summary>
internal sealed record IntrospectResponse(
    bool Active, string? Scope = null, string? Sub = null, string? Tenant = null, string? TokenType = null, string? Iss = null, string? Aud = null,
    long? Exp = null, long? Iat = null, string? Jti = null, string? ClientId = null);

/// <summary>A confidential client asks whether a token of its own tenant is good now. Of anything else it hears no more than that it is not.</summary>
internal sealed class Introspect(ClientAuthentication clients, GrantStore store, AccessTokens tokens, IIdentity identity, TimeProvider clock)
{
    private static readonly IntrospectResponse Inactive = new(false);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/auth/introspect", (HttpContext http, Introspect use, CancellationToken cancellationToken) => use.RunAsync(http, cancellationToken))
            .Public().WithoutReplay().WithBodyLimit(Form.BytesMax).WithOAuthErrors().ExcludeFromDescription();

    private async Task<JsonHttpResult<IntrospectResponse>> RunAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var form = await Form.ReadAsync(http, cancellationToken);
        var client = await clients.RunAsync(http.Request, form, cancellationToken);
        if (!client.IsConfidential) throw OpenIdProblems.InvalidClient.Because("Only a client that proves who it is may ask.");
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Json(await LookAsync(client, form.Get("token"), cancellationToken), OpenIdJson.Default.IntrospectResponse);
    }

    private async Task<IntrospectResponse> LookAsync(OAuthClient client, string token, CancellationToken cancellationToken)
    {
        if (token.StartsWith(OpaqueToken.Refresh, StringComparison.Ordinal)) return await LookAtRefreshAsync(client, token, cancellationToken);
        if (token.Length > AccessTokens.MaximumLength || await tokens.VerifyAsync(token, cancellationToken) is not { } claims || claims.Tenant != client.Tenant) return Inactive;
        if (await identity.AuthenticateAsync(token, cancellationToken) is not { } who) return Inactive;
        return new IntrospectResponse(
            true, string.Join(' ', who.Capabilities.Names.Order(StringComparer.Ordinal)), claims.Sub, claims.Tenant, "Bearer", claims.Iss, claims.Aud, claims.Exp, claims.Iat, claims.Jti, claims.ClientId);
    }

    private async Task<IntrospectResponse> LookAtRefreshAsync(OAuthClient client, string token, CancellationToken cancellationToken)
    {
        if (token.Length > OpaqueToken.LengthMax || await store.FindUnusedRefreshAsync(OpaqueToken.HashOf(token), cancellationToken) is not { } row) return Inactive;
        var grant = await store.FindGrantAsync(row.Tenant, row.Family, cancellationToken);
        if (grant is not { IsRevoked: false } || grant.Client != client.WireId || row.ExpiresAt <= clock.GetUtcNow()) return Inactive;
        return new IntrospectResponse(true, string.Join(' ', grant.Scopes), grant.Principal, grant.Tenant, "refresh_token", Exp: row.ExpiresAt.ToUnixTimeSeconds(), ClientId: grant.Client);
    }
}
