using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <param name="Attempts">Begun before now.</param>
internal sealed record DueExtraction(string Tenant, string MemoryId, long Attempts, long DueAt);

/// <summary>All SQL over how far a model has come with each memory.</summary>
internal sealed class ExtractionStore(Db db)
{
    public Db Db => db;

    /// <summary>Where no model was asked, the grammar's result decides.</summary>
    public async Task<(string Status, string? Error)> StatusAsync(string tenant, string memoryId, bool hasFacts, CancellationToken cancellationToken)
    {
        var row = await db.FindAsync(tenant, static reader => new Progress(reader.GetString(0), reader.Text(1)),
            $"SELECT status, error FROM memory_extractions WHERE tenant = {tenant} AND memory_id = {memoryId}", cancellationToken);
        return row is null ? (hasFacts ? "deterministic" : "none", null) : (row.Status, row.Error);
    }

    public static Task<int> AddAsync(DbWork work, string memoryId, string model, long now) => work.ExecuteAsync($"""
        INSERT INTO memory_extractions (tenant, memory_id, status, error, attempts, model, due_at, updated_at)
        VALUES ({work.Tenant}, {memoryId}, 'pending', NULL, 0, {model}, {now}, {now}) ON CONFLICT (tenant, memory_id) DO NOTHING
        """);

    /// <summary>Of all tenants: this is the platform's own sweep.</summary>
    public Task<List<DueExtraction>> DueAsync(long now, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        Db.AllTenants,
        static reader => new DueExtraction(reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3)),
        $"SELECT tenant, memory_id, attempts, due_at FROM memory_extractions WHERE status = 'pending' AND due_at <= {now} ORDER BY due_at, tenant, memory_id LIMIT {limit}",
        cancellationToken);

    /// <summary>False when another replica has it. A process that ends keeps it only until <paramref name="until"/>.</summary>
    public Task<bool> ClaimAsync(DueExtraction due, long until, long now, CancellationToken cancellationToken) => db.WriteAsync(due.Tenant, async work => await work.ExecuteAsync($"""
        UPDATE memory_extractions SET due_at = {until}, attempts = attempts + 1, updated_at = {now}
        WHERE tenant = {work.Tenant} AND memory_id = {due.MemoryId} AND status = 'pending' AND due_at = {due.DueAt}
        """) == 1, cancellationToken);

    /// <param name="status">pending, done or failed.</param>
    public static Task<int> SetAsync(DbWork work, string memoryId, string status, string? error, string model, long dueAt, long now) => work.ExecuteAsync($"""
        UPDATE memory_extractions SET status = {status}, error = {error}, model = {model}, due_at = {dueAt}, updated_at = {now}
        WHERE tenant = {work.Tenant} AND memory_id = {memoryId}
        """);

    private sealed record Progress(string Status, string? Error);
}
