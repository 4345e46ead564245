using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

/// <summary>All SQL that only runs hosted by Temporal need.</summary>
internal sealed class TemporalRunStore(Db db)
{
    public const int UntoldMost = 1000;

    /// <summary>A workflow has the run: its start was heard.</summary>
    public Task OpenAsync(RunRow row, CancellationToken cancellationToken) => row.Epoch > 0 ? Task.CompletedTask : db.WriteAsync(
        row.Tenant, work => work.ExecuteAsync($"UPDATE runs SET epoch = 1 WHERE tenant = {row.Tenant} AND id = {row.Id} AND epoch = 0"), cancellationToken);

    /// <summary>Inputs took effect and nothing followed from them.</summary>
    public Task TakenAsync(RunRow row, long taken, CancellationToken cancellationToken) => db.WriteAsync(row.Tenant, work => work.ExecuteAsync($"""
        UPDATE runs SET taken = {taken}, paused = NULL WHERE tenant = {row.Tenant} AND id = {row.Id} AND seq = {row.Seq} AND taken < {taken}
        """), cancellationToken);

    /// <summary>In the transaction of a step: counts it.</summary>
    public static Task AdvanceAsync(DbWork work, RunRow row) => work.ExecuteAsync($"UPDATE runs SET epoch = epoch + 1 WHERE tenant = {row.Tenant} AND id = {row.Id}");

    public Task PauseAsync(RunRow row, string reason, CancellationToken cancellationToken) => db.WriteAsync(row.Tenant, work => work.ExecuteAsync($"""
        UPDATE runs SET paused = {reason} WHERE tenant = {row.Tenant} AND id = {row.Id} AND ended_at IS NULL
        """), cancellationToken);

    /// <summary>Runs that no workflow has opened yet, or that have inputs which none has taken; the longest untouched first.</summary>
    public Task<List<(string Tenant, string Id, long Inbox)>> UntoldAsync(CancellationToken cancellationToken) => db.QueryAsync(
        Db.AllTenants, static reader => (reader.GetString(0), reader.GetString(1), reader.GetInt64(2)), $"""
        SELECT tenant, id, inbox FROM runs WHERE tenant <> '' AND host = 'temporal' AND ended_at IS NULL AND (epoch = 0 OR inbox > taken) AND paused IS NULL
        ORDER BY updated_at LIMIT {UntoldMost}
        """, cancellationToken);
}
