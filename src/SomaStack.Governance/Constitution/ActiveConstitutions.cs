using System.Text.Json;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>
/// Verified constitutions by tenant. Hash and signature are checked on every load: at first use, on change and every ten seconds,
/// so that a document altered in the database stops governing within that time.
/// </summary>
internal sealed partial class ActiveConstitutions : IConstitution, IConstitutionHash
{
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(10);

    private readonly ConstitutionStore _store;
    private readonly PinnedKeys _keys;
    private readonly ILogger<ActiveConstitutions> _logger;
    private readonly TenantCache<Loaded> _cache;

    public ActiveConstitutions(ConstitutionStore store, PinnedKeys keys, TimeProvider clock, ILogger<ActiveConstitutions> logger)
    {
        (_store, _keys, _logger) = (store, keys, logger);
        _cache = new TenantCache<Loaded>(clock, TimeToLive, LoadAsync);
    }

    public async ValueTask<ActiveConstitution> ActiveAsync(string tenant, CancellationToken cancellationToken) =>
        (await _cache.GetAsync(tenant, cancellationToken)).Active;

    public async ValueTask<string> HashAsync(string tenant, CancellationToken cancellationToken) => (await ActiveAsync(tenant, cancellationToken)).Hash;

    /// <summary>The same with signatures and dates.</summary>
    public async ValueTask<ConstitutionVersion> VersionAsync(string tenant, CancellationToken cancellationToken) =>
        (await _cache.GetAsync(tenant, cancellationToken)).Version;

    /// <summary>The installation's own version; 0 when there is none. A tenant's versions continue from it.</summary>
    public Task<long> InstalledVersionAsync(CancellationToken cancellationToken) => _store.HighestAsync(Db.AllTenants, cancellationToken);

    public void Changed(string tenant)
    {
        if (tenant == Db.AllTenants) _cache.Clear();
        else _cache.Invalidate(tenant);
    }

    private async Task<Loaded> LoadAsync(string tenant)
    {
        // One load serves many requests, so it ends with none of them.
        var version = await _store.ActiveAsync(tenant, CancellationToken.None);
        // A tenant that has loaded versions of its own never falls back: a deleted row must not bring an older text to power.
        if (version is null && await _store.HighestAsync(tenant, CancellationToken.None) == 0)
            version = await _store.ActiveAsync(Db.AllTenants, CancellationToken.None);
        if (version is null) throw ConstitutionProblems.Missing.Because("No constitution is active for this tenant.");
        if (ConstitutionSeal.Fault(version, _keys.Public) is { } fault)
        {
            LogFault(_logger, tenant, version.Version, fault);
            throw ConstitutionProblems.Unverified.Because($"Constitution version {version.Version} is not accepted: {fault}.");
        }
        using var document = JsonDocument.Parse(version.Document);
        return new Loaded(version, new ActiveConstitution(version.Hash, version.Version, document.RootElement.Clone()));
    }

    [LoggerMessage(LogLevel.Critical, "The constitution of tenant {Tenant}, version {Version}, does not verify: {Fault}")]
    private static partial void LogFault(ILogger logger, string tenant, long version, string fault);

    private sealed record Loaded(ConstitutionVersion Version, ActiveConstitution Active);
}
