using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// A code for tokens, once. The first use spends it, whether it was right or not: whoever shows a code that is not his has stolen it. A
/// second use ends everything that the first one gave (RFC 6749, 4.1.2).
/// </summary>
internal sealed class ExchangeCode(GrantStore store, GrantTokens tokens, GrantRevocation revocation, Db db, TimeProvider clock)
{
    public async Task<TokenResponse> RunAsync(OAuthClient client, Form form, CancellationToken cancellationToken)
    {
        var (text, verifier, redirect) = (form.Get("code"), form.Get("code_verifier"), form.Get("redirect_uri"));
        if (text.Length > OpaqueToken.LengthMax) throw NotGood();
        var hash = OpaqueToken.HashOf(text);
        var code = await store.FindCodeAsync(hash, cancellationToken) ?? throw NotGood();
        var now = clock.GetUtcNow();
        if (!await db.WriteAsync(code.Tenant, work => GrantStore.SpendCodeAsync(work, code.Tenant, hash, now.ToMicros()), cancellationToken))
        {
            await revocation.RunAsync(code.Tenant, code.Family, "code_replayed", cancellationToken);
            throw NotGood();
        }
        var grant = await store.FindGrantAsync(code.Tenant, code.Family, cancellationToken);
        var isRight = grant is { IsRevoked: false } && grant.Client == client.WireId && string.Equals(code.RedirectUri, redirect, StringComparison.Ordinal) && Pkce.Proves(verifier, code.Challenge);
        if (!isRight || code.ExpiresAt <= now)
        {
            await revocation.RunAsync(code.Tenant, code.Family, isRight ? "code_expired" : "code_misused", cancellationToken);
            throw NotGood();
        }
        var refresh = await FirstRefreshAsync(db, client, grant!, now, cancellationToken);
        return await tokens.IssueAsync(grant!, null, code.Nonce, refresh, withIdToken: true, cancellationToken);
    }

    /// <summary>The first refresh token of a family, for a client that may refresh and asked for <c>offline_access</c>.</summary>
    internal static async Task<string?> FirstRefreshAsync(Db db, OAuthClient client, Grant grant, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!client.Grants.Contains(OAuthClient.Refresh) || !grant.Scopes.Contains(Scopes.OfflineAccess)) return null;
        var refresh = OpaqueToken.New(OpaqueToken.Refresh);
        await db.WriteAsync(grant.Tenant, work => GrantStore.AddRefreshAsync(work, new RefreshRow(grant.Tenant, grant.Id, now + Grant.RefreshLifetime), OpaqueToken.HashOf(refresh)), cancellationToken);
        return refresh;
    }

    private static Problem NotGood() => OpenIdProblems.InvalidGrant.Because("The code is not good: unknown, used, expired, or another client's, address's or verifier's.");
}
