using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>All SQL that only reads the books.</summary>
internal sealed class BillingReports(Db db)
{
    public Task<List<ModelUsageView>> ByModelAsync(string tenant, long day, CancellationToken cancellationToken) => db.QueryAsync(tenant,
        static reader => new ModelUsageView(reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6) / 1_000_000_000m),
        $"""
        SELECT provider, model, COUNT(*), COUNT(*) FILTER (WHERE cost_nanos IS NULL),
            CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT)
        FROM reservations WHERE tenant = {tenant} AND day = {day} AND state = 'settled' GROUP BY provider, model ORDER BY provider, model
        """, cancellationToken);

    /// <summary>Entries before a place, newest transaction first; transaction ids are UUIDv7.</summary>
    public Task<List<LedgerEntryView>> EntriesAsync(string tenant, string beforeTransaction, long afterLine, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant,
        static reader => new LedgerEntryView(
            reader.GetString(0), reader.GetInt64(1), reader.GetString(2), reader.GetString(3), reader.GetInt64(4) / 1_000_000_000m, reader.GetString(5), reader.Instant(6),
            reader.GetString(7), reader.GetString(8), reader.GetString(9), reader.GetString(10), reader.Number(11), reader.Number(12), reader.Number(13),
            reader.Number(14) / 1_000_000_000m, reader.Number(15) / 1_000_000_000m, reader.Number(16) / 1_000_000_000m),
        $"""
        SELECT e.transaction_id, e.line, e.kind, e.account, e.amount_nanos, e.currency, e.occurred_at, e.reservation_id, r.provider, r.model, r.purpose,
            r.input_tokens, r.output_tokens, r.cached_input_tokens, r.input_nanos, r.output_nanos, r.cached_input_nanos
        FROM ledger_entries e JOIN reservations r ON r.tenant = e.tenant AND r.id = e.reservation_id
        WHERE e.tenant = {tenant} AND (e.transaction_id < {beforeTransaction} OR (e.transaction_id = {beforeTransaction} AND e.line > {afterLine}))
        ORDER BY e.transaction_id DESC, e.line LIMIT {(long)limit}
        """, cancellationToken);

    /// <summary>Calls of a day by who acted.</summary>
    public Task<List<GroupUsageView>> ByPrincipalAsync(string tenant, long day, CancellationToken cancellationToken) => db.QueryAsync(tenant, Group, $"""
        SELECT principal, COUNT(*), COUNT(*) FILTER (WHERE cost_nanos IS NULL),
            CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT)
        FROM reservations WHERE tenant = {tenant} AND day = {day} AND state = 'settled' GROUP BY principal ORDER BY principal
        """, cancellationToken);

    /// <summary>Calls of a day by the API key that they came with; those without one are not in it.</summary>
    public Task<List<GroupUsageView>> ByKeyAsync(string tenant, long day, CancellationToken cancellationToken) => db.QueryAsync(tenant, Group, $"""
        SELECT api_key, COUNT(*), COUNT(*) FILTER (WHERE cost_nanos IS NULL),
            CAST(COALESCE(SUM(input_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(output_tokens), 0) AS BIGINT), CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT)
        FROM reservations WHERE tenant = {tenant} AND day = {day} AND state = 'settled' AND api_key IS NOT NULL GROUP BY api_key ORDER BY api_key
        """, cancellationToken);

    /// <summary>Days with calls, oldest first.</summary>
    public Task<List<DayTotals>> DaysAsync(string tenant, long from, long before, CancellationToken cancellationToken) => db.QueryAsync(tenant,
        static reader => new DayTotals(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)),
        $"""
        SELECT day, CAST(COALESCE(SUM(COALESCE(input_tokens, 0) + COALESCE(output_tokens, 0)), 0) AS BIGINT), CAST(COALESCE(SUM(cost_nanos), 0) AS BIGINT),
            COUNT(*) FILTER (WHERE cost_nanos IS NULL)
        FROM reservations WHERE tenant = {tenant} AND day >= {from} AND day < {before} AND state = 'settled' GROUP BY day ORDER BY day
        """, cancellationToken);

    /// <summary>Marked calls before a place, newest first.</summary>
    public Task<List<AnomalyView>> AnomaliesAsync(string tenant, long endedBefore, string beforeId, int limit, CancellationToken cancellationToken) => db.QueryAsync(tenant,
        static reader => new AnomalyView(
            reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.Text(6), reader.Number(7), reader.Number(8),
            reader.Number(9) / 1_000_000_000m, reader.Number(10) / 1_000_000_000m, reader.GetString(11), reader.Instant(12)),
        $"""
        SELECT id, anomaly, provider, model, purpose, principal, api_key, input_tokens, output_tokens, cost_nanos, reserved_nanos, currency, ended_at
        FROM reservations
        WHERE tenant = {tenant} AND anomaly IS NOT NULL AND (ended_at < {endedBefore} OR (ended_at = {endedBefore} AND id < {beforeId}))
        ORDER BY ended_at DESC, id DESC LIMIT {(long)limit}
        """, cancellationToken);

    private static GroupUsageView Group(System.Data.Common.DbDataReader reader) => new(
        reader.GetString(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5) / 1_000_000_000m);
}
