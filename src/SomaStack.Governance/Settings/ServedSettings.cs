using System.Collections.Concurrent;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>
/// Settings on the path of every request: read from memory, reread from the database after <see cref="Freshness"/> so that a change on
/// another replica takes effect, and replaced at once by a change on this one. The mode and the installation's defaults are followed
/// every second (<see cref="FollowInstallation"/>).
/// </summary>
internal sealed class ServedSettings(SettingsStore store, ServedMode mode, TimeProvider clock) : ISettings
{
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(10);

    private const int Limit = 10_000;

    private readonly ConcurrentDictionary<string, Known> _known = new(StringComparer.Ordinal);
    private volatile TenantSettings _installation = Defaults(Db.AllTenants);

    private sealed record Known(TenantSettings Own, TenantSettings Effective, DateTimeOffset Until);

    public DeploymentMode Mode => mode.Now;

    /// <summary>What holds for tenants that set nothing else; version 0 when the operator set nothing.</summary>
    public TenantSettings Installation => _installation;

    public ValueTask<TenantSettings> OfTenantAsync(string tenant, CancellationToken cancellationToken) =>
        _known.TryGetValue(tenant, out var known) && clock.GetUtcNow() < known.Until
            ? ValueTask.FromResult(known.Effective)
            : ReadAsync(tenant, cancellationToken);

    public async ValueTask<TenantSettings> OfTenantAsync(DbWork work, string tenant)
    {
        if (_known.TryGetValue(tenant, out var known) && clock.GetUtcNow() < known.Until) return known.Effective;
        var own = await SettingsStore.FindAsync(work, tenant) ?? Defaults(tenant);
        // Settings that this transaction itself has changed are taken over by its commit.
        work.OnCommit(() => Keep(own));
        return SettingsView.Effective(own, _installation);
    }

    /// <summary>What a tenant that never changed anything has: no limits, any region.</summary>
    public static TenantSettings Defaults(string tenant) => new(tenant, tenant, [], null, null, 0);

    /// <summary>The row as it is now, past the cache: what an update starts from.</summary>
    public async Task<TenantSettings> CurrentAsync(string tenant, CancellationToken cancellationToken) =>
        await store.FindAsync(tenant, cancellationToken) ?? Defaults(tenant);

    /// <summary>Takes over what this replica has just committed, or reread. An older version never replaces a newer one.</summary>
    public void Keep(TenantSettings own)
    {
        if (own.Tenant == Db.AllTenants)
        {
            KeepInstallation(own);
            return;
        }
        if (_known.Count >= Limit) _known.Clear();
        var next = new Known(own, SettingsView.Effective(own, _installation), clock.GetUtcNow() + Freshness);
        _known.AddOrUpdate(own.Tenant, static (_, fresh) => fresh, static (_, known, fresh) => fresh.Own.Version >= known.Own.Version ? fresh : known, next);
    }

    public async Task FollowAsync(CancellationToken cancellationToken) => KeepInstallation(await CurrentAsync(Db.AllTenants, cancellationToken));

    private void KeepInstallation(TenantSettings next)
    {
        if (next.Version <= _installation.Version) return;
        _installation = next;
        _known.Clear();
    }

    private async ValueTask<TenantSettings> ReadAsync(string tenant, CancellationToken cancellationToken)
    {
        var own = await CurrentAsync(tenant, cancellationToken);
        Keep(own);
        return SettingsView.Effective(own, _installation);
    }
}
