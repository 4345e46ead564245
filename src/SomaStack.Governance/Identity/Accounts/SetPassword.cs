using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Gives a user its first password, which makes it a person's membership, or a person a new one.</summary>
internal sealed class SetPassword(IdentityStore principals, PersonStore people, Passwords passwords, CredentialCache cache, Db db, Journal journal, TimeProvider clock)
{
    /// <param name="startOver">The host let the person in: whatever else opened the account ends.</param>
    /// <returns>Null when it is done, else a sentence for the form.</returns>
    public async Task<string?> RunAsync(string tenant, string principal, string login, string password, bool startOver, CancellationToken cancellationToken)
    {
        var row = await principals.FindPrincipalAsync(tenant, principal, cancellationToken);
        if (row is not { Active: true, Kind: "user" }) throw IdentityProblems.CodeSpent.Because("The user is no longer active.");
        var known = row.Person is { } id ? await people.FindAsync(id, cancellationToken) : null;
        if (known is null && !Rules.IsPrincipalId(login)) return $"The name {Rules.PrincipalIdRule}.";
        if (PasswordRules.Fault(password, known?.Login ?? login) is { } fault) return $"The password {fault}.";
        var hash = await passwords.HashAsync(password, cancellationToken);
        var context = RequestContext.ForSystem(tenant, DeploymentMode.DeveloperLight) with { Principal = new Principal(principal, "user") };
        return await db.WriteAsync(Db.AllTenants, async work =>
        {
            if (known is not null)
            {
                await cache.ChangedAsync(work, Db.AllTenants);
                await PersonStore.SetPasswordAsync(work, known.Id, null, hash, clock.NowMicros());
                await PersonStore.RevokeAsync(work, known.Id, clock.NowMicros());
                if (startOver)
                {
                    await PersonStore.RemoveFactorAsync(work, known.Id, clock.NowMicros());
                    await PersonStore.MarkFactorAsync(work, known.Id, enrolled: false);
                }
                // The way in is free again for whoever locked himself out.
                await AttemptStore.ForgetAsync(work, SignInGuard.AccountKey(known.Login));
            }
            else
            {
                var person = new PersonRow(Ids.New(clock), login, hash, null, null);
                if (!await PersonStore.TryAddAsync(work, person, clock.NowMicros())) return "Somebody has this name already; choose another.";
                if (!await PersonStore.TryJoinAsync(work, tenant, principal, person.Id, mfa: false)) throw IdentityProblems.CodeSpent.Because("A password was set meanwhile.");
            }
            if (startOver)
            {
                await cache.ChangedAsync(work, Db.AllTenants);
                await Hands.StartOverAsync(work, tenant, principal, clock.NowMicros());
            }
            await journal.AppendAsync(work, context, IdentityEvents.PasswordChanged, new PasswordChanged(principal), IdentityJson.Default.PasswordChanged);
            return null;
        }, cancellationToken);
    }

    /// <summary>The same password under the parameters of today.</summary>
    public async Task StrengthenAsync(PersonRow person, string password, CancellationToken cancellationToken)
    {
        var hash = await passwords.HashAsync(password, cancellationToken);
        await db.WriteAsync(Db.AllTenants, work => PersonStore.SetPasswordAsync(work, person.Id, person.Password, hash, clock.NowMicros()), cancellationToken);
    }
}
