using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SomaStack.Governance.Constitution.Contracts;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

/// <summary>What governs a tenant, verified.</summary>
internal sealed record Governing(ConstitutionVersion Version, OverlayVersion? Overlay, ActiveConstitution Active);

/// <summary>
/// Verified constitutions by tenant. Hash, signatures and overlay are checked on every load: at first use, on change, and every five
/// seconds in the background while it is used, so that nobody waits for it. What is older than ten seconds is not taken any more: a document
/// altered in the database stops governing within that time, and a replica that cannot read serves nobody.
/// </summary>
internal sealed partial class ActiveConstitutions(
    ConstitutionStore store, PinnedKeys keys, TimeProvider clock, ILogger<ActiveConstitutions> logger, ConstitutionCopies? copies = null) : IConstitution, IConstitutionHash
{
    /// <summary>Tenants kept at most; beyond it everything is forgotten and loaded again on demand.</summary>
    private const int Limit = 10_000;

    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public ValueTask<ActiveConstitution> ActiveAsync(string tenant, CancellationToken cancellationToken)
    {
        var entry = EntryOf(tenant);
        return entry.Load.IsCompletedSuccessfully ? new ValueTask<ActiveConstitution>(entry.Load.Result.Active) : WaitAsync();

        async ValueTask<ActiveConstitution> WaitAsync() => (await LoadedAsync(tenant, entry, cancellationToken)).Active;
    }

    public async ValueTask<string> HashAsync(string tenant, CancellationToken cancellationToken) => (await ActiveAsync(tenant, cancellationToken)).Hash;

    /// <summary>The same with signatures, dates and overlay.</summary>
    public Task<Governing> GoverningAsync(string tenant, CancellationToken cancellationToken) => LoadedAsync(tenant, EntryOf(tenant), cancellationToken);

    /// <summary>The installation's own version; 0 when there is none. A tenant's versions continue from it.</summary>
    public Task<long> InstalledVersionAsync(CancellationToken cancellationToken) => store.HighestActivatedAsync(Db.AllTenants, cancellationToken);

    public void Changed(string tenant)
    {
        if (tenant == Db.AllTenants) _entries.Clear();
        else _entries.TryRemove(tenant, out _);
    }

    private Entry EntryOf(string tenant)
    {
        if (_entries.TryGetValue(tenant, out var known))
        {
            var age = clock.GetElapsedTime(known.Since);
            if (age < TimeToLive)
            {
                if (age >= RenewAfter && known.BeginRenewal()) _ = RenewAsync(tenant, known);
                return known;
            }
        }
        if (_entries.Count >= Limit) _entries.Clear();
        var fresh = NewEntry(tenant);
        if (known is not null && _entries.TryUpdate(tenant, fresh, known)) return fresh;
        return _entries.GetOrAdd(tenant, fresh);
    }

    private Entry NewEntry(string tenant)
    {
        // Begun by whoever asks first, outside the dictionary's locks.
        var load = new Lazy<Task<Governing>>(() => LoadAsync(tenant));
        return new Entry(clock.GetTimestamp(), load);
    }

    /// <summary>A load that fails is not kept.</summary>
    private async Task<Governing> LoadedAsync(string tenant, Entry entry, CancellationToken cancellationToken)
    {
        try
        {
            return await entry.Load.WaitAsync(cancellationToken);
        }
        catch when (entry.Load.IsFaulted)
        {
            _entries.TryRemove(new KeyValuePair<string, Entry>(tenant, entry));
            throw;
        }
    }

    private async Task RenewAsync(string tenant, Entry known)
    {
        var next = NewEntry(tenant);
        try
        {
            await next.Load;
        }
        catch (Problem)
        {
            // It does not verify any more, so it stops governing now and not when its time is over.
            _entries.TryRemove(new KeyValuePair<string, Entry>(tenant, known));
            return;
        }
        catch (Exception exception)
        {
            // Out of reach: what was verified holds until its time is over.
            LogUnreachable(logger, exception, tenant);
            return;
        }
        _entries.TryUpdate(tenant, next, known);
    }

    private async Task<Governing> LoadAsync(string tenant)
    {
        // One load serves many requests, so it ends with none of them.
        var version = await FindAsync(tenant);
        var highest = await store.HighestActivatedAsync(tenant, CancellationToken.None);
        // A tenant with versions of its own never falls back: a deleted or relabelled row must not bring an older text to power.
        if (version is not null && version.Version != highest) throw Unverified(tenant, version.Version, "a later version was active");
        if (version is null && highest == 0 && tenant != Db.AllTenants) version = await FindAsync(Db.AllTenants);
        if (version is null) throw ConstitutionProblems.Missing.Because("No constitution is active for this tenant.");
        var overlay = tenant == Db.AllTenants ? null : await store.OverlayAsync(tenant, CancellationToken.None);
        if (overlay?.Fault(keys.Public) is { } broken) throw Unverified(tenant, version.Version, broken);
        return new Governing(version, overlay, Effective(version, overlay));
    }

    /// <summary>From Redis when a copy verifies, else from the database.</summary>
    private async Task<ConstitutionVersion?> FindAsync(string tenant)
    {
        if (copies is not null && await store.HeadAsync(tenant, CancellationToken.None) is { } head
            && await copies.FindAsync(tenant, head, copy => ConstitutionSeal.ActiveFault(copy, keys.Public, keys.Floor)) is { } copy) return copy;
        if (await store.ActiveAsync(tenant, CancellationToken.None) is not { } version) return null;
        if (ConstitutionSeal.ActiveFault(version, keys.Public, keys.Floor) is { } fault) throw Unverified(tenant, version.Version, fault);
        if (copies is not null) await copies.KeepAsync(version);
        return version;
    }

    private static ActiveConstitution Effective(ConstitutionVersion version, OverlayVersion? overlay)
    {
        using var document = JsonDocument.Parse(version.Document);
        if (overlay is null || overlay.Text == Overlay.Empty)
        {
            var plain = document.RootElement.Clone();
            return new ActiveConstitution(version.Hash, version.Version, plain) { Rules = Rules.Governing(plain, plain, null) };
        }
        using var added = JsonDocument.Parse(overlay.Text);
        var effective = Overlay.Apply(document.RootElement, added.RootElement);
        var rules = Rules.Governing(effective, document.RootElement, added.RootElement);
        return new ActiveConstitution(Overlay.EffectiveHash(version.Hash, overlay.Hash), version.Version, effective) { OverlayVersion = overlay.Version, Rules = rules };
    }

    private Problem Unverified(string tenant, long version, string fault)
    {
        LogFault(logger, tenant, version, fault);
        return ConstitutionProblems.Unverified.Because($"Constitution version {version} is not accepted: {fault}.");
    }

    [LoggerMessage(LogLevel.Critical, "The constitution of tenant {Tenant}, version {Version}, does not verify: {Fault}")]
    private static partial void LogFault(ILogger logger, string tenant, long version, string fault);

    [LoggerMessage(LogLevel.Warning, "The constitution of tenant {Tenant} could not be read again")]
    private static partial void LogUnreachable(ILogger logger, Exception exception, string tenant);

    private sealed class Entry(long since, Lazy<Task<Governing>> load)
    {
        private int _renewing;

        public long Since => since;

        public Task<Governing> Load => load.Value;

        public bool BeginRenewal() => Interlocked.Exchange(ref _renewing, 1) == 0;
    }
}
