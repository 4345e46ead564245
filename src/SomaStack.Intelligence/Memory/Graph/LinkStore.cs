using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>A link as it is asked for.</summary>
internal sealed record LinkDraft(string From, string To, string Type, double Weight, string Universe, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo);

internal sealed record LinkRow(
    string Id, string Universe, string From, string To, string Type, double Weight, DateTimeOffset? ValidFrom, DateTimeOffset? ValidTo, DateTimeOffset RecordedAt, string Author, long Version);

/// <summary>What the graph needs to know of a memory at the end of a link.</summary>
internal sealed record NodeRow(string Id, string Namespace, string Kind, string Text);

/// <summary>All SQL of links.</summary>
internal static class LinkStore
{
    private const string Columns = "id, universe, from_id, to_id, type, weight, valid_from, valid_to, recorded_at, author, version";

    /// <summary>New, or the same with a new weight and validity.</summary>
    /// <returns>The version: 1 for a new one.</returns>
    public static async Task<long> PutAsync(DbWork work, LinkRow link) => await work.NumberAsync($"""
        INSERT INTO memory_links (tenant, id, universe, from_id, to_id, type, weight, valid_from, valid_to, recorded_at, author, version)
        VALUES ({work.Tenant}, {link.Id}, {link.Universe}, {link.From}, {link.To}, {link.Type}, {link.Weight}, {link.ValidFrom?.ToMicros()}, {link.ValidTo?.ToMicros()},
            {link.RecordedAt.ToMicros()}, {link.Author}, 1)
        ON CONFLICT (tenant, id) DO UPDATE SET weight = excluded.weight, valid_from = excluded.valid_from, valid_to = excluded.valid_to, version = memory_links.version + 1
        RETURNING version
        """) ?? 0;

    public static Task<LinkRow?> FindAsync(Db db, string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Map, $"SELECT {Columns:raw} FROM memory_links WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    public static async Task<bool> IsThereAsync(DbWork work, string id) => await work.NumberAsync($"SELECT 1 FROM memory_links WHERE tenant = {work.Tenant} AND id = {id}") is not null;

    public static Task<LinkRow?> DeleteAsync(DbWork work, string id) => work.FindAsync(Map, $"DELETE FROM memory_links WHERE tenant = {work.Tenant} AND id = {id} RETURNING {Columns:raw}");

    /// <summary>Of these memories, those that are there and not expired. Locks nothing: an erasure takes its links with it.</summary>
    public static Task<List<NodeRow>> NodesAsync(DbWork work, IReadOnlyCollection<string> ids, long now) => work.QueryAsync(Node,
        $"SELECT id, namespace, kind, text FROM memories WHERE tenant = {work.Tenant} AND id IN {ids:in} AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > {now})");

    public static Task<List<NodeRow>> NodesAsync(Db db, string tenant, IReadOnlyCollection<string> ids, long now, CancellationToken cancellationToken) => db.QueryAsync(tenant, Node,
        $"SELECT id, namespace, kind, text FROM memories WHERE tenant = {tenant} AND id IN {ids:in} AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > {now})", cancellationToken);

    /// <summary>The open memory of a key, in the universe or else in the real world.</summary>
    public static async Task<string?> OfKeyAsync(Db db, string tenant, string @namespace, string universe, string key, CancellationToken cancellationToken) => (await db.QueryAsync(tenant,
        static reader => reader.GetString(0),
        $"""
        SELECT id FROM memories
        WHERE tenant = {tenant} AND namespace = {@namespace} AND universe IN ({universe}, 'real') AND key = {key} AND superseded_by IS NULL AND deleted_at IS NULL
        ORDER BY CASE WHEN universe = {universe} THEN 0 ELSE 1 END LIMIT 1
        """,
        cancellationToken)).FirstOrDefault();

    /// <summary>Keeps both ends from being erased until the link is written; false when one is gone.</summary>
    public static async Task<int> TouchAsync(DbWork work, string from, string to) =>
        await work.ExecuteAsync($"UPDATE memories SET tx = tx WHERE tenant = {work.Tenant} AND id IN ({from}, {to}) AND deleted_at IS NULL");

    /// <summary>One step along a type, for the search for circles.</summary>
    public static Task<List<string>> StepAsync(DbWork work, string type, string universe, IReadOnlyCollection<string> from) => work.QueryAsync(static reader => reader.GetString(0),
        $"SELECT DISTINCT to_id FROM memory_links WHERE tenant = {work.Tenant} AND type = {type} AND universe = {universe} AND from_id IN {from:in}");

    /// <summary>Links that leave these memories, strongest first.</summary>
    public static Task<List<LinkRow>> OutAsync(Db db, string tenant, LinkQuery query, IReadOnlyCollection<string> ids, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant, Map, $"""
        SELECT {Columns:raw} FROM memory_links
        WHERE tenant = {tenant} AND from_id IN {ids:in} AND ({query.Type is null} OR type = {query.Type ?? ""}) AND universe IN ('real', {query.Universe})
          AND (valid_from IS NULL OR valid_from <= {query.AsOf}) AND (valid_to IS NULL OR valid_to > {query.AsOf})
        ORDER BY weight DESC, id LIMIT {limit}
        """, cancellationToken);

    /// <summary>Links that lead to these memories, strongest first.</summary>
    public static Task<List<LinkRow>> InAsync(Db db, string tenant, LinkQuery query, IReadOnlyCollection<string> ids, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant, Map, $"""
        SELECT {Columns:raw} FROM memory_links
        WHERE tenant = {tenant} AND to_id IN {ids:in} AND ({query.Type is null} OR type = {query.Type ?? ""}) AND universe IN ('real', {query.Universe})
          AND (valid_from IS NULL OR valid_from <= {query.AsOf}) AND (valid_to IS NULL OR valid_to > {query.AsOf})
        ORDER BY weight DESC, id LIMIT {limit}
        """, cancellationToken);

    /// <summary>The links that leave some memories, for an export.</summary>
    public static Task<List<LinkRow>> OfAsync(Db db, string tenant, IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        db.QueryAsync(tenant, Map, $"SELECT {Columns:raw} FROM memory_links WHERE tenant = {tenant} AND from_id IN {ids:in} ORDER BY from_id, id", cancellationToken);

    private static NodeRow Node(DbDataReader reader) => new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3));

    private static LinkRow Map(DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetDouble(5),
        reader.MaybeInstant(6), reader.MaybeInstant(7), reader.Instant(8), reader.GetString(9), reader.GetInt64(10));
}

/// <param name="AsOf">Only links that hold then; microseconds.</param>
internal sealed record LinkQuery(string? Type, string Universe, long AsOf);
