using System.Collections.Concurrent;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>
/// Limits on the path of every call: from memory, reread in the call's own transaction after <see cref="Freshness"/> so that a change on
/// another replica binds, and at once after a change on this one.
/// </summary>
internal sealed class ServedLimits(TimeProvider clock)
{
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private const int TenantsMax = 10_000;

    private readonly ConcurrentDictionary<string, (IReadOnlyList<Limit> Limits, long Since)> _known = new(StringComparer.Ordinal);
    private long _generation;

    /// <summary>As they are in memory; null when they would have to be read.</summary>
    public IReadOnlyList<Limit>? Known(string tenant) =>
        _known.TryGetValue(tenant, out var known) && clock.GetElapsedTime(known.Since) < Freshness ? known.Limits : null;

    public async ValueTask<IReadOnlyList<Limit>> OfAsync(DbWork work, string tenant)
    {
        if (_known.TryGetValue(tenant, out var known) && clock.GetElapsedTime(known.Since) < Freshness) return known.Limits;
        var (generation, since) = (Interlocked.Read(ref _generation), clock.GetTimestamp());
        var limits = await LimitStore.AllAsync(work, tenant);
        if (_known.Count >= TenantsMax) _known.Clear();
        // A change that was committed in between may not be in what was read.
        if (generation == Interlocked.Read(ref _generation)) _known[tenant] = (limits, since);
        return limits;
    }

    public void Forget(string tenant)
    {
        Interlocked.Increment(ref _generation);
        _known.TryRemove(tenant, out _);
    }
}
