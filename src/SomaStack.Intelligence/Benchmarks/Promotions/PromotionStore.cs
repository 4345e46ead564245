using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <param name="Status">open, accepted or rejected.</param>
internal sealed record PromotionRow(string Id, string RunId, Suggestion Suggestion, string Status, long CreatedAt, long? DecidedAt, string? DecidedBy);

/// <summary>All SQL over suggestions.</summary>
internal sealed class PromotionStore(Db db, Journal journal)
{
    private const string Columns =
        "id, run_id, kind, role, task, primary_model, candidate, primary_score, primary_low, primary_high, candidate_score, candidate_low, candidate_high, items, reason, status, created_at, decided_at, decided_by";

    public Db Db => db;

    /// <summary>Nothing happens while one for the same role, task and primary waits for its decision.</summary>
    public async Task SuggestAsync(DbWork work, RequestContext context, string run, Suggestion one, long now)
    {
        var id = Ids.Derive($"promotion\n{context.Tenant}\n{run}\n{one.Kind}\n{one.Task}");
        var added = await work.ExecuteAsync($"""
            INSERT INTO benchmark_promotions (tenant, {Columns:raw})
            VALUES ({work.Tenant}, {id}, {run}, {one.Kind}, {one.Role}, {one.Task}, {one.Primary}, {one.Candidate}, {one.PrimaryScore}, {one.PrimaryInterval.Low}, {one.PrimaryInterval.High},
                    {one.CandidateScore}, {one.CandidateInterval?.Low}, {one.CandidateInterval?.High}, {one.Items}, {one.Reason}, 'open', {now}, NULL, NULL) ON CONFLICT DO NOTHING
            """);
        if (added == 0) return;
        var type = one.Kind == "rollback" ? BenchmarkEvents.RollbackSuggested : BenchmarkEvents.PromotionSuggested;
        var suggested = new PromotionSuggested(
            id, run, one.Role, one.Task, one.Primary, one.Candidate, one.PrimaryScore, one.PrimaryInterval.Low, one.PrimaryInterval.High, one.CandidateScore, one.CandidateInterval?.Low,
            one.CandidateInterval?.High, one.Items, one.Reason);
        await journal.AppendAsync(work, context, "promotion/" + id, 1, type, suggested, BenchmarksJson.Default.PromotionSuggested);
    }

    public Task<PromotionRow?> FindAsync(string tenant, string id, CancellationToken cancellationToken) =>
        db.FindAsync(tenant, Row, $"SELECT {Columns:raw} FROM benchmark_promotions WHERE tenant = {tenant} AND id = {id}", cancellationToken);

    /// <summary>Newest first, before the given place.</summary>
    /// <param name="status">Empty for any.</param>
    public Task<List<PromotionRow>> ListAsync(string tenant, string status, long beforeAt, string beforeId, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant, Row, $"""
        SELECT {Columns:raw} FROM benchmark_promotions
        WHERE tenant = {tenant} AND ({status} = '' OR status = {status}) AND (created_at < {beforeAt} OR (created_at = {beforeAt} AND id < {beforeId}))
        ORDER BY created_at DESC, id DESC LIMIT {limit}
        """, cancellationToken);

    /// <summary>False when it was decided before.</summary>
    public Task<bool> DecideAsync(RequestContext context, PromotionRow row, string decision, long now, CancellationToken cancellationToken) => db.WriteAsync(context.Tenant, async work =>
    {
        var changed = await work.ExecuteAsync($"""
            UPDATE benchmark_promotions SET status = {decision}, decided_at = {now}, decided_by = {context.Principal.Id} WHERE tenant = {work.Tenant} AND id = {row.Id} AND status = 'open'
            """);
        if (changed == 0) return false;
        var decided = new PromotionDecided(row.Id, decision, row.Suggestion.Role, row.Suggestion.Primary, row.Suggestion.Candidate);
        await journal.AppendAsync(work, context, "promotion/" + row.Id, 2, BenchmarkEvents.PromotionDecided, decided, BenchmarksJson.Default.PromotionDecided);
        return true;
    }, cancellationToken);

    /// <summary>Of every tenant; what waits for a person stays.</summary>
    /// <returns>How many were deleted; fewer than <paramref name="limit"/> when no more are that old.</returns>
    public Task<int> DeleteDecidedAsync(long before, int limit, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
        DELETE FROM benchmark_promotions WHERE (tenant, id) IN (
            SELECT tenant, id FROM benchmark_promotions WHERE tenant <> '' AND decided_at IS NOT NULL AND decided_at < {before} ORDER BY decided_at LIMIT {limit})
        """), cancellationToken);

    private static PromotionRow Row(System.Data.Common.DbDataReader reader) => new(
        reader.GetString(0), reader.GetString(1),
        new Suggestion(
            reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.Text(6), reader.GetDouble(7), new Interval(reader.GetDouble(8), reader.GetDouble(9)),
            reader.IsDBNull(10) ? null : reader.GetDouble(10), reader.IsDBNull(11) ? null : new Interval(reader.GetDouble(11), reader.GetDouble(12)), (int)reader.GetInt64(13), reader.GetString(14)),
        reader.GetString(15), reader.GetInt64(16), reader.Number(17), reader.Text(18));
}
