using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <param name="Status">queued, running, done or failed.</param>
/// <param name="Claim">Who works on it; empty while nobody does.</param>
/// <param name="Capsules">Each with its version.</param>
internal sealed record RunRow(
    string Tenant, string Id, string Status, string Cause, Principal Principal, IReadOnlyList<string> Models, IReadOnlyList<string> Capsules, long Repetitions, long Questions, string Mode,
    string Claim, long DueAt, long Attempts, long CreatedAt, long? StartedAt, long? EndedAt, string? Error);

internal sealed record ResultRow(string Model, string Task, string Capsule, string Item, long Repetition, Outcome Outcome, long At);

/// <summary>All SQL over runs and results.</summary>
internal sealed class RunStore(Db db)
{
    private const string RunColumns =
        "tenant, id, status, cause, principal, principal_kind, models, capsules, repetitions, questions, mode, claim, due_at, attempts, created_at, started_at, ended_at, error";

    private const string ResultColumns =
        "model, task, capsule, item, repetition, status, reason, provider, quality, refused, latency_ms, first_token_ms, input_tokens, output_tokens, cost_nanos, currency, call_id, at";

    /// <summary>More results than this within a window are cut off at its old end.</summary>
    private const int ResultsMax = 100_000;

    public Db Db => db;

    /// <summary>0 when the run is there already.</summary>
    public static Task<int> AddAsync(DbWork work, RunRow run) => work.ExecuteAsync($"""
        INSERT INTO benchmark_runs (tenant, id, status, cause, principal, principal_kind, models, capsules, repetitions, questions, mode, claim, due_at, attempts, created_at, started_at, ended_at, error)
        VALUES ({work.Tenant}, {run.Id}, {run.Status}, {run.Cause}, {run.Principal.Id}, {run.Principal.Kind}, {Names.Write(run.Models)}, {Names.Write(run.Capsules)}, {run.Repetitions}, {run.Questions},
                {run.Mode}, '', {run.DueAt}, 0, {run.CreatedAt}, NULL, NULL, NULL) ON CONFLICT (tenant, id) DO NOTHING
        """);

    public Task<RunRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Run, $"SELECT {RunColumns:raw} FROM benchmark_runs WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    /// <summary>Newest first, before the given place.</summary>
    public Task<List<RunRow>> ListAsync(string tenant, long beforeAt, string beforeId, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant, Run, $"""
        SELECT {RunColumns:raw} FROM benchmark_runs WHERE tenant = {tenant} AND (created_at < {beforeAt} OR (created_at = {beforeAt} AND id < {beforeId}))
        ORDER BY created_at DESC, id DESC LIMIT {limit}
        """, cancellationToken);

    /// <summary>Of all tenants: this is the worker's own sweep.</summary>
    public Task<List<RunRow>> DueAsync(long now, int limit, CancellationToken cancellationToken) => db.QueryAsync(
        Db.AllTenants, Run, $"SELECT {RunColumns:raw} FROM benchmark_runs WHERE status IN ('queued', 'running') AND due_at <= {now} ORDER BY due_at, tenant, id LIMIT {limit}", cancellationToken);

    /// <summary>False when another replica has it.</summary>
    public Task<bool> ClaimAsync(RunRow run, string claim, long until, long now, CancellationToken cancellationToken) => db.WriteAsync(run.Tenant, async work => await work.ExecuteAsync($"""
        UPDATE benchmark_runs SET status = 'running', claim = {claim}, due_at = {until}, attempts = attempts + 1, started_at = COALESCE(started_at, {now})
        WHERE tenant = {work.Tenant} AND id = {run.Id} AND status IN ('queued', 'running') AND due_at = {run.DueAt}
        """) == 1, cancellationToken);

    /// <summary>False when the claim was lost.</summary>
    public Task<bool> RenewAsync(string tenant, string id, string claim, long until, CancellationToken cancellationToken) => db.WriteAsync(tenant, async work =>
        await work.ExecuteAsync($"UPDATE benchmark_runs SET due_at = {until} WHERE tenant = {work.Tenant} AND id = {id} AND claim = {claim} AND status = 'running'") == 1, cancellationToken);

    public static async Task<bool> EndAsync(DbWork work, string id, string claim, string status, string? error, long now) => await work.ExecuteAsync($"""
        UPDATE benchmark_runs SET status = {status}, error = {error}, ended_at = {now} WHERE tenant = {work.Tenant} AND id = {id} AND claim = {claim} AND status = 'running'
        """) == 1;

