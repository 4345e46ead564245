using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <param name="Link">Sets a password once, within a day. Shown this once.</param>
internal sealed record ResetLinkResponse(string Link, DateTimeOffset ExpiresAt);

/// <summary>
/// What an administrator does for a user who cannot come in. Whoever resets a password could then be that user, so he must hold what the user
/// holds; and a person of several tenants is nobody's alone, so only the installation's operator resets him.
/// </summary>
internal sealed class UserRecovery(IdentityStore principals, PersonStore people, SignInLink links, EnrolMfa factors, Db db, Journal journal, TimeProvider clock)
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/users/{id}/reset-link", (string id, RequestContext context, UserRecovery use, CancellationToken cancellationToken) =>
            use.ResetAsync(id, context, cancellationToken)).Requires(Capability.TenantAdmin).RequiresStepUp().WithoutReplay();
        routes.MapDelete("/v1/users/{id}/mfa", (string id, RequestContext context, UserRecovery use, CancellationToken cancellationToken) =>
            use.RemoveFactorAsync(id, context, cancellationToken).ThenNoContentAsync()).Requires(Capability.TenantAdmin).RequiresStepUp();
        routes.MapPost("/v1/users/{id}/unlock", (string id, RequestContext context, UserRecovery use, CancellationToken cancellationToken) =>
            use.UnlockAsync(id, context, cancellationToken).ThenNoContentAsync()).Requires(Capability.TenantAdmin);
    }

    internal async Task<ResetLinkResponse> ResetAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        await MayTakeOverAsync(id, context, cancellationToken);
        var purpose = context.Capabilities.Has(Capability.PlatformAdmin) ? SignInLink.OperatorPasswordPurpose : SignInLink.PasswordPurpose;
        var link = await links.CreateAsync(context, context.Tenant, id, Lifetime, purpose, cancellationToken);
        return new ResetLinkResponse(link, clock.GetUtcNow() + Lifetime);
    }

    internal async Task RemoveFactorAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await MayTakeOverAsync(id, context, cancellationToken);
        var person = row.Person is { } known ? await people.FindAsync(known, cancellationToken) : null;
        if (person is null) throw IdentityProblems.MfaNotBegun.Because("The user has no second factor.");
        await factors.RemoveAsync(context, person, id, cancellationToken);
    }

    internal async Task UnlockAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await FindAsync(id, context, cancellationToken);
        if (row.Person is not { } known || await people.FindAsync(known, cancellationToken) is not { } person) throw IdentityProblems.NoPerson.Because("The user has no password to be locked out of.");
        await db.WriteAsync(Db.AllTenants, async work =>
        {
            await AttemptStore.ForgetAsync(work, SignInGuard.AccountKey(person.Login));
            await journal.AppendAsync(work, context, IdentityEvents.AccountUnlocked, new AccountUnlocked(id), IdentityJson.Default.AccountUnlocked);
        }, cancellationToken);
    }

    private async Task<PrincipalRow> FindAsync(string id, RequestContext context, CancellationToken cancellationToken) =>
        await principals.FindPrincipalAsync(context.Tenant, id, cancellationToken) ?? throw IdentityProblems.PrincipalUnknown.Because("The tenant has no such principal.");

    private async Task<PrincipalRow> MayTakeOverAsync(string id, RequestContext context, CancellationToken cancellationToken)
    {
        var row = await FindAsync(id, context, cancellationToken);
        if (row.Kind != "user") throw IdentityProblems.NoPerson.Because("A service has no password; it has secrets and keys.");
        foreach (var capability in row.Capabilities) Rules.MustHold(context, capability);
        if (row.Person is { } person && !context.Capabilities.Has(Capability.PlatformAdmin)
            && (await people.MembershipsAsync(person, cancellationToken)).Exists(membership => membership.Tenant != context.Tenant))
            throw IdentityProblems.PersonShared.Because("The same person is a user of other tenants.");
        return row;
    }
}
