using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>A memory without a vector of the current model.</summary>
internal readonly record struct Unembedded(string Tenant, MemoryRow Row);

/// <summary>What a comparison reads of a memory.</summary>
internal readonly record struct StoredVersion(string Id, long Version, string? Model);

/// <param name="Oldest">Of those that wait for a vector.</param>
internal sealed record IndexCounts(string Namespace, long Memories, long Vectors, long Pending, long? Oldest);

/// <summary>The SQL of the index as a projection: which rows wait for a vector, and which changed.</summary>
internal sealed class IndexStore(Db db)
{
    public Db Db => db;

    /// <summary>The newest that wait, of all tenants; when none does, those whose vector is of another model.</summary>
    public async Task<List<Unembedded>> WaitingAsync(int limit, CancellationToken cancellationToken) => await db.QueryAsync(
        Db.AllTenants, Map,
        $"SELECT {MemoryStore.Columns:raw}, tenant FROM memories WHERE deleted_at IS NULL AND embedding_model IS NULL ORDER BY recorded_at DESC LIMIT {limit}",
        cancellationToken);

    public Task<List<Unembedded>> OfAnotherModelAsync(string model, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        Db.AllTenants, Map,
        $"SELECT {MemoryStore.Columns:raw}, tenant FROM memories WHERE deleted_at IS NULL AND (embedding_model < {model} OR embedding_model > {model}) LIMIT {limit}",
        cancellationToken);

    /// <summary>Gives a row its vector, unless it has changed since it was read. Null for the vector says that the model cannot read the text.</summary>
    public static async Task<bool> EmbedAsync(DbWork work, Unembedded waiting, byte[]? vector, string model) => await work.ExecuteAsync($"""
        UPDATE memories SET embedding = {vector}, embedding_model = {model}
        WHERE tenant = {waiting.Tenant} AND id = {waiting.Row.Id} AND version = {waiting.Row.Version} AND deleted_at IS NULL
        """) == 1;

    /// <summary>How many wait for their vector, and when the oldest of them was written.</summary>
    public async Task<(long Count, long? Oldest)> BacklogAsync(CancellationToken cancellationToken) => (await db.QueryAsync(
        Db.AllTenants,
        static reader => (reader.GetInt64(0), reader.Number(1)),
        $"SELECT COUNT(tenant), MIN(recorded_at) FROM memories WHERE deleted_at IS NULL AND embedding_model IS NULL",
        cancellationToken))[0];

    /// <summary>The number of the namespace's last change; SQLite only.</summary>
    public async Task<long> LastChangeAsync(string tenant, string @namespace, CancellationToken cancellationToken) =>
        await db.NumberAsync(tenant, $"SELECT MAX(tx) FROM memories WHERE tenant = {tenant} AND namespace = {@namespace}", cancellationToken) ?? 0;

    public static async Task<long> LastChangeAsync(DbWork work, string @namespace) =>
        await work.NumberAsync($"SELECT MAX(tx) FROM memories WHERE tenant = {work.Tenant} AND namespace = {@namespace}") ?? 0;

    /// <summary>Rows in the order of their last changes, deleted ones included; SQLite only.</summary>
    public Task<List<(MemoryRow Row, long Number)>> ChangedAfterAsync(string tenant, string @namespace, long number, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant,
        static reader => (MemoryStore.Map(reader), reader.GetInt64(reader.FieldCount - 1)),
        $"SELECT {MemoryStore.Columns:raw}, tx FROM memories WHERE tenant = {tenant} AND namespace = {@namespace} AND tx > {number} ORDER BY tx LIMIT {limit}",
        cancellationToken);

    public async Task<bool> IsErasedAfterAsync(string tenant, string @namespace, long number, CancellationToken cancellationToken) => await db.NumberAsync(
        tenant, $"SELECT 1 FROM memories WHERE tenant = {tenant} AND namespace = {@namespace} AND tx > {number} AND deleted_at IS NOT NULL LIMIT 1", cancellationToken) is not null;

    /// <summary>Ids and versions of a namespace, by id.</summary>
    public Task<List<StoredVersion>> VersionsAsync(string tenant, string @namespace, string after, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        tenant,
        static reader => new StoredVersion(reader.GetString(0), reader.GetInt64(1), reader.Text(2)),
        $"SELECT id, version, embedding_model FROM memories WHERE tenant = {tenant} AND namespace = {@namespace} AND deleted_at IS NULL AND id > {after} ORDER BY id LIMIT {limit}",
        cancellationToken);

    public Task<List<IndexCounts>> CountsAsync(string tenant, string model, CancellationToken cancellationToken) => db.QueryAsync(
        tenant,
        static reader => new IndexCounts(reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.Number(4)),
        $"""
        SELECT namespace, COUNT(*), COUNT(CASE WHEN embedding IS NOT NULL AND embedding_model = {model} THEN 1 END),
            COUNT(CASE WHEN embedding_model IS NULL THEN 1 END), MIN(CASE WHEN embedding_model IS NULL THEN recorded_at END)
        FROM memories WHERE tenant = {tenant} AND deleted_at IS NULL GROUP BY namespace ORDER BY namespace
        """,
        cancellationToken);

    /// <summary>Returns when all that was committed here before has reached the index: SQLite's one writer tells each commit before it begins the next.</summary>
    public Task SettleAsync(string tenant, CancellationToken cancellationToken) => db.WriteAsync(tenant, static _ => Task.CompletedTask, cancellationToken);

    private static Unembedded Map(System.Data.Common.DbDataReader reader) => new(reader.GetString(reader.FieldCount - 1), MemoryStore.Map(reader));
}
