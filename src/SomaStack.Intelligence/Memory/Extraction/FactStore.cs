using System.Data.Common;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>A fact as it is written; it never changes.</summary>
internal sealed record FactRow(
    string Id, string Namespace, string Universe, string MemoryId, long Ordinal, string Subject, string SubjectKey, string Predicate, string Object, string ObjectKey, bool Functional,
    long ValidFrom, long? ValidTo, long RecordedAt, double Confidence, string Extractor);

/// <summary>A fact as it is known at some moment: with the end that later ones gave it.</summary>
/// <param name="ValidTo">Null while it holds.</param>
/// <param name="SupersededBy">The fact that ended it.</param>
internal sealed record KnownFact(
    string Id, string MemoryId, string Subject, string Predicate, string Object, DateTimeOffset ValidFrom, DateTimeOffset? ValidTo, DateTimeOffset RecordedAt,
    string? SupersededBy, double Confidence, string Extractor);

/// <param name="SubjectKey">Empty for any.</param>
/// <param name="Predicate">Empty for any.</param>
/// <param name="AsOf">Null for all times.</param>
/// <param name="KnownAt">Only what was recorded by then.</param>
internal sealed record FactQuery(string Namespace, string Universe, string SubjectKey, string Predicate, long? AsOf, long KnownAt, (long ValidFrom, string Id)? After, int Limit);

/// <summary>All SQL over facts.</summary>
internal sealed class FactStore(Db db)
{
    /// <summary>
    /// The end of a functional fact is the beginning of the next one of the same subject and predicate with another object, in order of
    /// valid_from, recorded_at, ordinal, id.
    /// </summary>
    private const string Columns = "f.id, f.memory_id, f.subject, f.predicate, f.object, f.valid_from, f.valid_to, f.recorded_at, f.confidence, f.extractor, s.id, s.valid_from";

    public Db Db => db;

    public static Task<int> AddAsync(DbWork work, FactRow row) => work.ExecuteAsync($"""
        INSERT INTO memory_facts (tenant, id, namespace, universe, memory_id, ordinal, subject, subject_key, predicate, object, object_key, functional,
            valid_from, valid_to, recorded_at, confidence, extractor)
        VALUES ({work.Tenant}, {row.Id}, {row.Namespace}, {row.Universe}, {row.MemoryId}, {row.Ordinal}, {row.Subject}, {row.SubjectKey}, {row.Predicate}, {row.Object}, {row.ObjectKey}, {row.Functional},
            {row.ValidFrom}, {row.ValidTo}, {row.RecordedAt}, {row.Confidence}, {row.Extractor})
        ON CONFLICT (tenant, id) DO NOTHING
        """);

    /// <summary>What a memory stated goes with it; what that had ended is open again, since ends are derived.</summary>
    public static async Task DropAsync(DbWork work, string memoryId)
    {
        await work.ExecuteAsync($"DELETE FROM memory_extractions WHERE tenant = {work.Tenant} AND memory_id = {memoryId}");
        await work.ExecuteAsync($"DELETE FROM memory_facts WHERE tenant = {work.Tenant} AND memory_id = {memoryId}");
    }

    public static async Task<long> CountAsync(Db db, string tenant, string memoryId, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"SELECT COUNT(*) FROM memory_facts WHERE tenant = {tenant} AND memory_id = {memoryId}", cancellationToken) ?? 0;

    /// <summary>What one memory states, in the order of its text.</summary>
    public Task<List<KnownFact>> OfMemoryAsync(string tenant, string memoryId, CancellationToken cancellationToken) => db.QueryAsync(
        tenant,
        Map,
        $"""
        SELECT {Columns:raw} FROM memory_facts f
        LEFT JOIN memory_facts s ON s.tenant = {tenant} AND s.id = (
            SELECT n.id FROM memory_facts n
            WHERE n.tenant = {tenant} AND n.namespace = f.namespace AND n.universe = f.universe AND n.subject_key = f.subject_key AND n.predicate = f.predicate
              AND f.functional AND n.object_key <> f.object_key
              AND (n.valid_from, n.recorded_at, n.ordinal, n.id) > (f.valid_from, f.recorded_at, f.ordinal, f.id)
            ORDER BY n.valid_from, n.recorded_at, n.ordinal, n.id LIMIT 1)
        WHERE f.tenant = {tenant} AND f.memory_id = {memoryId}
        ORDER BY f.ordinal, f.id
        """,
        cancellationToken);

