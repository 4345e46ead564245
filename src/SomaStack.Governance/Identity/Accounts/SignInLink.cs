using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>One-time codes that sign a person in. Only the SHA-256 of a code is kept.</summary>
internal sealed class SignInLink(IdentityStore identities, Db db, Journal journal, PublicOrigin origin, TimeProvider clock)
{
    public static readonly TimeSpan MaximumLifetime = TimeSpan.FromDays(1);

    public const string SignInPurpose = "signin";
    public const string PasswordPurpose = "password";

    /// <summary>The host made it: the account starts over, in nobody's hand.</summary>
    public const string HostPasswordPurpose = "host_password";

    /// <summary>A tenant's administrator made the other kind, which is void for whoever has become a user of other tenants since.</summary>
    public const string OperatorPasswordPurpose = "operator_password";

    public Task<string> CreateAsync(RequestContext context, string tenant, string principalId, TimeSpan lifetime, CancellationToken cancellationToken) =>
        CreateAsync(context, tenant, principalId, lifetime, SignInPurpose, cancellationToken);

    /// <param name="context">Whoever makes it, perhaps from another tenant.</param>
    /// <param name="purpose">A link that sets a password signs nobody in.</param>
    public async Task<string> CreateAsync(RequestContext context, string tenant, string principalId, TimeSpan lifetime, string purpose, CancellationToken cancellationToken)
    {
        Check.That(lifetime >= TimeSpan.FromSeconds(1) && lifetime <= MaximumLifetime, "lifetime", "must be between one second and one day").OrThrow();
        var principal = await identities.FindPrincipalAsync(tenant, principalId, cancellationToken)
            ?? throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such principal.");
        if (!principal.Active) throw IdentityProblems.PrincipalInactive.Because("It was deactivated.");
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var expiresAt = clock.GetUtcNow() + lifetime;
        await db.WriteAsync(tenant, async work =>
        {
            await SignInStore.AddAsync(work, tenant, HashOf(code), principalId, expiresAt.ToMicros(), purpose);
            // With the link and not with its use: from now on its maker can be this account.
            await Hands.NoteAsync(work, context, tenant, principalId, clock.NowMicros());
            await journal.AppendAsync(work, context with { Tenant = tenant }, IdentityEvents.SignInLinkCreated, new SignInLinkCreated(principalId, expiresAt, purpose), IdentityJson.Default.SignInLinkCreated);
        }, cancellationToken);
        return Address("code", code);
    }

    /// <summary>An address on this server that carries a one-time code.</summary>
    public string Address(string parameter, string code) => origin.Of($"/v1/auth/signin?{parameter}={code}");

    public static byte[] HashOf(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code));
}
