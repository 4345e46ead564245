using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>What an erasure finds out about a memory before it clears it.</summary>
internal sealed record ErasedRow(string Namespace, string Universe, string? Key, long Version);

/// <summary>The SQL of forgetting, expiry and the proof of both.</summary>
internal static class EraseStore
{
    /// <summary>Locks the memory and says whether it may go; null when there is none.</summary>
    public static async Task<(ErasedRow Row, bool Held)?> FindAsync(DbWork work, string id)
    {
        var rows = await work.QueryAsync(static reader => (new ErasedRow(reader.GetString(0), reader.GetString(1), reader.Text(2), reader.GetInt64(3)), reader.GetBoolean(4)), $"""
            UPDATE memories SET tx = tx WHERE tenant = {work.Tenant} AND id = {id} AND deleted_at IS NULL
            RETURNING namespace, universe, key, version, held
            """);
        return rows.Count == 0 ? null : rows[0];
    }

    /// <summary>Clears the content and keeps the id: text and what was derived from it, key, tags, source, validity.</summary>
    public static Task ClearAsync(DbWork work, string id, string by, long now) => work.ExecuteAsync($"""
        UPDATE memories SET text = '', source = NULL, line = NULL, conversation = NULL, tags = '[]', metadata = NULL, content_hash = '',
            embedding = NULL, embedding_model = NULL, key = NULL, duplicate_of = NULL, simhash = NULL, valid_from = NULL, valid_to = NULL, expires_at = NULL,
            version = version + 1, change = 'forgotten', changed_by = {by}, changed_at = {now}, deleted_at = {now}
        WHERE tenant = {work.Tenant} AND id = {id} AND deleted_at IS NULL
        """);

    public static Task DropVersionsAsync(DbWork work, string id) => work.ExecuteAsync($"DELETE FROM memory_versions WHERE tenant = {work.Tenant} AND id = {id}");

    public static Task DropLinksAsync(DbWork work, string id) => work.ExecuteAsync($"DELETE FROM memory_links WHERE tenant = {work.Tenant} AND (from_id = {id} OR to_id = {id})");

    /// <summary>1 while any column of the row holds content.</summary>
    public static async Task<long> RowsAsync(Db db, string tenant, string id, CancellationToken cancellationToken) => await db.NumberAsync(tenant, $"""
        SELECT COUNT(*) FROM memories WHERE tenant = {tenant} AND id = {id} AND (text <> '' OR source IS NOT NULL OR line IS NOT NULL OR conversation IS NOT NULL
            OR tags <> '[]' OR metadata IS NOT NULL OR content_hash <> '' OR key IS NOT NULL OR simhash IS NOT NULL OR deleted_at IS NULL)
        """, cancellationToken) ?? 0;

    public static async Task<long> EmbeddingsAsync(Db db, string tenant, string id, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"SELECT COUNT(*) FROM memories WHERE tenant = {tenant} AND id = {id} AND embedding IS NOT NULL", cancellationToken) ?? 0;

    public static async Task<long> VersionsAsync(Db db, string tenant, string id, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"SELECT COUNT(*) FROM memory_versions WHERE tenant = {tenant} AND id = {id}", cancellationToken) ?? 0;

    public static async Task<long> LinksAsync(Db db, string tenant, string id, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"SELECT COUNT(*) FROM memory_links WHERE tenant = {tenant} AND (from_id = {id} OR to_id = {id})", cancellationToken) ?? 0;

    /// <summary>The namespace of a memory, erased or not, and when it was erased.</summary>
    public static Task<ErasureRow?> ErasureAsync(Db db, string tenant, string id, CancellationToken cancellationToken) => db.FindAsync(tenant,
        static reader => new ErasureRow(reader.GetString(0), reader.MaybeInstant(1)), $"SELECT namespace, deleted_at FROM memories WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    /// <summary>Whose time is over, of every tenant; those under hold wait.</summary>
    public static Task<List<(string Tenant, string Id)>> ExpiredAsync(Db db, long now, int limit, CancellationToken cancellationToken) => db.QueryAsync(Db.AllTenants,
        static reader => (reader.GetString(0), reader.GetString(1)),
        $"SELECT tenant, id FROM memories WHERE expires_at <= {now} AND deleted_at IS NULL AND NOT held ORDER BY expires_at, tenant, id LIMIT {limit}",
        cancellationToken);

    /// <summary>One page of what a filter names, by id; tags are compared by the caller.</summary>
    public static Task<List<ForgetRow>> MatchingAsync(Db db, string tenant, ForgetQuery query, string after, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant,
        static reader => new ForgetRow(reader.GetString(0), reader.GetString(1), reader.GetBoolean(2)),
        $"""
        SELECT id, tags, held FROM memories
        WHERE tenant = {tenant} AND namespace = {query.Namespace} AND deleted_at IS NULL AND id > {after}
          AND ({query.Ids is null} OR id IN {query.Ids ?? []:in})
          AND ({query.Kind is null} OR kind = {query.Kind ?? ""}) AND ({query.Source is null} OR source = {query.Source ?? ""})
          AND ({query.Conversation is null} OR conversation = {query.Conversation ?? ""})
          AND event_time < {query.Before} AND event_time >= {query.After}
        ORDER BY id LIMIT {limit}
        """,
        cancellationToken);
}

internal sealed record ErasureRow(string Namespace, DateTimeOffset? ErasedAt);

/// <summary>What to forget within one namespace; null means any.</summary>
internal sealed record ForgetQuery(string Namespace, IReadOnlyCollection<string>? Ids, string? Kind, string? Source, string? Conversation, long After, long Before);

internal sealed record ForgetRow(string Id, string Tags, bool Held);