    /// <summary>Newest first. A statement that only repeats an earlier one which still held is left out; both stay on their memories.</summary>
    public Task<List<KnownFact>> FindAsync(string tenant, FactQuery query, CancellationToken cancellationToken) => db.QueryAsync(
        tenant,
        Map,
        $"""
        SELECT {Columns:raw} FROM memory_facts f
        LEFT JOIN memory_facts s ON s.tenant = {tenant} AND s.id = (
            SELECT n.id FROM memory_facts n
            WHERE n.tenant = {tenant} AND n.namespace = f.namespace AND n.universe = f.universe AND n.subject_key = f.subject_key AND n.predicate = f.predicate
              AND f.functional AND n.recorded_at <= {query.KnownAt} AND n.object_key <> f.object_key
              AND (n.valid_from, n.recorded_at, n.ordinal, n.id) > (f.valid_from, f.recorded_at, f.ordinal, f.id)
            ORDER BY n.valid_from, n.recorded_at, n.ordinal, n.id LIMIT 1)
        WHERE f.tenant = {tenant} AND f.namespace = {query.Namespace} AND f.universe = {query.Universe} AND f.recorded_at <= {query.KnownAt}
          AND ({query.SubjectKey.Length == 0} OR f.subject_key = {query.SubjectKey}) AND ({query.Predicate.Length == 0} OR f.predicate = {query.Predicate})
          AND ({query.AsOf is null} OR f.valid_from <= {query.AsOf ?? 0} AND (f.valid_to IS NULL OR f.valid_to > {query.AsOf ?? 0}) AND (s.valid_from IS NULL OR s.valid_from > {query.AsOf ?? 0}))
          AND (f.valid_from, f.id) < ({query.After?.ValidFrom ?? long.MaxValue}, {query.After?.Id ?? ""})
          AND NOT EXISTS (
            SELECT 1 FROM memory_facts p
            WHERE p.tenant = {tenant} AND p.namespace = f.namespace AND p.universe = f.universe AND p.subject_key = f.subject_key AND p.predicate = f.predicate
              AND p.object_key = f.object_key AND p.recorded_at <= {query.KnownAt} AND f.valid_to IS NULL AND p.valid_to IS NULL
              AND (p.valid_from, p.recorded_at, p.ordinal, p.id) < (f.valid_from, f.recorded_at, f.ordinal, f.id)
              AND (NOT f.functional OR NOT EXISTS (
                SELECT 1 FROM memory_facts d
                WHERE d.tenant = {tenant} AND d.namespace = f.namespace AND d.universe = f.universe AND d.subject_key = f.subject_key AND d.predicate = f.predicate
                  AND d.object_key <> f.object_key AND d.recorded_at <= {query.KnownAt}
                  AND (d.valid_from, d.recorded_at, d.ordinal, d.id) > (p.valid_from, p.recorded_at, p.ordinal, p.id)
                  AND (d.valid_from, d.recorded_at, d.ordinal, d.id) < (f.valid_from, f.recorded_at, f.ordinal, f.id))))
        ORDER BY f.valid_from DESC, f.id DESC LIMIT {query.Limit}
        """,
        cancellationToken);

    private static KnownFact Map(DbDataReader reader)
    {
        var stated = reader.MaybeInstant(6);
        var derived = reader.MaybeInstant(11);
        return new KnownFact(
            reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.Instant(5),
            stated is null || derived < stated ? derived : stated, reader.Instant(7), reader.Text(10), reader.GetDouble(8), reader.GetString(9));
    }
}
