using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The SQL of keys (who takes the place of whom) and of twins (who says the same). Its limits are written out: SQLite reads a bound one while
/// it plans, so that it prepares the statement again for every memory.
/// </summary>
internal static class KeyStore
{
    /// <summary>So many memories that begin at the very same moment are looked at.</summary>
    private const string PlacesMax = "8";
    private const string TwinsMax = "64";
    private const string NearMax = "256";

    /// <summary>The row that the writers of a key take turns on.</summary>
    public static string Slot(string @namespace, string universe, string key) =>
        TextDigest.Of($"{@namespace}\n{universe}\n{key}");

    /// <summary>Waits until no other transaction holds the slot, and holds it until this one ends.</summary>
    public static Task LockAsync(DbWork work, string slot) => work.ExecuteAsync($"""
        INSERT INTO memory_keys (tenant, slot) VALUES ({work.Tenant}, {slot})
        ON CONFLICT (tenant, slot) DO UPDATE SET slot = excluded.slot
        """);

    /// <summary>The open memories of a key, and those that begin next to <paramref name="start"/> in time.</summary>
    public static async Task<List<KeyTimeline.Place>> PlacesAsync(DbWork work, string @namespace, string universe, string key, long start)
    {
        var rows = await work.QueryAsync(static reader => new KeyTimeline.Place(reader.GetString(0), reader.GetInt64(1), reader.GetString(2), reader.Text(3), reader.Number(4)), $"""
            SELECT id, COALESCE(valid_from, event_time), content_hash, superseded_by, superseded_from FROM memories
            WHERE tenant = {work.Tenant} AND namespace = {@namespace} AND universe = {universe} AND key = {key} AND superseded_by IS NULL
            UNION ALL SELECT * FROM (
                SELECT id, COALESCE(valid_from, event_time), content_hash, superseded_by, superseded_from FROM memories
                WHERE tenant = {work.Tenant} AND namespace = {@namespace} AND universe = {universe} AND key = {key} AND COALESCE(valid_from, event_time) <= {start}
                ORDER BY COALESCE(valid_from, event_time) DESC LIMIT {PlacesMax:raw}) AS earlier
            UNION ALL SELECT * FROM (
                SELECT id, COALESCE(valid_from, event_time), content_hash, superseded_by, superseded_from FROM memories
                WHERE tenant = {work.Tenant} AND namespace = {@namespace} AND universe = {universe} AND key = {key} AND COALESCE(valid_from, event_time) > {start}
                ORDER BY COALESCE(valid_from, event_time) LIMIT {PlacesMax:raw}) AS later
            """);
        return [.. rows.DistinctBy(static place => place.Id, StringComparer.Ordinal)];
    }

    /// <summary>Ends what held until now; its state before is kept as a version. Null when it was erased meanwhile.</summary>
    public static async Task<MemoryRow?> CloseAsync(DbWork work, RequestContext context, string id, string by, long from, long now)
    {
        await VersionStore.KeepAsync(work, id);
        return await work.FindAsync(MemoryStore.Map, $"""
            UPDATE memories SET superseded_by = {by}, superseded_from = {from}, superseded_at = COALESCE(superseded_at, {now}),
                version = version + 1, change = 'superseded', changed_by = {context.Principal.Id}, changed_at = {now}
            WHERE tenant = {work.Tenant} AND id = {id} AND deleted_at IS NULL
            RETURNING {MemoryStore.Columns:raw}
            """);
    }

    /// <summary>True also for an id whose memory was erased: it is never used again.</summary>
    public static async Task<bool> IsTakenAsync(DbWork work, string id) => await work.NumberAsync($"SELECT 1 FROM memories WHERE tenant = {work.Tenant} AND id = {id}") is not null;

    /// <summary>
    /// The first memory with this content, for an episode that repeats it. Ordered by a sum: by the bare column SQLite reads all memories of
    /// the tenant along their index by time, rather than sort the few with this hash.
    /// </summary>
    public static async Task<string?> FirstAsync(DbWork work, string @namespace, string contentHash) => (await work.QueryAsync(static reader => reader.GetString(0), $"""
        SELECT id FROM memories
        WHERE tenant = {work.Tenant} AND namespace = {@namespace} AND content_hash = {contentHash} AND duplicate_of IS NULL AND deleted_at IS NULL
        ORDER BY recorded_at + 0, id LIMIT 1
        """)).FirstOrDefault();

    /// <summary>What says exactly this and still holds, other than episodes; oldest first.</summary>
    public static Task<List<MemoryRow>> TwinsAsync(DbWork work, string @namespace, string universe, string kind, string contentHash, long now) => work.QueryAsync(MemoryStore.Map, $"""
        SELECT {MemoryStore.Columns:raw} FROM memories
        WHERE tenant = {work.Tenant} AND namespace = {@namespace} AND content_hash = {contentHash} AND universe = {universe} AND kind = {kind}
          AND superseded_by IS NULL AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > {now})
        ORDER BY recorded_at + 0, id LIMIT {TwinsMax:raw}
        """);

    /// <summary>What shares one of four bands of 16 bits, so everything that differs in at most three bits, oldest first.</summary>
    public static async Task<List<string>> NearAsync(DbWork work, string @namespace, long simHash)
    {
        var rows = await work.QueryAsync(static reader => (Id: reader.GetString(0), SimHash: reader.GetInt64(1), RecordedAt: reader.GetInt64(2)), $"""
            SELECT id, simhash, recorded_at FROM memories WHERE tenant = {work.Tenant} AND namespace = {@namespace} AND simhash IS NOT NULL AND (simhash & 65535) = {simHash & 65535}
            UNION ALL
            SELECT id, simhash, recorded_at FROM memories WHERE tenant = {work.Tenant} AND namespace = {@namespace} AND simhash IS NOT NULL AND ((simhash >> 16) & 65535) = {simHash >> 16 & 65535}
            UNION ALL
            SELECT id, simhash, recorded_at FROM memories WHERE tenant = {work.Tenant} AND namespace = {@namespace} AND simhash IS NOT NULL AND ((simhash >> 32) & 65535) = {simHash >> 32 & 65535}
            UNION ALL
            SELECT id, simhash, recorded_at FROM memories WHERE tenant = {work.Tenant} AND namespace = {@namespace} AND simhash IS NOT NULL AND ((simhash >> 48) & 65535) = {simHash >> 48 & 65535}
            LIMIT {NearMax:raw}
            """);
        return [.. rows.Where(row => SimHash.Distance(row.SimHash, simHash) <= SimHash.DistanceMax).DistinctBy(static row => row.Id, StringComparer.Ordinal)
            .OrderBy(static row => row.RecordedAt).ThenBy(static row => row.Id, StringComparer.Ordinal).Select(static row => row.Id)];
    }

    /// <summary>When nothing of this key is left, neither is the row that its writers waited on.</summary>
    public static Task ReleaseAsync(DbWork work, string @namespace, string universe, string key) => work.ExecuteAsync($"""
        DELETE FROM memory_keys WHERE tenant = {work.Tenant} AND slot = {Slot(@namespace, universe, key)}
          AND NOT EXISTS (SELECT 1 FROM memories m WHERE m.tenant = {work.Tenant} AND m.namespace = {@namespace} AND m.universe = {universe} AND m.key = {key})
        """);
}
