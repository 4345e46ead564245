using System.Data.Common;
using System.Text.Json;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What a memory was between two changes.</summary>
internal sealed record VersionRow(
    long Version, string Change, string Text, IReadOnlyList<string> Tags, string? Metadata, double Importance, double Trust, DateTimeOffset? ValidFrom,
    DateTimeOffset? ValidTo, string? SupersededBy, DateTimeOffset? ExpiresAt, string Author, DateTimeOffset RecordedAt);

/// <summary>The SQL of earlier versions and of changes.</summary>
internal static class VersionStore
{
    private const string Columns = "version, change, text, tags, metadata, importance, trust, valid_from, valid_to, superseded_by, expires_at, author, recorded_at";

    /// <summary>The present state of a memory in the columns of a version.</summary>
    private const string Present =
        "version, change, text, tags, metadata, importance, trust, valid_from, valid_to, superseded_by, expires_at, COALESCE(changed_by, author), COALESCE(changed_at, recorded_at)";

    /// <summary>Copies the state as it is; called before each change.</summary>
    public static Task KeepAsync(DbWork work, string id) => work.ExecuteAsync($"""
        INSERT INTO memory_versions (tenant, id, {Columns:raw})
        SELECT tenant, id, {Present:raw} FROM memories WHERE tenant = {work.Tenant} AND id = {id} AND deleted_at IS NULL
        ON CONFLICT (tenant, id, version) DO NOTHING
        """);

    /// <summary>Writes back what a change may touch, over the version that was read. Null when another change came first.</summary>
    public static Task<MemoryRow?> ChangeAsync(DbWork work, MemoryRow row, long expected) => work.FindAsync(MemoryStore.Map, $"""
        UPDATE memories SET text = {row.Text}, tags = {JsonSerializer.Serialize(row.Tags, MemoryJson.Default.IReadOnlyListString)}, metadata = {row.Metadata},
            importance = {row.Importance}, valid_from = {row.ValidFrom?.ToMicros()}, valid_to = {row.ValidTo?.ToMicros()}, expires_at = {row.ExpiresAt?.ToMicros()},
            content_hash = {row.ContentHash}, embedding = {row.Embedding}, embedding_model = {row.EmbeddingModel}, duplicate_of = {row.DuplicateOf}, simhash = {row.SimHash},
            held = {row.Held}, version = version + 1, change = {row.Change}, changed_by = {row.ChangedBy}, changed_at = {row.ChangedAt?.ToMicros()}
        WHERE tenant = {work.Tenant} AND id = {row.Id} AND version = {expected} AND deleted_at IS NULL
        RETURNING {MemoryStore.Columns:raw}
        """);

    /// <summary>Hold and release: everything else stays, the fingerprint of its terms included.</summary>
    public static Task<MemoryRow?> HoldAsync(DbWork work, string id, bool held, string by, long now) => work.FindAsync(MemoryStore.Map, $"""
        UPDATE memories SET held = {held}, version = version + 1, change = {(held ? "held" : "released")}, changed_by = {by}, changed_at = {now}
        WHERE tenant = {work.Tenant} AND id = {id} AND deleted_at IS NULL AND held <> {held}
        RETURNING {MemoryStore.Columns:raw}
        """);

    /// <summary>The present state first, then the earlier ones.</summary>
    /// <param name="before">Only versions below this.</param>
    public static Task<List<VersionRow>> HistoryAsync(Db db, string tenant, string id, long before, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant, Map, $"""
        SELECT * FROM (
            SELECT {Present:raw} FROM memories WHERE tenant = {tenant} AND id = {id} AND deleted_at IS NULL AND version < {before}
            UNION ALL
            SELECT {Columns:raw} FROM memory_versions WHERE tenant = {tenant} AND id = {id} AND version < {before}) AS states
        ORDER BY version DESC LIMIT {limit}
        """, cancellationToken);

    public static Task<VersionRow?> FindAsync(Db db, string tenant, string id, long version, CancellationToken cancellationToken) => db.FindAsync(tenant, Map,
        $"SELECT {Columns:raw} FROM memory_versions WHERE tenant = {tenant} AND id = {id} AND version = {version}", cancellationToken);

    /// <summary>Earlier versions of some memories, for an export.</summary>
    public static Task<List<(string Id, VersionRow Version)>> OfAsync(Db db, string tenant, IReadOnlyCollection<string> ids, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => (reader.GetString(13), Map(reader)),
        $"SELECT {Columns:raw}, id FROM memory_versions WHERE tenant = {tenant} AND id IN {ids:in} ORDER BY id, version", cancellationToken);

    /// <summary>An earlier version as an export brought it; false when there is one of this number.</summary>
    public static async Task<bool> ImportAsync(DbWork work, string id, VersionRow version) => await work.ExecuteAsync($"""
        INSERT INTO memory_versions (tenant, id, {Columns:raw})
        VALUES ({work.Tenant}, {id}, {version.Version}, {version.Change}, {version.Text}, {JsonSerializer.Serialize(version.Tags, MemoryJson.Default.IReadOnlyListString)}, {version.Metadata},
            {version.Importance}, {version.Trust}, {version.ValidFrom?.ToMicros()}, {version.ValidTo?.ToMicros()}, {version.SupersededBy}, {version.ExpiresAt?.ToMicros()},
            {version.Author}, {version.RecordedAt.ToMicros()})
        ON CONFLICT (tenant, id, version) DO NOTHING
        """) == 1;

    private static VersionRow Map(DbDataReader reader) => new(
        reader.GetInt64(0), reader.GetString(1), reader.GetString(2), JsonSerializer.Deserialize(reader.GetString(3), MemoryJson.Default.IReadOnlyListString)!, reader.Text(4),
        reader.GetDouble(5), reader.GetDouble(6), reader.MaybeInstant(7), reader.MaybeInstant(8), reader.Text(9), reader.MaybeInstant(10), reader.GetString(11), reader.Instant(12));
}
