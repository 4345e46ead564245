using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

/// <summary>
/// Credentials that were verified a moment ago, by the SHA-256 of their text. Only valid ones enter, so a stranger cannot fill it. A change
/// of any principal, key or token on this replica empties it at once; <see cref="IdentityWatch"/> hears of those of other replicas once a second.
/// Nothing in it counts unless the last look began less than <see cref="Trust"/> ago: a replica that cannot look believes nothing that it remembers.
/// </summary>
internal sealed class CredentialCache(TimeProvider clock)
{
    /// <summary>The longest that a revocation on another replica stays unseen here.</summary>
    public static readonly TimeSpan Trust = TimeSpan.FromSeconds(2);

    /// <summary>Each is verified anew after this, whatever was heard.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(15);

    private const int Limit = 20_000;

    private readonly ConcurrentDictionary<Key, Entry> _entries = new();
    private long _generation;
    private long _lookedAt = long.MinValue;
    private long? _seen;

    /// <summary>Read before the database is asked, and handed to <see cref="Keep"/>: a change in between keeps the answer out.</summary>
    public long Generation => Interlocked.Read(ref _generation);

    public static Key KeyOf(string credential)
    {
        Span<byte> hash = stackalloc byte[32];
        Span<byte> utf8 = stackalloc byte[2048];
        if (Encoding.UTF8.TryGetBytes(credential, utf8, out var written)) SHA256.HashData(utf8[..written], hash);
        else SHA256.HashData(Encoding.UTF8.GetBytes(credential), hash);
        return MemoryMarshal.Read<Key>(hash);
    }

    public Entry? Find(Key key) => _entries.TryGetValue(key, out var entry) && IsTrusted && clock.GetUtcNow() < entry.Until ? entry : null;

    private bool IsTrusted => Volatile.Read(ref _lookedAt) is var at && at != long.MinValue && clock.GetElapsedTime(at) < Trust;

    /// <summary>What a look found.</summary>
    /// <param name="began">Timestamp from before the look: what was committed after it may not have been seen.</param>
    public void Looked(long began, long generation)
    {
        if (_seen != generation) Clear();
        _seen = generation;
        Volatile.Write(ref _lookedAt, began);
    }

    /// <summary>Tells every replica, in the transaction of the change, and this one with its commit.</summary>
    public async Task ChangedAsync(DbWork work, string tenant)
    {
        await IdentityStore.RaiseGenerationAsync(work, tenant);
        work.OnCommit(Clear);
    }

    public void Keep(Key key, Authenticated authenticated, string? apiKey, DateTimeOffset expiresAt, long generation)
    {
        if (generation != Generation) return;
        if (_entries.Count >= Limit) Sweep();
        var recheck = clock.GetUtcNow() + Recheck;
        _entries[key] = new Entry(authenticated, apiKey, expiresAt < recheck ? expiresAt : recheck);
        if (generation != Generation) _entries.TryRemove(key, out _);
    }

    public void Clear()
    {
        Interlocked.Increment(ref _generation);
        _entries.Clear();
    }

    private void Sweep()
    {
        var now = clock.GetUtcNow();
        foreach (var (key, entry) in _entries)
            if (entry.Until <= now) _entries.TryRemove(key, out _);
        if (_entries.Count >= Limit) _entries.Clear();
    }

    public readonly record struct Key(UInt128 High, UInt128 Low);

    /// <param name="ApiKey">The id of the key when the credential is one.</param>
    public sealed record Entry(Authenticated Authenticated, string? ApiKey, DateTimeOffset Until);
}
