using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>The token endpoint: who asks, may he use this grant type, and on to the one that answers.</summary>
internal sealed class TokenEndpoint(ClientAuthentication clients, ExchangeCode code, RefreshGrant refresh, PollDevice device, ClientCredentials credentials, PublicOrigin origin)
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/auth/token", (HttpContext http, TokenEndpoint use, CancellationToken cancellationToken) => use.RunAsync(http, cancellationToken))
            .Public().WithoutReplay().WithBodyLimit(Form.BytesMax).WithOAuthErrors().ExcludeFromDescription();

    private async Task<JsonHttpResult<TokenResponse>> RunAsync(HttpContext http, CancellationToken cancellationToken)
    {
        var form = await Form.ReadAsync(http, cancellationToken);
        var type = form.Get("grant_type");
        if (!OAuthClient.AllGrants.Contains(type)) throw OpenIdProblems.UnsupportedGrant.Because("The grant type is not known here.");
        var client = await clients.RunAsync(http.Request, form, cancellationToken);
        if (!client.Grants.Contains(type)) throw OpenIdProblems.UnauthorizedClient.Because("The client may not use this grant type.");
        if (!origin.Serves(form.Find("resource"))) throw OpenIdProblems.InvalidTarget.Because("The resource is not one of this installation.");
        var tokens = await (type switch
        {
            OAuthClient.Code => code.RunAsync(client, form, cancellationToken),
            OAuthClient.Refresh => refresh.RunAsync(client, form, cancellationToken),
            OAuthClient.Device => device.RunAsync(client, form, cancellationToken),
            _ => credentials.RunAsync(client, form, cancellationToken),
        });
        return tokens.Answer(http.Response);
    }
}
