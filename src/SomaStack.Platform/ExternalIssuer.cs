namespace SomaStack.Platform;

/// <summary>An outside OpenID Connect issuer whose people may sign in to one tenant of this installation.</summary>
/// <param name="Issuer"><c>SOMA_OIDC_ISSUER</c>, exactly as its discovery document names it.</param>
/// <param name="ClientId"><c>SOMA_OIDC_CLIENT</c>.</param>
/// <param name="Secret"><c>SOMA_OIDC_SECRET</c> or <c>SOMA_OIDC_SECRET_FILE</c>; null for a public client, which PKCE protects.</param>
/// <param name="Tenant"><c>SOMA_OIDC_TENANT</c>, <c>demo</c> by default.</param>
/// <param name="CreateWith"><c>SOMA_OIDC_CREATE</c>: the capabilities, by comma, of people who are not known yet; null (the default) refuses them.</param>
/// <param name="AllowPrivate"><c>SOMA_OIDC_PRIVATE=1</c>: the issuer may be on loopback or in a private network, and speak http there.</param>
public sealed record ExternalIssuer(string Issuer, string ClientId, string? Secret, string Tenant, IReadOnlyList<string>? CreateWith, bool AllowPrivate)
{
    public static ExternalIssuer? FromEnvironment(Func<string, string?> read, Func<string, string?> secret)
    {
        if (read("SOMA_OIDC_ISSUER") is not { Length: > 0 } issuer) return null;
        var client = read("SOMA_OIDC_CLIENT") ?? throw new ArgumentException("SOMA_OIDC_ISSUER is set, so SOMA_OIDC_CLIENT must be.");
        return new ExternalIssuer(issuer, client, secret("SOMA_OIDC_SECRET"), read("SOMA_OIDC_TENANT") ?? "demo",
            read("SOMA_OIDC_CREATE")?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), read("SOMA_OIDC_PRIVATE") is "1" or "true");
    }

    /// <summary>A record prints its members; this one holds a secret.</summary>
    public override string ToString() => $"{Issuer} as {ClientId}";
}
