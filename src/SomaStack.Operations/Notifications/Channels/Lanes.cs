namespace SomaStack.Operations.Notifications;

/// <summary>
/// How much of one channel runs in this process, by target and by tenant: so that a server which never answers holds its own lane and no
/// other.
/// </summary>
internal sealed class Lanes
{
    public const int ChannelMax = 24;
    public const int TenantMax = 6;
    public const int TargetMax = 2;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _targets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _tenants = new(StringComparer.Ordinal);
    private int _running;

    public int Free
    {
        get
        {
            lock (_gate) return ChannelMax - _running;
        }
    }

    public void Enter(string tenant, string target)
    {
        lock (_gate)
        {
            _running++;
            _targets[target] = _targets.GetValueOrDefault(target) + 1;
            _tenants[tenant] = _tenants.GetValueOrDefault(tenant) + 1;
        }
    }

    public void Leave(string tenant, string target)
    {
        lock (_gate)
        {
            _running--;
            Drop(_targets, target);
            Drop(_tenants, tenant);
        }
    }

    /// <summary>What may be taken now.</summary>
    public ClaimAsk Ask(string channel, string owner)
    {
        lock (_gate)
            return new ClaimAsk(
                channel, owner, ChannelMax - _running, TargetMax, TenantMax,
                ["", .. _targets.Where(static pair => pair.Value >= TargetMax).Select(static pair => pair.Key)],
                ["", .. _tenants.Where(static pair => pair.Value >= TenantMax).Select(static pair => pair.Key)], ["", .. _tenants.Keys]);
    }

    private static void Drop(Dictionary<string, int> counts, string key)
    {
        if (--counts[key] == 0) counts.Remove(key);
    }
}
