namespace SomaStack.Intelligence.Inference;

/// <summary>A tenant that has work which is due.</summary>
/// <param name="Running">Its requests under way, wherever they run.</param>
/// <param name="ServedAt">When one of its requests was last taken, in unix microseconds; 0 for never.</param>
internal sealed record WaitingTenant(string Tenant, long Running, long ServedAt);

/// <summary>
/// Deals free places to tenants, pure: each place goes to the tenant with the fewest requests under way, and among equals to the one that was
/// served longest ago. So a tenant with ten thousand waiting requests has no more places than one with ten, unless nobody else wants them.
/// </summary>
internal sealed class FairShare
{
    private readonly PriorityQueue<WaitingTenant, (long Running, long Dealt, long ServedAt, string Tenant)> _turns = new(
        Comparer<(long Running, long Dealt, long ServedAt, string Tenant)>.Create(static (one, other) =>
        {
            var order = (one.Running, one.Dealt, one.ServedAt).CompareTo((other.Running, other.Dealt, other.ServedAt));
            return order != 0 ? order : string.CompareOrdinal(one.Tenant, other.Tenant);
        }));

    public FairShare(IEnumerable<WaitingTenant> waiting)
    {
        foreach (var one in waiting) _turns.Enqueue(one, (one.Running, 0, one.ServedAt, one.Tenant));
    }

    /// <summary>Whose turn it is; null when nobody is left.</summary>
    public string? Next => _turns.TryPeek(out var tenant, out _) ? tenant.Tenant : null;

    /// <summary>It had its turn. Whoever was served a moment ago was served last of all.</summary>
    public void Serve()
    {
        _turns.TryDequeue(out var tenant, out var turn);
        _turns.Enqueue(tenant!, (turn.Running + 1, turn.Dealt + 1, turn.ServedAt, turn.Tenant));
    }

    /// <summary>It has nothing more.</summary>
    public void Leave() => _turns.Dequeue();
}
