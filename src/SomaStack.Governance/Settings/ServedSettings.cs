using System.Collections.Concurrent;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Settings;

/// <summary>
/// Settings on the path of every request: read from memory, reread from the database after <see cref="Freshness"/> so that a change on
/// another replica takes effect, and replaced at once by a change on this one.
/// </summary>
internal sealed class ServedSettings(SettingsStore store, TimeProvider clock) : ISettings
{
    public static readonly TimeSpan Freshness = TimeSpan.FromSeconds(10);

    private const int Limit = 10_000;

    private readonly ConcurrentDictionary<string, (TenantSettings Settings, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);

    public DeploymentMode Mode { get; private set; } = DeploymentMode.DeveloperLight;

    public ValueTask<TenantSettings> OfTenantAsync(string tenant, CancellationToken cancellationToken) =>
        _known.TryGetValue(tenant, out var known) && clock.GetUtcNow() < known.Until
            ? ValueTask.FromResult(known.Settings)
            : ReadAsync(tenant, cancellationToken);

    public async ValueTask<TenantSettings> OfTenantAsync(DbWork work, string tenant)
    {
        if (_known.TryGetValue(tenant, out var known) && clock.GetUtcNow() < known.Until) return known.Settings;
        var settings = await SettingsStore.FindAsync(work, tenant) ?? Defaults(tenant);
        // Settings that this transaction itself has changed are taken over by its commit.
        work.OnCommit(() => Keep(settings));
        return settings;
    }

    /// <summary>What a tenant that never changed anything has: no limits, any region.</summary>
    public static TenantSettings Defaults(string tenant) => new(tenant, tenant, [], null, null, 0);

    /// <summary>The row as it is now, past the cache: what an update starts from.</summary>
    public async Task<TenantSettings> CurrentAsync(string tenant, CancellationToken cancellationToken) =>
        await store.FindAsync(tenant, cancellationToken) ?? Defaults(tenant);

    /// <summary>Takes over what this replica has just committed, or reread. An older version never replaces a newer one.</summary>
    public void Keep(TenantSettings settings)
    {
        if (_known.Count >= Limit) _known.Clear();
        var until = clock.GetUtcNow() + Freshness;
        _known.AddOrUpdate(settings.Tenant,
            static (_, next) => next,
            static (_, known, next) => next.Item1.Version >= known.Settings.Version ? next : known,
            (settings, until));
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var mode = await store.ModeAsync(cancellationToken);
        if (mode is null) await store.AddModeAsync(DeploymentMode.DeveloperLight.Name(), clock.NowMicros(), cancellationToken);
        mode ??= await store.ModeAsync(cancellationToken);
        Mode = DeploymentModes.Parse(mode!) ?? throw new InvalidOperationException($"The database names an unknown deployment mode '{mode}'.");
    }

    private async ValueTask<TenantSettings> ReadAsync(string tenant, CancellationToken cancellationToken)
    {
        var settings = await CurrentAsync(tenant, cancellationToken);
        Keep(settings);
        return settings;
    }
}
