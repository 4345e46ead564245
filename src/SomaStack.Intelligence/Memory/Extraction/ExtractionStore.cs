using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>All SQL over how far a model has come with each memory.</summary>
internal sealed class ExtractionStore(Db db)
{
    /// <summary>Where no model was asked, the grammar's result decides.</summary>
    public async Task<(string Status, string? Error)> StatusAsync(string tenant, string memoryId, bool hasFacts, CancellationToken cancellationToken)
    {
        var row = await db.FindAsync(tenant, static reader => new Progress(reader.GetString(0), reader.Text(1)),
            $"SELECT status, error FROM memory_extractions WHERE tenant = {tenant} AND memory_id = {memoryId}", cancellationToken);
        return row is null ? (hasFacts ? "deterministic" : "none", null) : (row.Status, row.Error);
    }

    private sealed record Progress(string Status, string? Error);
}
