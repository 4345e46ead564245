using System.Data.Common;
using System.Text.Json;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>A memory as it is stored; a deleted one has no content left.</summary>
internal sealed record MemoryRow(
    string Id, string Namespace, string Kind, string Text, string? Source, long? Line, string? Conversation, IReadOnlyList<string> Tags, string? Metadata,
    string Author, DateTimeOffset EventTime, DateTimeOffset RecordedAt, double Importance, double Trust, string ContentHash,
    byte[]? Embedding, string? EmbeddingModel, long Version, DateTimeOffset? DeletedAt)
{
    public string? Key { get; init; }

    public string Universe { get; init; } = MemoryDraft.Real;

    public DateTimeOffset? ValidFrom { get; init; }

    public DateTimeOffset? ValidTo { get; init; }

    /// <summary>The memory that replaced this one, from when on the new one holds, and when that was recorded.</summary>
    public string? SupersededBy { get; init; }

    public DateTimeOffset? SupersededFrom { get; init; }

    public DateTimeOffset? SupersededAt { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>An earlier memory that says the same.</summary>
    public string? DuplicateOf { get; init; }

    /// <summary>Under legal hold: neither expiry nor a request erases it.</summary>
    public bool Held { get; init; }

    /// <summary>What made this version: remembered, changed, restored, superseded, held or released; by whom and when, for later versions than the first.</summary>
    public string Change { get; init; } = "remembered";

    public string? ChangedBy { get; init; }

    public DateTimeOffset? ChangedAt { get; init; }

    /// <summary>Set by the writer on the first of those that say the same; not read back.</summary>
    public long? SimHash { get; init; }

    /// <summary>Since when it holds, among the memories of its key.</summary>
    public DateTimeOffset Start => ValidFrom ?? EventTime;
}

/// <summary>The SQL of memories themselves; keys and twins, versions, erasing and links have their own.</summary>
internal sealed class MemoryStore(Db db)
{
    internal const string Columns =
        "id, namespace, kind, text, source, line, conversation, tags, metadata, author, event_time, recorded_at, importance, trust, content_hash, embedding, embedding_model, version, deleted_at, "
        + "key, universe, valid_from, valid_to, superseded_by, superseded_from, superseded_at, expires_at, duplicate_of, held, change, changed_by, changed_at";

    public Db Db => db;

    /// <summary>False when the id is taken: then nothing changes, whatever the row holds.</summary>
    public static async Task<bool> InsertAsync(DbWork work, MemoryRow row) => await work.ExecuteAsync($"""
        INSERT INTO memories (tenant, id, namespace, kind, text, source, line, conversation, tags, metadata, author, event_time, recorded_at,
            importance, trust, content_hash, embedding, embedding_model, version, deleted_at, key, universe, valid_from, valid_to, superseded_by, superseded_from, superseded_at, expires_at, duplicate_of, simhash,
            change, changed_by, changed_at)
        VALUES ({work.Tenant}, {row.Id}, {row.Namespace}, {row.Kind}, {row.Text}, {row.Source}, {row.Line}, {row.Conversation},
            {JsonSerializer.Serialize(row.Tags, MemoryJson.Default.IReadOnlyListString)}, {row.Metadata}, {row.Author},
            {row.EventTime.ToMicros()}, {row.RecordedAt.ToMicros()}, {row.Importance}, {row.Trust}, {row.ContentHash}, {row.Embedding}, {row.EmbeddingModel}, {row.Version}, NULL,
            {row.Key}, {row.Universe}, {row.ValidFrom?.ToMicros()}, {row.ValidTo?.ToMicros()}, {row.SupersededBy}, {row.SupersededFrom?.ToMicros()}, {row.SupersededAt?.ToMicros()},
            {row.ExpiresAt?.ToMicros()}, {row.DuplicateOf}, {row.SimHash}, {row.Change}, {row.ChangedBy}, {row.ChangedAt?.ToMicros()})
        ON CONFLICT (tenant, id) DO NOTHING
        """) == 1;

    public Task<MemoryRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Map, $"SELECT {Columns:raw} FROM memories WHERE tenant = {tenant} AND id = {id} AND deleted_at IS NULL", cancellationToken);

    public Task<List<MemoryRow>> FindAsync(string tenant, IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Map, $"SELECT {Columns:raw} FROM memories WHERE tenant = {tenant} AND id IN {ids:in} AND deleted_at IS NULL", cancellationToken);

    public static Task<MemoryRow?> FindAsync(DbWork work, string id) =>
        work.FindAsync(Map, $"SELECT {Columns:raw} FROM memories WHERE tenant = {work.Tenant} AND id = {id} AND deleted_at IS NULL");

    /// <summary>Newest first, without those whose time is over.</summary>
    public Task<List<MemoryRow>> ListAsync(string tenant, string @namespace, (long RecordedAt, string Id)? after, long now, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant,
        Map,
        $"""
        SELECT {Columns:raw} FROM memories
        WHERE tenant = {tenant} AND namespace = {@namespace} AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > {now})
          AND (recorded_at, id) < ({after?.RecordedAt ?? long.MaxValue}, {after?.Id ?? ""})
        ORDER BY recorded_at DESC, id DESC LIMIT {limit}
        """,
        cancellationToken);

    /// <summary>Rows of a namespace by id, deleted ones included, for filling an index page by page.</summary>
    public Task<List<MemoryRow>> PageAsync(string tenant, string @namespace, string after, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant,
        Map,
        $"SELECT {Columns:raw} FROM memories WHERE tenant = {tenant} AND namespace = {@namespace} AND id > {after} ORDER BY id LIMIT {limit}",
        cancellationToken);

    /// <summary>The ids of what lives in a namespace, page by page.</summary>
    public Task<List<string>> IdsAsync(string tenant, string @namespace, string after, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, static reader => reader.GetString(0),
        $"SELECT id FROM memories WHERE tenant = {tenant} AND namespace = {@namespace} AND deleted_at IS NULL AND id > {after} ORDER BY id LIMIT {limit}", cancellationToken);

    /// <summary>PostgreSQL: rows written by transactions from <paramref name="horizon"/> on, by whichever replica.</summary>
    public Task<List<MemoryRow>> ChangedSinceAsync(string tenant, string @namespace, long horizon, CancellationToken cancellationToken) => db.QueryAsync(
        tenant, Map, $"SELECT {Columns:raw} FROM memories WHERE tenant = {tenant} AND namespace = {@namespace} AND tx >= {horizon}", cancellationToken);

    internal static MemoryRow Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.Text(4), reader.Number(5), reader.Text(6),
        JsonSerializer.Deserialize(reader.GetString(7), MemoryJson.Default.IReadOnlyListString)!, reader.Text(8), reader.GetString(9),
        reader.Instant(10), reader.Instant(11), reader.GetDouble(12), reader.GetDouble(13), reader.GetString(14),
        reader.IsDBNull(15) ? null : reader.Bytes(15), reader.Text(16), reader.GetInt64(17), reader.MaybeInstant(18))
    {
        Key = reader.Text(19), Universe = reader.GetString(20), ValidFrom = reader.MaybeInstant(21), ValidTo = reader.MaybeInstant(22), SupersededBy = reader.Text(23),
        SupersededFrom = reader.MaybeInstant(24), SupersededAt = reader.MaybeInstant(25), ExpiresAt = reader.MaybeInstant(26), DuplicateOf = reader.Text(27), Held = reader.GetBoolean(28),
        Change = reader.GetString(29), ChangedBy = reader.Text(30), ChangedAt = reader.MaybeInstant(31),
    };
}
