using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>One-time codes that sign a person in. Only the SHA-256 of a code is kept.</summary>
internal sealed class SignInLink(IdentityStore identities, Db db, Journal journal, SomaOptions options, TimeProvider clock, IServiceProvider services)
{
    public static readonly TimeSpan MaximumLifetime = TimeSpan.FromDays(1);

    public const string SignInPurpose = "signin";
    public const string PasswordPurpose = "password";

    public Task<string> CreateAsync(RequestContext context, string principalId, TimeSpan lifetime, CancellationToken cancellationToken) =>
        CreateAsync(context, principalId, lifetime, SignInPurpose, cancellationToken);

    /// <param name="purpose">A link that sets a password signs nobody in.</param>
    public async Task<string> CreateAsync(RequestContext context, string principalId, TimeSpan lifetime, string purpose, CancellationToken cancellationToken)
    {
        Check.That(lifetime >= TimeSpan.FromSeconds(1) && lifetime <= MaximumLifetime, "lifetime", "must be between one second and one day").OrThrow();
        var principal = await identities.FindPrincipalAsync(context.Tenant, principalId, cancellationToken)
            ?? throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such principal.");
        if (!principal.Active) throw IdentityProblems.PrincipalInactive.Because("It was deactivated.");
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var expiresAt = clock.GetUtcNow() + lifetime;
        await db.WriteAsync(context.Tenant, async work =>
        {
            await SignInStore.AddAsync(work, context.Tenant, HashOf(code), principalId, expiresAt.ToMicros(), purpose);
            await journal.AppendAsync(work, context, IdentityEvents.SignInLinkCreated, new SignInLinkCreated(principalId, expiresAt, purpose), IdentityJson.Default.SignInLinkCreated);
        }, cancellationToken);
        return Address("code", code);
    }

    /// <summary>An address on this server that carries a one-time code.</summary>
    public string Address(string parameter, string code) => $"{Origin()}/v1/auth/signin?{parameter}={code}";

    public static byte[] HashOf(string code) => SHA256.HashData(Encoding.UTF8.GetBytes(code));

    /// <summary>Where this server really listens; what it was told when it does not listen (yet). A wildcard address is no place to go to.</summary>
    private string Origin()
    {
        var listening = services.GetService<IServer>()?.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault();
        return (listening ?? options.Url).TrimEnd('/')
            .Replace("://0.0.0.0", "://localhost", StringComparison.Ordinal)
            .Replace("://[::]", "://localhost", StringComparison.Ordinal)
            .Replace("://+", "://localhost", StringComparison.Ordinal)
            .Replace("://*", "://localhost", StringComparison.Ordinal);
    }
}
