using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>The payload of an access token. Times are unix seconds.</summary>
/// <param name="Rev">The principal's revocation number when the token was issued.</param>
internal sealed record TokenClaims(string Iss, string Aud, string Sub, string Tenant, string[] Capabilities, long Rev, long Iat, long Nbf, long Exp, string Jti)
{
    /// <summary>How its holder proved who he is (RFC 8176): pwd, otp.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string[]? Amr { get; init; }

    /// <summary>When a second factor was proven.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? MfaAt { get; init; }

    /// <summary>The hash of the constitution that was active when the token was issued.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Constitution { get; init; }

    /// <summary>The client that asked for it (RFC 9068); absent from a token that no client asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ClientId { get; init; }

    [JsonIgnore]
    public DateTimeOffset ExpiresAt => DateTimeOffset.FromUnixTimeSeconds(Exp);
}

/// <summary>
/// ES256 access tokens as compact JWS with the type <c>at+jwt</c> (RFC 9068), verified as RFC 8725 asks: one algorithm, keys only from
/// our own table, explicit type, issuer and audience, no duplicate member, no oversized input.
/// </summary>
internal sealed class AccessTokens(Keyring keyring, TimeProvider clock)
{
    public const string Audience = "somastack";

    /// <summary>All published capabilities fit several times over.</summary>
    public const int MaximumLength = 8192;

    public static readonly TimeSpan MaximumLifetime = TimeSpan.FromHours(24);

    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(30);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };
    private static readonly string[] TrustedHeader = ["alg", "typ", "kid"];

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false, MaximumTokenSizeInBytes = MaximumLength };

    public string Sign(SigningKey key, TokenClaims claims) => _handler.CreateToken(
        JsonSerializer.Serialize(claims, IdentityJson.Default.TokenClaims),
        new SigningCredentials(key.SecurityKey, SecurityAlgorithms.EcdsaSha256),
        new Dictionary<string, object> { ["typ"] = "at+jwt" });

    /// <summary>What the token says when all of it holds now; null otherwise. Says nothing about whether its holder is still active.</summary>
    public async ValueTask<TokenClaims?> VerifyAsync(string token, CancellationToken cancellationToken)
    {
        var parts = Read(token);
        if (parts is not var (kid, claims)) return null;
        var key = await keyring.FindAsync(kid, cancellationToken);
        if (key is null) return null;
        var result = await _handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ValidTypes = ["at+jwt"],
            ValidIssuer = keyring.Issuer,
            ValidAudience = Audience,
            IssuerSigningKey = key.SecurityKey,
            TryAllIssuerSigningKeys = false,
            LifetimeValidator = (_, _, _, _) => LivesNow(claims),
        });
        return result.IsValid && claims.Iss == keyring.Issuer && claims.Aud == Audience ? claims : null;
    }

    private bool LivesNow(TokenClaims claims)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var skew = (long)Skew.TotalSeconds;
        return claims.Nbf - skew <= now && claims.Iat - skew <= now && now < claims.Exp + skew
            && claims.Exp - claims.Iat <= (long)MaximumLifetime.TotalSeconds && (claims.MfaAt is not { } mfa || mfa - skew <= now);
    }

    /// <summary>
    /// The key id and claims of a token of exactly our shape. A member that appears twice, a header member that we do not set (crit, jwk,
    /// jku, x5u, …) or a signature of another length ends here, before any cryptography.
    /// </summary>
    private static (string Kid, TokenClaims Claims)? Read(string token)
    {
        if (token.Length > MaximumLength) return null;
        var first = token.IndexOf('.', StringComparison.Ordinal);
        var last = token.LastIndexOf('.');
        // 86 base64url characters are the 64 bytes of an ES256 signature.
        if (first <= 0 || last <= first + 1 || token.AsSpan(first + 1, last - first - 1).Contains('.') || token.Length - last - 1 != 86) return null;
        // The last digit holds two bits of the signature; another digit with the same two bits would be a second text of one token.
        if (token[^1] is not ('A' or 'Q' or 'g' or 'w')) return null;
        try
        {
            using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(token.AsSpan(0, first)), Strict);
            if (header.RootElement.ValueKind != JsonValueKind.Object) return null;
            foreach (var member in header.RootElement.EnumerateObject())
                if (!TrustedHeader.Contains(member.Name) || member.Value.ValueKind != JsonValueKind.String) return null;
            if (Text(header, "alg") != SecurityAlgorithms.EcdsaSha256 || Text(header, "typ") != "at+jwt" || Text(header, "kid") is not { } kid) return null;
            using var payload = JsonDocument.Parse(Base64Url.DecodeFromChars(token.AsSpan(first + 1, last - first - 1)), Strict);
            var claims = payload.Deserialize(IdentityJson.Default.TokenClaims);
            return claims is { Iss: not null, Aud: not null, Sub: not null, Tenant: not null, Jti: not null, Capabilities: not null } ? (kid, claims) : null;
        }
        catch (Exception exception) when (exception is JsonException or FormatException or DecoderFallbackException or InvalidOperationException)
        {
            return null;
        }
    }

    private static string? Text(JsonDocument document, string name) => document.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
}