    /// <summary>False when the question has a result, or the claim was lost.</summary>
    public Task<bool> AddResultAsync(string tenant, string run, string claim, ResultRow row, CancellationToken cancellationToken)
    {
        var outcome = row.Outcome;
        return db.WriteAsync(tenant, async work =>
        {
            if (await work.NumberAsync($"SELECT 1 FROM benchmark_runs WHERE tenant = {work.Tenant} AND id = {run} AND claim = {claim} AND status = 'running'") is null) return false;
            return await work.ExecuteAsync($"""
                INSERT INTO benchmark_results (tenant, run_id, {ResultColumns:raw})
                VALUES ({work.Tenant}, {run}, {row.Model}, {row.Task}, {row.Capsule}, {row.Item}, {row.Repetition}, {outcome.Status}, {outcome.Reason}, {outcome.Provider}, {outcome.Quality}, {outcome.Refused},
                        {outcome.LatencyMs}, {outcome.FirstTokenMs}, {outcome.InputTokens}, {outcome.OutputTokens}, {outcome.CostNanos}, {outcome.Currency}, {outcome.CallId}, {row.At})
                ON CONFLICT (tenant, run_id, model, capsule, item, repetition) DO NOTHING
                """) == 1;
        }, cancellationToken);
    }

    public Task<List<ResultRow>> ResultsAsync(string tenant, string run, CancellationToken cancellationToken) => db.QueryAsync(tenant, Result, $"""
        SELECT {ResultColumns:raw} FROM benchmark_results WHERE tenant = {tenant} AND run_id = {run} ORDER BY capsule, item, model, repetition
        """, cancellationToken);

    /// <summary>What was asked after <paramref name="from"/> and not after <paramref name="to"/>, skipped questions left out.</summary>
    public Task<List<ResultRow>> WindowAsync(string tenant, long from, long to, CancellationToken cancellationToken) => db.QueryAsync(tenant, Result, $"""
        SELECT {ResultColumns:raw} FROM benchmark_results WHERE tenant = {tenant} AND at > {from} AND at <= {to} AND status <> 'skipped' ORDER BY at DESC LIMIT {ResultsMax}
        """, cancellationToken);

    /// <summary>Of every tenant; null when none is that old.</summary>
    public Task<RunRow?> OldestAsync(long endedBefore, CancellationToken cancellationToken) => db.FindAsync(
        Db.AllTenants, Run, $"SELECT {RunColumns:raw} FROM benchmark_runs WHERE tenant <> '' AND ended_at IS NOT NULL AND ended_at < {endedBefore} ORDER BY ended_at LIMIT 1", cancellationToken);

    /// <returns>How many were deleted; fewer than <paramref name="limit"/> when none is left.</returns>
    public Task<int> DeleteResultsAsync(string tenant, string run, int limit, CancellationToken cancellationToken) => db.WriteAsync(tenant, work => work.ExecuteAsync($"""
        DELETE FROM benchmark_results WHERE tenant = {tenant} AND run_id = {run} AND (model, capsule, item, repetition) IN (
            SELECT model, capsule, item, repetition FROM benchmark_results WHERE tenant = {tenant} AND run_id = {run} LIMIT {limit})
        """), cancellationToken);

    public Task<int> DeleteAsync(string tenant, string run, CancellationToken cancellationToken) => db.WriteAsync(
        tenant, work => work.ExecuteAsync($"DELETE FROM benchmark_runs WHERE tenant = {tenant} AND id = {run} AND ended_at IS NOT NULL"), cancellationToken);

    private static RunRow Run(System.Data.Common.DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), new Principal(reader.GetString(4), reader.GetString(5)), Names.Read(reader.GetString(6)),
        Names.Read(reader.GetString(7)), reader.GetInt64(8), reader.GetInt64(9), reader.GetString(10), reader.GetString(11), reader.GetInt64(12), reader.GetInt64(13), reader.GetInt64(14),
        reader.Number(15), reader.Number(16), reader.Text(17));

    private static ResultRow Result(System.Data.Common.DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetInt64(4),
        new Outcome(
            reader.GetString(5), reader.Text(6), reader.Text(7), Real(reader, 8), reader.GetBoolean(9), Real(reader, 10), Real(reader, 11), reader.Number(12), reader.Number(13), reader.Number(14),
            reader.Text(15), reader.Text(16)),
        reader.GetInt64(17));

    private static double? Real(System.Data.Common.DbDataReader reader, int ordinal) => reader.IsDBNull(ordinal) ? null : reader.GetDouble(ordinal);

    /// <summary>Lists of names in one column, as JSON.</summary>
    private static class Names
    {
        public static string Write(IReadOnlyList<string> names) => System.Text.Json.JsonSerializer.Serialize(names, BenchmarksJson.Default.IReadOnlyListString);

        public static IReadOnlyList<string> Read(string json) => System.Text.Json.JsonSerializer.Deserialize(json, BenchmarksJson.Default.IReadOnlyListString) ?? [];
    }
}
