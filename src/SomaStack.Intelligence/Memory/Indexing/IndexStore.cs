using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>A memory without a vector of the current model.</summary>
internal readonly record struct Unembedded(string Tenant, MemoryRow Row);

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

    private static Unembedded Map(System.Data.Common.DbDataReader reader) => new(reader.GetString(reader.FieldCount - 1), MemoryStore.Map(reader));
}
