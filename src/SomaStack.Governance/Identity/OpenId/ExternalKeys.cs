using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal sealed record ExternalMetadata(string Issuer, string AuthorizationEndpoint, string TokenEndpoint, string JwksUri, bool? AuthorizationResponseIssParameterSupported = null);

internal sealed record ExternalTokens(string? IdToken);

/// <summary>
/// The outside issuer's discovery document and keys, over the guarded way out and kept: the document for an hour, the keys until a token
/// names another, at most twice a minute.
/// </summary>
internal sealed class ExternalKeys(SomaOptions options, TimeProvider clock)
{
    private static readonly OutgoingLimits Limits = new(TimeSpan.FromSeconds(10), 1 << 20, Redirects: 0);
    private static readonly TimeSpan DocumentAge = TimeSpan.FromHours(1);
    private static readonly TimeSpan SearchPause = TimeSpan.FromSeconds(30);

    private readonly HttpClient? _http = options.ExternalIssuer is { } outside ? OutgoingHttp.Create(Limits, outside.AllowPrivate ? [new Uri(outside.Issuer)] : []) : null;
    private (ExternalMetadata Metadata, DateTimeOffset At)? _metadata;
    private (JsonWebKeySet Keys, DateTimeOffset At)? _keys;

    public ExternalIssuer Issuer => options.ExternalIssuer ?? throw OpenIdProblems.NoExternal.Because("This installation signs in its own people only.");

    public async Task<ExternalMetadata> MetadataAsync(CancellationToken cancellationToken)
    {
        if (_metadata is { } known && clock.GetUtcNow() - known.At < DocumentAge) return known.Metadata;
        var read = await ReadAsync(Issuer.Issuer.TrimEnd('/') + "/.well-known/openid-configuration", OpenIdJson.Default.ExternalMetadata, cancellationToken);
        // RFC 8414, 3.3: a document that names somebody else is not his.
        if (read.Issuer != Issuer.Issuer) throw OpenIdProblems.ExternalFailed.Because("Its discovery document names another issuer.");
        foreach (var address in new[] { read.AuthorizationEndpoint, read.TokenEndpoint, read.JwksUri })
            if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || !(uri.Scheme == "https" || (Issuer.AllowPrivate && uri.Scheme == "http")))
                throw OpenIdProblems.ExternalFailed.Because("Its discovery document names an address that is not https.");
        _metadata = (read, clock.GetUtcNow());
        return read;
    }

    public async Task<IReadOnlyList<SecurityKey>> KeysAsync(string? kid, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var isStale = _keys is not { } known || now - known.At > DocumentAge || (now - known.At > SearchPause && !known.Keys.Keys.Any(key => key.Kid == kid));
        if (isStale)
        {
            var metadata = await MetadataAsync(cancellationToken);
            _keys = (new JsonWebKeySet(await ReadTextAsync(metadata.JwksUri, cancellationToken)), now);
        }
        // What the issuer encrypts with, and secrets that have no place in a public set, verify nothing.
        return [.. _keys!.Value.Keys.Keys.Where(key => key.Use is null or "sig" && key.Kty is "EC" or "RSA" && (kid is null || key.Kid == kid))];
    }

    /// <summary>The code for an id token, with our secret where we have one.</summary>
    public async Task<string> ExchangeAsync(string code, string verifier, string redirectUri, CancellationToken cancellationToken)
    {
        var metadata = await MetadataAsync(cancellationToken);
        var fields = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["code"] = code, ["code_verifier"] = verifier, ["redirect_uri"] = redirectUri, ["client_id"] = Issuer.ClientId };
        if (Issuer.Secret is { } secret) fields["client_secret"] = secret;
        using var content = new FormUrlEncodedContent(fields);
        try
        {
            using var response = await _http!.PostAsync(metadata.TokenEndpoint, content, cancellationToken);
            if (!response.IsSuccessStatusCode) throw OpenIdProblems.ExternalFailed.Because($"It answered {(int)response.StatusCode} to the code.");
            var tokens = await response.Content.ReadFromJsonAsync(OpenIdJson.Default.ExternalTokens, cancellationToken);
            return tokens?.IdToken ?? throw OpenIdProblems.ExternalFailed.Because("It sent no id token.");
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException)
        {
            throw OpenIdProblems.ExternalFailed.Because("It does not answer.", exception);
        }
    }

    private async Task<T> ReadAsync<T>(string address, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> shape, CancellationToken cancellationToken) where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(await ReadTextAsync(address, cancellationToken), shape) ?? throw OpenIdProblems.ExternalFailed.Because("It sent an empty document.");
        }
        catch (JsonException exception)
        {
            throw OpenIdProblems.ExternalFailed.Because("Its document is not what it should be.", exception);
        }
    }

    private async Task<string> ReadTextAsync(string address, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http!.GetAsync(address, cancellationToken);
            return response.IsSuccessStatusCode ? await response.Content.ReadAsStringAsync(cancellationToken) : throw OpenIdProblems.ExternalFailed.Because($"It answered {(int)response.StatusCode}.");
        }
        catch (HttpRequestException exception)
        {
            throw OpenIdProblems.ExternalFailed.Because("It does not answer.", exception);
        }
    }
}
