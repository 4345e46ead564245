using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>Whose working memory it is: one principal's, under a session id of the caller's choice.</summary>
internal readonly record struct WorkingKey(string Tenant, string Owner, string SessionId)
{
    public static WorkingKey Of(RequestContext context, string sessionId) => new(context.Tenant, context.Principal.Id, sessionId);
}

/// <param name="Version">Grows with every change; a cached copy of the same version is current.</param>
internal sealed record WorkingSession(long Version, long Turn, int Capacity, long Evictions, long Hits, long Misses);

/// <summary>All SQL of working memory.</summary>
internal sealed class WorkingStore(Db db)
{
    private const string SessionColumns = "version, turn, capacity, evictions, hits, misses";
    private const string ItemColumns = "id, text, tokens, embedding, embedding_model, pinned, novelty, uses, last_turn, memory_id, promotion, admitted_at, last_used_at";

    public Db Db => db;

    public Task<WorkingSession?> FindAsync(WorkingKey key, CancellationToken cancellationToken) => db.FindAsync(
        key.Tenant, MapSession, $"SELECT {SessionColumns:raw} FROM working_sessions WHERE tenant = {key.Tenant} AND owner = {key.Owner} AND session_id = {key.SessionId}", cancellationToken);

    public Task<List<WorkingItem>> ItemsAsync(WorkingKey key, string model, CancellationToken cancellationToken) => db.QueryAsync(
        key.Tenant, reader => MapItem(reader, model),
        $"SELECT {ItemColumns:raw} FROM working_memory WHERE tenant = {key.Tenant} AND owner = {key.Owner} AND session_id = {key.SessionId} ORDER BY id", cancellationToken);

    public static Task<List<WorkingItem>> ItemsAsync(DbWork work, WorkingKey key, string model) => work.QueryAsync(
        reader => MapItem(reader, model),
        $"SELECT {ItemColumns:raw} FROM working_memory WHERE tenant = {key.Tenant} AND owner = {key.Owner} AND session_id = {key.SessionId} ORDER BY id");

    /// <summary>Takes the next version; makes the session, at version 1, when there is none.</summary>
    public static async Task<WorkingSession> OpenAsync(DbWork work, WorkingKey key, int capacity, long now) => (await work.FindAsync(MapSession, $"""
        INSERT INTO working_sessions (tenant, owner, session_id, version, turn, capacity, evictions, hits, misses, created_at, updated_at)
        VALUES ({key.Tenant}, {key.Owner}, {key.SessionId}, 1, 0, {capacity}, 0, 0, 0, {now}, {now})
        ON CONFLICT (tenant, owner, session_id) DO UPDATE SET version = working_sessions.version + 1, updated_at = excluded.updated_at RETURNING {SessionColumns:raw}
        """))!;

    /// <summary>Takes the next version, which on PostgreSQL also keeps other writers of the session waiting; null when there is no session.</summary>
    public static Task<WorkingSession?> TakeAsync(DbWork work, WorkingKey key, long now) => work.FindAsync(MapSession, $"""
        UPDATE working_sessions SET version = version + 1, updated_at = {now}
        WHERE tenant = {key.Tenant} AND owner = {key.Owner} AND session_id = {key.SessionId} RETURNING {SessionColumns:raw}
        """);

    public static Task SaveAsync(DbWork work, WorkingKey key, WorkingSession session) => work.ExecuteAsync($"""
        UPDATE working_sessions SET turn = {session.Turn}, capacity = {session.Capacity}, evictions = {session.Evictions}, hits = {session.Hits}, misses = {session.Misses}
        WHERE tenant = {key.Tenant} AND owner = {key.Owner} AND session_id = {key.SessionId}
        """);

    public static Task PutAsync(DbWork work, WorkingKey key, WorkingItem item) => work.ExecuteAsync($"""
        INSERT INTO working_memory (tenant, owner, session_id, id, text, tokens, embedding, embedding_model, pinned, novelty, uses, last_turn, memory_id, promotion, admitted_at, last_used_at)
        VALUES ({key.Tenant}, {key.Owner}, {key.SessionId}, {item.Id}, {item.Text}, {item.Tokens}, {item.Vector}, {item.VectorModel}, {item.Pinned}, {item.Novelty}, {item.Uses},
            {item.LastTurn}, {item.MemoryId}, {item.Promotion}, {item.AdmittedAt.ToMicros()}, {item.LastUsedAt.ToMicros()})
        ON CONFLICT (tenant, owner, session_id, id) DO UPDATE SET text = excluded.text, tokens = excluded.tokens, embedding = excluded.embedding, embedding_model = excluded.embedding_model,
            pinned = excluded.pinned, novelty = excluded.novelty, uses = excluded.uses, last_turn = excluded.last_turn, memory_id = excluded.memory_id, promotion = excluded.promotion,
            admitted_at = excluded.admitted_at, last_used_at = excluded.last_used_at
        """);

    public static Task UseAsync(DbWork work, WorkingKey key, IReadOnlyCollection<string> ids, long turn, long now) => work.ExecuteAsync($"""
        UPDATE working_memory SET uses = uses + 1, last_turn = {turn}, last_used_at = {now}
        WHERE tenant = {key.Tenant} AND owner = {key.Owner} AND session_id = {key.SessionId} AND id IN {ids:in}
        """);

    public static Task RemoveAsync(DbWork work, WorkingKey key, IReadOnlyCollection<string> ids) => work.ExecuteAsync(
        $"DELETE FROM working_memory WHERE tenant = {key.Tenant} AND owner = {key.Owner} AND session_id = {key.SessionId} AND id IN {ids:in}");

    public static Task ClearAsync(DbWork work, WorkingKey key) => work.ExecuteAsync(
        $"DELETE FROM working_memory WHERE tenant = {key.Tenant} AND owner = {key.Owner} AND session_id = {key.SessionId}");

    /// <summary>Takes an erased memory out of every session's mind; the new versions make every copy in process outdated.</summary>
    public static async Task ForgetMemoryAsync(DbWork work, string memoryId)
    {
        await work.ExecuteAsync($"""
            UPDATE working_sessions SET version = version + 1 WHERE tenant = {work.Tenant} AND EXISTS (
                SELECT 1 FROM working_memory item WHERE item.tenant = working_sessions.tenant AND item.owner = working_sessions.owner
                    AND item.session_id = working_sessions.session_id AND item.memory_id = {memoryId})
            """);
        await work.ExecuteAsync($"DELETE FROM working_memory WHERE tenant = {work.Tenant} AND memory_id = {memoryId}");
    }

    public static async Task<long> OfMemoryAsync(Db db, string tenant, string memoryId, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"SELECT COUNT(*) FROM working_memory WHERE tenant = {tenant} AND memory_id = {memoryId}", cancellationToken) ?? 0;

    private static WorkingSession MapSession(DbDataReader reader) =>
        new(reader.GetInt64(0), reader.GetInt64(1), (int)reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5));

    private static WorkingItem MapItem(DbDataReader reader, string model)
    {
        // A vector of another model cannot be compared with today's, and a text may have none; the item is found by its words.
        var current = reader.Text(4) == model && !reader.IsDBNull(3);
        return new WorkingItem(
            reader.GetString(0), reader.GetString(1), (int)reader.GetInt64(2), Analyser.Document(reader.GetString(1)), current ? reader.Bytes(3) : null, current ? model : null,
            reader.GetBoolean(5), reader.GetDouble(6), (int)reader.GetInt64(7), reader.GetInt64(8), reader.Text(9), reader.Text(10), reader.Instant(11), reader.Instant(12));
    }
}
