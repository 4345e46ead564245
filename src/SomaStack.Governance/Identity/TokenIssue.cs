using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>How the holder of a token proved who he is.</summary>
/// <param name="Amr">Words of RFC 8176; empty when a link or another credential was enough.</param>
internal sealed record Proof(IReadOnlyList<string> Amr, DateTimeOffset? MfaAt)
{
    public static readonly Proof None = new([], null);
}

/// <summary>Signs access tokens and writes down that it did; never the token itself.</summary>
/// <param name="services">Holds the port to the room of constitutions, which needs this room first.</param>
internal sealed class TokenIssue(IdentityStore store, Keyring keyring, AccessTokens tokens, Db db, Journal journal, TimeProvider clock, IServiceProvider services)
{
    public Task<(IssuedToken Token, string Jti)> RunAsync(
        RequestContext context, string principalId, IReadOnlyList<string>? capabilities, TimeSpan lifetime, CancellationToken cancellationToken) =>
        RunAsync(context, principalId, capabilities, lifetime, Proof.None, cancellationToken);

    /// <param name="capabilities">Null for all that the principal holds.</param>
    /// <param name="client">The OAuth client that asks, by its name on the wire.</param>
    /// <exception cref="Problem">404 when there is no such principal, 403 when it is inactive or lacks a capability, 422 for an unpublished one.</exception>
    public async Task<(IssuedToken Token, string Jti)> RunAsync(
        RequestContext context, string principalId, IReadOnlyList<string>? capabilities, TimeSpan lifetime, Proof proof, CancellationToken cancellationToken, string? client = null)
    {
        Check.That(lifetime >= TimeSpan.FromSeconds(1) && lifetime <= AccessTokens.MaximumLifetime, "lifetime", "must be between one second and 24 hours").OrThrow();
        var holder = await store.FindPrincipalAsync(context.Tenant, principalId, cancellationToken)
            ?? throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such principal.");
        if (!holder.Active) throw IdentityProblems.PrincipalInactive.Because("It was deactivated.");
        string[] granted = [.. CapabilitySet.Of(capabilities ?? holder.Capabilities).Names.Order(StringComparer.Ordinal)];
        Rules.MayLend(context, principalId, granted);
        foreach (var name in granted)
            if (!holder.Capabilities.Contains(name)) throw IdentityProblems.CapabilityNotHeld.Because($"The principal does not hold '{name}'.");

        var key = await keyring.SignerAsync(cancellationToken);
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var claims = new TokenClaims(keyring.Issuer, AccessTokens.Audience, holder.Id, holder.Tenant, granted, holder.Revocation,
            now, now, now + (long)lifetime.TotalSeconds, Ids.New(clock))
        {
            Amr = proof.Amr.Count == 0 ? null : [.. proof.Amr],
            MfaAt = proof.MfaAt?.ToUnixTimeSeconds(),
            ClientId = client,
            Constitution = await ConstitutionAsync(holder.Tenant, cancellationToken),
        };
        await db.WriteAsync(context.Tenant, async work =>
        {
            await Hands.NoteAsync(work, context, holder.Tenant, holder.Id, clock.NowMicros());
            await journal.AppendAsync(work, context, IdentityEvents.TokenIssued, new TokenIssued(claims.Jti, holder.Id, granted, claims.ExpiresAt), IdentityJson.Default.TokenIssued);
        }, cancellationToken);
        return (new IssuedToken(tokens.Sign(key, claims), claims.ExpiresAt, granted), claims.Jti);
    }

    /// <summary>A token names no constitution when none verifies: with or without a name, nothing acts then.</summary>
    private async ValueTask<string?> ConstitutionAsync(string tenant, CancellationToken cancellationToken)
    {
        if (services.GetService<IConstitutionHash>() is not { } constitutions) return null;
        try
        {
            return await constitutions.HashAsync(tenant, cancellationToken);
        }
        catch (Problem)
        {
            return null;
        }
    }
}
