using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>What an id token says (OpenID Connect Core, 2). Times are unix seconds.</summary>
/// <param name="Sub">Tenant and principal, since a principal's id is unique within its tenant only.</param>
/// <param name="Amr">RFC 8176; absent when a link or an outside issuer was enough.</param>
internal sealed record IdTokenClaims(
    string Iss, string Aud, string Sub, string Tenant, string PreferredUsername, string? Name, long Iat, long Exp, long AuthTime, string? Nonce, string[]? Amr)
{
    public static string SubjectOf(string tenant, string principal) => $"{tenant}/{principal}";
}

/// <summary>ES256 id tokens, type <c>JWT</c>: their type, issuer and audience keep them from being taken for access tokens.</summary>
internal sealed class IdTokens(Keyring keyring, PublicOrigin origin, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };

    public async Task<string> SignAsync(Grant grant, PrincipalRow holder, string? nonce, CancellationToken cancellationToken)
    {
        var key = await keyring.SignerAsync(cancellationToken);
        var now = clock.GetUtcNow();
        var claims = new IdTokenClaims(
            origin.Value, grant.Client, IdTokenClaims.SubjectOf(grant.Tenant, grant.Principal), grant.Tenant, grant.Principal,
            grant.Scopes.Contains(Scopes.Profile) ? holder.DisplayName : null, now.ToUnixTimeSeconds(), (now + Lifetime).ToUnixTimeSeconds(),
            grant.AuthenticatedAt.ToUnixTimeSeconds(), nonce, grant.Proof.Amr.Count == 0 ? null : [.. grant.Proof.Amr]);
        return _handler.CreateToken(JsonSerializer.Serialize(claims, OpenIdJson.Default.IdTokenClaims), new SigningCredentials(key.SecurityKey, SecurityAlgorithms.EcdsaSha256),
            new Dictionary<string, object> { ["typ"] = "JWT" });
    }

    /// <summary>The client and subject of an id token of ours, also of one that has expired; null for anything else.</summary>
    public async Task<(string Client, string Subject)?> ReadHintAsync(string? hint, CancellationToken cancellationToken)
    {
        if (hint is not { Length: > 0 and <= 4096 } || !_handler.CanReadToken(hint)) return null;
        try
        {
            var token = _handler.ReadJsonWebToken(hint);
            if (token.Kid is not { Length: > 0 } kid || await keyring.FindAsync(kid, cancellationToken) is not { } key) return null;
            var result = await _handler.ValidateTokenAsync(hint, new TokenValidationParameters
            {
                ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256], ValidTypes = ["JWT"], ValidIssuer = origin.Value, IssuerSigningKey = key.SecurityKey,
                ValidateAudience = false, ValidateLifetime = false,
            });
            return result.IsValid ? (token.Audiences.Single(), token.Subject) : null;
        }
        catch (Exception exception) when (exception is ArgumentException or SecurityTokenException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
