using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.IdentityModel.Tokens;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record PublicKey(string Kty, string Crv, string X, string Y, string Use, string Alg, string Kid);

internal sealed record PublicKeySet(IReadOnlyList<PublicKey> Keys);

/// <summary>OpenID Connect Discovery: only what is true.</summary>
/// <param name="Issuer">The address that id tokens and authorization answers name.</param>
/// <param name="AccessTokenIssuer">The URN that access tokens name: it survives a change of address (decision 0022).</param>
internal sealed record IssuerMetadata(
    string Issuer, string AccessTokenIssuer, string JwksUri, string AuthorizationEndpoint, string TokenEndpoint, string DeviceAuthorizationEndpoint, string RevocationEndpoint,
    string IntrospectionEndpoint, string UserinfoEndpoint, string EndSessionEndpoint, IReadOnlyList<string> ResponseTypesSupported, IReadOnlyList<string> ResponseModesSupported,
    IReadOnlyList<string> GrantTypesSupported, IReadOnlyList<string> SubjectTypesSupported, IReadOnlyList<string> IdTokenSigningAlgValuesSupported, IReadOnlyList<string> ScopesSupported,
    IReadOnlyList<string> ClaimsSupported, IReadOnlyList<string> CodeChallengeMethodsSupported, IReadOnlyList<string> TokenEndpointAuthMethodsSupported,
    IReadOnlyList<string> TokenEndpointAuthSigningAlgValuesSupported, bool AuthorizationResponseIssParameterSupported, bool ClaimsParameterSupported, bool RequestParameterSupported,
    bool RequestUriParameterSupported);

/// <summary>What anybody may know: the public keys and who issues.</summary>
internal sealed class PublishKeys(Keyring keyring, PublicOrigin origin)
{
    private static readonly string[] Capabilities = [.. Capability.All.Order(StringComparer.Ordinal)];

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/.well-known/jwks.json", (PublishKeys use, HttpResponse response, CancellationToken cancellationToken) => use.KeysAsync(response, cancellationToken)).Public();
        routes.MapGet("/.well-known/openid-configuration", (PublishKeys use) => use.Metadata()).Public();
    }

    private async Task<PublicKeySet> KeysAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        var keys = await keyring.PublishedAsync(cancellationToken);
        // Verifiers that meet a new key id read again, so five minutes of caching cost nothing.
        response.Headers.CacheControl = "public, max-age=300";
        return new PublicKeySet([.. keys.Select(static key =>
        {
            var point = key.SecurityKey.ECDsa.ExportParameters(includePrivateParameters: false).Q;
            return new PublicKey("EC", "P-256", Base64UrlEncoder.Encode(point.X), Base64UrlEncoder.Encode(point.Y), "sig", "ES256", key.Kid);
        })]);
    }

    private IssuerMetadata Metadata() => new(
        origin.Value, keyring.Issuer, origin.Of("/.well-known/jwks.json"), origin.Of("/v1/auth/authorize"), origin.Of("/v1/auth/token"), origin.Of("/v1/auth/device"), origin.Of("/v1/auth/revoke"),
        origin.Of("/v1/auth/introspect"), origin.Of("/v1/auth/userinfo"), origin.Of(Logout.Path), ["code"], ["query"], OAuthClient.AllGrants, ["public"], ["ES256"],
        [.. Scopes.Words, .. Capabilities], ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "amr", "tenant", "preferred_username", "name"], [Pkce.Method],
        ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"], ["ES256", "RS256", "PS256"], true, false, false, false);
}
