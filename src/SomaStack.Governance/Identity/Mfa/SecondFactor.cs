using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>Checks the second factor of a person: a code of the authenticator, once, or a recovery code, once.</summary>
internal sealed class SecondFactor(SealedValues values, Db db, Journal journal, TimeProvider clock)
{
    private const string Purpose = "totp";

    public byte[] Seal(string person, byte[] secret) => values.Seal(Purpose, person, secret);

    /// <exception cref="Problem">503 when the key file that sealed it is not on this replica: then nobody can be verified here.</exception>
    public byte[] Open(string person, byte[] box) => values.Open(Purpose, person, box)
        ?? throw PlatformProblems.Unavailable.Because(values.IsOurs(box) ? "The second factor cannot be read." : "The key that protects second factors is not on this replica.");

    /// <returns>True when the code is good now; it is spent then.</returns>
    public async Task<bool> SpendAsync(RequestContext context, PersonRow person, string code, CancellationToken cancellationToken)
    {
        if (person.Totp is null) return false;
        if (Totp.IsCode(code))
        {
            return Totp.Match(Open(person.Id, person.Totp), code, clock.GetUtcNow()) is { } step
                && await db.WriteAsync(Db.AllTenants, work => PersonStore.SpendStepAsync(work, person.Id, step), cancellationToken);
        }
        if (!RecoveryCodes.IsCode(code)) return false;
        return await db.WriteAsync(Db.AllTenants, async work =>
        {
            if (!await PersonStore.SpendRecoveryCodeAsync(work, person.Id, RecoveryCodes.HashOf(code))) return false;
            await journal.AppendAsync(work, context, IdentityEvents.RecoveryCodeUsed, new RecoveryCodeUsed(context.Principal.Id), IdentityJson.Default.RecoveryCodeUsed);
            return true;
        }, cancellationToken);
    }
}
