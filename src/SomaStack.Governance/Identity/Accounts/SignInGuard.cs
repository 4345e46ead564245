using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Slows guessing down, for one account and for one address, on all replicas together. A try counts as a failure before its password is looked at
/// and is taken back when it succeeds: of many tries at once no more pass than one after the other.
/// </summary>
internal sealed class SignInGuard(Db db, RefusalLog refusals, TimeProvider clock)
{
    public static string AccountKey(string login) => "account/" + TextDigest.Of(login);

    public static string AddressKey(string? address) => "address/" + TextDigest.Of(address ?? "");

    /// <exception cref="Problem">429 <c>sign_in_delayed</c>, for names that are here and names that are not alike.</exception>
    public async Task<Attempt> EnterAsync(string login, string? address, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var attempt = new Attempt(AccountKey(login), AddressKey(address), now.ToMicros());
        var until = await db.WriteAsync(Db.AllTenants, async work =>
        {
            // Always in this order, so that two tries never wait for each other.
            var account = LockoutRule.Recent(await AttemptStore.LockAsync(work, attempt.Account), now);
            var origin = LockoutRule.Recent(await AttemptStore.LockAsync(work, attempt.Address), now);
            var (one, other) = (LockoutRule.Account.Until(account, now), LockoutRule.Address.Until(origin, now));
            var wait = one > other ? one : other;
            if (wait > now) return wait;
            await AttemptStore.WriteAsync(work, attempt.Account, [.. account, attempt.At]);
            await AttemptStore.WriteAsync(work, attempt.Address, [.. origin, attempt.At]);
            return now;
        }, cancellationToken);
        if (until <= now) return attempt;
        refusals.Note("sign_in_delayed", address);
        throw new Problem(IdentityProblems.SignInDelayed, "There were too many failed tries.") { RetryAfter = until - now };
    }

    /// <summary>The try succeeded, so it was no failure.</summary>
    /// <param name="whole">Every factor was proven: the account starts anew. A right password alone must not clear the way for guessing codes.</param>
    public Task SucceededAsync(Attempt attempt, bool whole, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        if (whole) await AttemptStore.ForgetAsync(work, attempt.Account);
        else await TakeBackAsync(work, attempt.Account, attempt.At);
        await TakeBackAsync(work, attempt.Address, attempt.At);
    }, cancellationToken);

    /// <summary>
    /// A wrong secret of an OAuth client, counted for the client and for the address, apart from those of people. Only wrong ones wait: a right one of
    /// 256 random bits is no guess, and else anybody could shut a service out by its name.
    /// </summary>
    /// <exception cref="Problem">429 <c>sign_in_delayed</c> once there were too many.</exception>
    public async Task ClientFailedAsync(string client, string? address, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var (origin, name) = ("client-address/" + TextDigest.Of(address ?? ""), "client/" + TextDigest.Of(client));
        var until = await db.WriteAsync(Db.AllTenants, async work =>
        {
            // The address first: one that has to wait makes no row for each name that it thinks of.
            var ofAddress = LockoutRule.Recent(await AttemptStore.LockAsync(work, origin), now);
            var wait = LockoutRule.Client.Until(ofAddress, now);
            if (wait > now) return wait;
            var ofClient = LockoutRule.Recent(await AttemptStore.LockAsync(work, name), now);
            wait = LockoutRule.Client.Until(ofClient, now);
            if (wait > now) return wait;
            await AttemptStore.WriteAsync(work, origin, [.. ofAddress, now.ToMicros()]);
            await AttemptStore.WriteAsync(work, name, [.. ofClient, now.ToMicros()]);
            return now;
        }, cancellationToken);
        if (until > now) throw new Problem(IdentityProblems.SignInDelayed, "There were too many wrong secrets.") { RetryAfter = until - now };
    }

    private static async Task TakeBackAsync(DbWork work, string key, long at)
    {
        var times = await AttemptStore.LockAsync(work, key);
        times.Remove(at);
        await AttemptStore.WriteAsync(work, key, times);
    }

    public void Failed(string kind, string? address) => refusals.Note(kind, address);

    internal sealed record Attempt(string Account, string Address, long At);
}
