using System.Collections.Concurrent;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Short tokens for principals whose work goes on without them: what waited is applied by whoever asked for it, with no more than it could do then
/// and no more than it may do now.
/// </summary>
internal sealed class BrainTokens(IIdentity identity, TimeProvider clock)
{
    private const int Limit = 10_000;
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Spare = TimeSpan.FromMinutes(1);
    private static readonly string[] Useful = [Capability.MemoryRead, Capability.MemoryWrite];

    private readonly ConcurrentDictionary<(string Tenant, string Principal, string Capabilities), IssuedToken> _tokens = new();

    /// <summary>Of what a caller may do, what memory routes ask for.</summary>
    public static IReadOnlyList<string> UsefulOf(RequestContext context) => [.. Useful.Where(context.Capabilities.Has)];

    /// <exception cref="Problem">When the principal is gone, inactive, or has lost a capability.</exception>
    public async Task<string> ForAsync(string tenant, string principal, IReadOnlyList<string> capabilities, CancellationToken cancellationToken)
    {
        var key = (tenant, principal, string.Join(' ', capabilities));
        if (_tokens.TryGetValue(key, out var known) && known.ExpiresAt - Spare > clock.GetUtcNow()) return known.Token;
        var issued = await identity.IssueTokenAsync(tenant, principal, capabilities, Lifetime, cancellationToken);
        if (_tokens.Count >= Limit) _tokens.Clear();
        _tokens[key] = issued;
        return issued.Token;
    }
}
