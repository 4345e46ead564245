using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Which client asks: by HTTP Basic or <c>client_secret</c> in the form (a registered client, or a service account with a secret of its own), by a signed assertion (RFC 7523), or, for a public client,
/// by name alone. One way at a time. An unknown client costs the same comparison as a wrong secret and hears the same words.
/// </summary>
internal sealed class ClientAuthentication(FindClient find, ClientStore store, ServiceSecrets services, SignInGuard guard, RefusalLog refusals, PublicOrigin origin, TimeProvider clock)
{
    public const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private static readonly TimeSpan AssertionLifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);
    private static readonly string[] Algorithms = [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSsaPssSha256];
    private static readonly byte[] Nobody = OpaqueToken.HashOf(OpaqueToken.New());

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false, MaximumTokenSizeInBytes = 4096 };

    /// <exception cref="Problem">401 <c>invalid_client</c>; 429 <c>sign_in_delayed</c> after too many of these.</exception>
    public async Task<OAuthClient> RunAsync(HttpRequest request, Form form, CancellationToken cancellationToken)
    {
        try
        {
            return await ProveAsync(request, form, cancellationToken);
        }
        catch (Problem refused) when (refused.Code == OpenIdProblems.InvalidClient)
        {
            await guard.ClientFailedAsync(Form.Basic(request)?.Client ?? form.Find("client_id") ?? "", Addresses.Of(request.HttpContext), cancellationToken);
            throw;
        }
    }

    private async Task<OAuthClient> ProveAsync(HttpRequest request, Form form, CancellationToken cancellationToken)
    {
        var basic = Form.Basic(request);
        if (request.Headers.Authorization.Count > 0 && basic is null) throw Refused(request);
        var (secret, assertion) = (form.Find("client_secret"), form.Find("client_assertion"));
        if ((basic is null ? 0 : 1) + (secret is null ? 0 : 1) + (assertion is null ? 0 : 1) > 1) throw OpenIdProblems.InvalidRequest.Because("Authenticate in one way only.");
        if (assertion is not null) return await ByAssertionAsync(form, assertion, request, cancellationToken);
        var name = basic?.Client ?? form.Get("client_id");
        if (basic is not null && form.Find("client_id") is { } twice && twice != name) throw OpenIdProblems.InvalidRequest.Because("Two clients are named.");
        secret = basic?.Secret ?? secret;
        if (name.Contains('/', StringComparison.Ordinal))
            return await services.VerifyAsync(name, secret ?? "", Addresses.Of(request.HttpContext), cancellationToken) is { } service ? OAuthClient.OfService(service) : throw Unproven(request);
        var client = await find.RunAsync(name, cancellationToken);
        var equal = CryptographicOperations.FixedTimeEquals(OpaqueToken.HashOf(secret is { Length: <= OpaqueToken.LengthMax } ? secret : ""), client?.SecretHash ?? Nobody);
        if (client is null) throw Refused(request);
        if (!client.IsConfidential) return secret is null ? client : throw Refused(request);
        return equal ? client : throw Refused(request);
    }

    private async Task<OAuthClient> ByAssertionAsync(Form form, string assertion, HttpRequest request, CancellationToken cancellationToken)
    {
        if (form.Find("client_assertion_type") != AssertionType || assertion.Length > 4096 || !_handler.CanReadToken(assertion)) throw Refused(request);
        JsonWebToken token;
        try
        {
            token = _handler.ReadJsonWebToken(assertion);
        }
        catch (Exception exception) when (exception is ArgumentException or SecurityTokenException or JsonException)
        {
            throw Refused(request);
        }
        var client = await find.RunAsync(token.Subject, cancellationToken);
        if (client?.PublicKeys is null || token.Issuer != client.WireId || (form.Find("client_id") is { } named && named != client.WireId)) throw Refused(request);
        // Only keys that were registered verify: a key that the token brings along (jwk, jku, x5u) is not looked at.
        var result = await _handler.ValidateTokenAsync(assertion, new TokenValidationParameters
        {
            ValidAlgorithms = Algorithms,
            ValidIssuer = client.WireId,
            ValidAudiences = [origin.Value, origin.Of("/v1/auth/token")],
            IssuerSigningKeys = new JsonWebKeySet(client.PublicKeys).Keys,
            LifetimeValidator = (_, expires, _, _) => expires is { } until && LivesNow(until),
        });
        if (!result.IsValid || token.Id is not { Length: > 0 and <= 128 }) throw Refused(request);
        return await store.SpendAssertionAsync(client, token.Id, new DateTimeOffset(token.ValidTo, TimeSpan.Zero).ToMicros(), cancellationToken) ? client : throw Refused(request);
    }

    private bool LivesNow(DateTime until)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        return now < until + Skew && until <= now + AssertionLifetime + Skew;
    }

    private Problem Refused(HttpRequest request)
    {
        refusals.Note("client_secret", Addresses.Of(request.HttpContext));
        return Unproven(request);
    }

    private static Problem Unproven(HttpRequest request)
    {
        request.HttpContext.Response.Headers.WWWAuthenticate = "Basic realm=\"somastack\"";
        return OpenIdProblems.InvalidClient.Because("The client is unknown, or did not prove to be it.");
    }
}
