using System.Buffers.Text;
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
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };
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
        if (!result.IsValid || result.SecurityToken is not JsonWebToken jwt || Payload(jwt) is not { } payload) return null;
        using (payload)
        {
            if (jwt.Audiences.Count() > 1 && Text(payload, "azp") != clientId) return null;
            if (Text(payload, "nonce") != nonce || Text(payload, "sub") is not { Length: > 0 and <= 255 } subject) return null;
            if (jwt.IssuedAt == DateTime.MinValue || jwt.IssuedAt > now.UtcDateTime + Skew) return null;
            var verified = payload.RootElement.TryGetProperty("email_verified", out var flag) && flag.ValueKind == JsonValueKind.True;
            return new ExternalPerson(subject, Text(payload, "email"), verified, Text(payload, "name"));
        }
    }

    /// <summary>The claims as they were signed; null when one is there twice.</summary>
    private static JsonDocument? Payload(JsonWebToken token)
    {
        try
        {
            return JsonDocument.Parse(Base64Url.DecodeFromChars(token.EncodedPayload), Strict);
        }
        catch (Exception exception) when (exception is JsonException or FormatException)
        {
            return null;
        }
    }

    private static string? Text(JsonDocument payload, string name) =>
        payload.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
