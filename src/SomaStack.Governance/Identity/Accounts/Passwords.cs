using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Hashes and verifies, two at a time: each takes 64 MiB for a moment, and a flood of sign-ins must not take the machine's memory. A stranger's
/// name costs what a wrong password costs, so that time tells nobody who is here.
/// </summary>
internal sealed class Passwords(PasswordCost cost) : IDisposable
{
    private const int AtOnce = 2;
    private const int WaitingMax = 64;

    private readonly SemaphoreSlim _turns = new(AtOnce);
    private readonly Lazy<string> _nobody = new(() => PasswordHash.Make("nobody has this password", cost));
    private int _waiting;

    public Task<string> HashAsync(string password, CancellationToken cancellationToken) =>
        InTurnAsync(() => PasswordHash.Make(PasswordRules.Prepare(password), cost), cancellationToken);

    /// <param name="stored">Null for somebody who is not here or has no password; it takes as long.</param>
    public async Task<bool> VerifyAsync(string password, string? stored, CancellationToken cancellationToken)
    {
        if (password.Length > 2 * PasswordRules.LengthMax) password = "";
        return await InTurnAsync(() => PasswordHash.Verify(PasswordRules.Prepare(password), stored ?? _nobody.Value), cancellationToken) && stored is not null;
    }

    /// <summary>Made with less than what is asked for now; the next sign-in, which knows the password, makes it anew.</summary>
    public bool IsWeak(string stored) => PasswordHash.CostOf(stored) is var used && (used.MemoryKib < cost.MemoryKib || used.Passes < cost.Passes);

    public void Dispose() => _turns.Dispose();

    private async Task<T> InTurnAsync<T>(Func<T> work, CancellationToken cancellationToken)
    {
        if (Interlocked.Increment(ref _waiting) > WaitingMax)
        {
            Interlocked.Decrement(ref _waiting);
            throw new Problem(PlatformProblems.Busy, "Too many passwords are being checked.") { RetryAfter = TimeSpan.FromSeconds(5) };
        }
        try
        {
            await _turns.WaitAsync(cancellationToken);
            try
            {
                return await Task.Run(work, CancellationToken.None);
            }
            finally
            {
                _turns.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }
}
