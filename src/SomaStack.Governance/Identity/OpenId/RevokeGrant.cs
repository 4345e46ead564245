using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>RFC 7009: a client gives up what it got. Either kind of token ends the whole family; a stranger's token ends nothing, in the same words.</summary>
internal sealed class RevokeGrant(ClientAuthentication clients, GrantStore store, AccessTokens tokens, GrantRevocation revocation)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/auth/revoke", (HttpContext http, RevokeGrant use, CancellationToken cancellationToken) => use.RunAsync(http, cancellationToken))
            .Public().WithoutReplay().WithBodyLimit(Form.BytesMax).WithOAuthErrors().ExcludeFromDescription();

    private async Task<Ok> RunAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var form = await Form.ReadAsync(http, cancellationToken);
        var client = await clients.RunAsync(http.Request, form, cancellationToken);
        if (await FindAsync(form.Get("token"), cancellationToken) is var (tenant, family)
            && await store.FindGrantAsync(tenant, family, cancellationToken) is { } grant && grant.Client == client.WireId)
            await revocation.RunAsync(tenant, family, "revoked", cancellationToken);
        return TypedResults.Ok();
    }

    private async Task<(string Tenant, string Family)?> FindAsync(string token, CancellationToken cancellationToken)
    {
        if (token.StartsWith(OpaqueToken.Refresh, StringComparison.Ordinal) && token.Length <= OpaqueToken.LengthMax)
            return await store.FindRefreshAsync(OpaqueToken.HashOf(token), cancellationToken) is { } row ? (row.Tenant, row.Family) : null;
        if (await tokens.VerifyAsync(token, cancellationToken) is not { } claims) return null;
        return await store.FamilyOfAsync(claims.Tenant, claims.Jti, cancellationToken) is { } family ? (claims.Tenant, family) : null;
    }
}
