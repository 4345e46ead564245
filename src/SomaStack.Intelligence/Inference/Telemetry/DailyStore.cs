using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>How a call went, for counting.</summary>
/// <param name="Day">UTC, <c>2026-11-22</c>.</param>
/// <param name="Outcome">answered, refused, unjudged, failed, client_closed or lost.</param>
/// <param name="DurationBucket">Of <see cref="LatencyBuckets"/>, or <see cref="DailyStore.Unknown"/>.</param>
internal sealed record DailyCall(string Day, string Provider, string Model, string Purpose, string Outcome, long DurationBucket, long FirstBucket, long? InputTokens, long? OutputTokens);

/// <param name="Counted">Calls whose provider reported both counts.</param>
internal sealed record DailyRow(string Provider, string Model, string Outcome, long DurationBucket, long FirstBucket, long Calls, long Counted, long InputTokens, long OutputTokens);

/// <summary>All SQL of the daily counts.</summary>
internal sealed class DailyStore(Db db)
{
    public const long Unknown = -1000;

    /// <summary>In the transaction of the event's delivery, so that each counts once.</summary>
    public static Task AddAsync(DbWork work, string tenant, DailyCall call)
    {
        var (counted, input, output) = call is { InputTokens: { } read, OutputTokens: { } written } ? (1L, read, written) : (0L, 0L, 0L);
        return work.ExecuteAsync($"""
            INSERT INTO inference_daily (tenant, day, provider, model, purpose, outcome, duration_bucket, first_bucket, calls, counted, input_tokens, output_tokens)
            VALUES ({tenant}, {call.Day}, {call.Provider}, {call.Model}, {call.Purpose}, {call.Outcome}, {call.DurationBucket}, {call.FirstBucket},
                1, {counted}, {input}, {output})
            ON CONFLICT (tenant, day, provider, model, purpose, outcome, duration_bucket, first_bucket) DO UPDATE SET
                calls = inference_daily.calls + 1,
                counted = inference_daily.counted + excluded.counted,
                input_tokens = inference_daily.input_tokens + excluded.input_tokens,
                output_tokens = inference_daily.output_tokens + excluded.output_tokens
            """);
    }

    /// <summary>Of every tenant, rows of days before the given one.</summary>
    /// <returns>How many were deleted; fewer than <paramref name="limit"/> when no more are that old.</returns>
    public Task<int> DeleteAsync(string before, int limit, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, work => work.ExecuteAsync($"""
        DELETE FROM inference_daily WHERE (tenant, day, provider, model, purpose, outcome, duration_bucket, first_bucket) IN (
            SELECT tenant, day, provider, model, purpose, outcome, duration_bucket, first_bucket FROM inference_daily WHERE tenant <> '' AND day < {before} ORDER BY day LIMIT {limit})
        """), cancellationToken);

    /// <param name="first">The first day that is read; up to today.</param>
    public Task<List<DailyRow>> SinceAsync(string tenant, string first, CancellationToken cancellationToken) => db.QueryAsync(
        tenant,
        static reader => new DailyRow(
            reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6), reader.GetInt64(7), reader.GetInt64(8)),
        $"""
        SELECT provider, model, outcome, duration_bucket, first_bucket,
            CAST(SUM(calls) AS BIGINT), CAST(SUM(counted) AS BIGINT), CAST(SUM(input_tokens) AS BIGINT), CAST(SUM(output_tokens) AS BIGINT)
        FROM inference_daily WHERE tenant = {tenant} AND day >= {first}
        GROUP BY provider, model, outcome, duration_bucket, first_bucket
        ORDER BY provider, model, outcome, duration_bucket, first_bucket
        """,
        cancellationToken);
}
