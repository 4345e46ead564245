using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace SomaStack.Governance.Identity;

/// <summary>What makes an outside id token believable (OpenID Connect Core, 3.1.3.7).</summary>
internal static class ExternalIdToken
{
    private static readonly string[] Algorithms =
    [
        SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSsaPssSha256,
    ];

    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);
    private static readonly JsonWebTokenHandler Handler = new() { MaximumTokenSizeInBytes = 16 << 10, MapInboundClaims = false };

    public static string? KeyIdOf(string token)
    {
        try
        {
            return Handler.CanReadToken(token) ? Handler.ReadJsonWebToken(token).Kid : null;
        }
        catch (Exception exception) when (exception is ArgumentException or SecurityTokenException or JsonException)
        {
            return null;
        }
    }

    /// <returns>Null when anything at all does not hold.</returns>
    public static async Task<ExternalPerson?> VerifyAsync(string token, IReadOnlyList<SecurityKey> keys, string issuer, string clientId, string nonce, DateTimeOffset now)
    {
        if (keys.Count == 0) return null;
        var result = await Handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            ValidAlgorithms = Algorithms,
            ValidIssuer = issuer,
            ValidAudience = clientId,
            IssuerSigningKeys = keys,
            // An access token of the same issuer is no id token, whatever else it says.
            TypeValidator = static (type, _, _) => type is null or "" or "JWT" or "jwt" ? "JWT" : throw new SecurityTokenInvalidTypeException(),
            LifetimeValidator = (_, expires, _, _) => expires is { } until && now < until + Skew,
        });
        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt) return null;
        if (jwt.Audiences.Count() > 1 && jwt.GetPayloadValueOrNull("azp") != clientId) return null;
        if (jwt.GetPayloadValueOrNull("nonce") != nonce || jwt.Subject is not { Length: > 0 and <= 255 } subject) return null;
        if (jwt.IssuedAt == DateTime.MinValue || jwt.IssuedAt > now.UtcDateTime + Skew) return null;
        var verified = jwt.TryGetPayloadValue<JsonElement>("email_verified", out var flag) && flag.ValueKind == JsonValueKind.True;
        return new ExternalPerson(subject, jwt.GetPayloadValueOrNull("email"), verified, jwt.GetPayloadValueOrNull("name"));
    }

    private static string? GetPayloadValueOrNull(this JsonWebToken token, string name) =>
        token.TryGetPayloadValue<JsonElement>(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
