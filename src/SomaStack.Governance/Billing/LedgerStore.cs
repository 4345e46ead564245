using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>All SQL of reservations, budgets and the ledger.</summary>
internal sealed class LedgerStore(Db db)
{
    /// <returns>How many were added: those whose id is not taken.</returns>
    public static Task<int> AddAsync(DbWork work, IReadOnlyList<ReservationRow> rows)
    {
        Sql sql = $"""
            INSERT INTO reservations (tenant, id, day, principal, api_key, provider, model, purpose, state, currency, reserved_nanos, price_valid_from, input_nanos, output_nanos,
                cached_input_nanos, more, binds, created_at)
            VALUES 
            """;
        for (var i = 0; i < rows.Count; i++)
        {
            var row = rows[i];
            sql.AppendRow(i, row.Tenant, row.Id, row.Day, row.Principal, row.ApiKey, row.Provider, row.Model, row.Purpose, row.State, row.Currency, row.ReservedNanos,
                row.PriceValidFrom, row.InputNanos, row.OutputNanos, row.CachedInputNanos, row.More?.Write(), row.Binds, row.CreatedAt);
        }
        sql.AppendLiteral(" ON CONFLICT DO NOTHING");
        return work.ExecuteAsync(sql);
    }

    public static Task<ReservationRow?> FindAsync(DbWork work, string tenant, string id) =>
        work.FindAsync(ReservationRow.Map, $"SELECT {ReservationRow.Columns:raw} FROM reservations WHERE tenant = {tenant} AND id = {id}");

    /// <summary>The unit prices become those that applied, so that the cost can be recomputed from the row.</summary>
    /// <returns>True for the one call that ends it from this state.</returns>
    public static async Task<bool> TrySettleAsync(DbWork work, ReservationRow row, string from, TokenUsage usage, UnitPrices? applied, long? cost, string? anomaly, long now)
    {
        var more = ReservationMore.Write(applied ?? default, usage);
        return await work.ExecuteAsync($"""
            UPDATE reservations SET state = {ReservationRow.Settled}, input_tokens = {usage.InputTokens}, output_tokens = {usage.OutputTokens},
                cached_input_tokens = {usage.CachedInputTokens}, reasoning_tokens = {usage.ReasoningTokens}, cache_write_tokens = {usage.CacheWriteTokens},
                input_nanos = {applied?.Input}, output_nanos = {applied?.Output}, cached_input_nanos = {applied?.CachedInput}, more = {more},
                cost_nanos = {cost}, anomaly = {anomaly}, ended_at = {now}
            WHERE tenant = {row.Tenant} AND id = {row.Id} AND state = {from}
            """) == 1;
    }

    /// <returns>True for the one call that releases it.</returns>
    public static async Task<bool> TryReleaseAsync(DbWork work, ReservationRow row, string reason, long now) => await work.ExecuteAsync($"""
        UPDATE reservations SET state = {ReservationRow.Released}, ended_at = {now}, reason = {reason}
        WHERE tenant = {row.Tenant} AND id = {row.Id} AND state = {ReservationRow.Held}
        """) == 1;

    /// <summary>Binds an amount when the day still holds it: one statement, so that calls at the same moment cannot both take the last of it.</summary>
    /// <param name="limit">At least <paramref name="amount"/>; <see cref="long.MaxValue"/> for none.</param>
    public static async Task<bool> TryBindAsync(DbWork work, string tenant, long day, string currency, long amount, long limit) => await work.ExecuteAsync($"""
        INSERT INTO budget_days (tenant, day, currency, bound_nanos, spent_nanos) VALUES ({tenant}, {day}, {currency}, {amount}, 0)
        ON CONFLICT (tenant, day, currency) DO UPDATE SET bound_nanos = budget_days.bound_nanos + excluded.bound_nanos
        WHERE budget_days.bound_nanos + budget_days.spent_nanos + excluded.bound_nanos <= {limit}
        """) == 1;

    /// <summary>Moves a day's figures by what a call's end says; it may go over the limit when a provider used more than was reserved.</summary>
    public static Task AdjustDayAsync(DbWork work, string tenant, long day, string currency, long bound, long spent) => work.ExecuteAsync($"""
        INSERT INTO budget_days (tenant, day, currency, bound_nanos, spent_nanos) VALUES ({tenant}, {day}, {currency}, {bound}, {spent})
        ON CONFLICT (tenant, day, currency) DO UPDATE SET bound_nanos = budget_days.bound_nanos + excluded.bound_nanos, spent_nanos = budget_days.spent_nanos + excluded.spent_nanos
        """);

    /// <summary>All lines of several transactions in one statement.</summary>
    public static Task PostAsync(DbWork work, IReadOnlyList<LedgerTransaction> transactions)
    {
        Sql sql = $"INSERT INTO ledger_entries (tenant, transaction_id, line, kind, reservation_id, account, currency, amount_nanos, occurred_at) VALUES ";
        var row = 0;
        foreach (var (of, kind, id, postings, at) in transactions)
            for (var line = 0; line < postings.Count; line++)
                sql.AppendRow(row++, of.Tenant, id, (long)line, kind, of.Id, postings[line].Account, of.Currency, postings[line].AmountNanos, at);
        return row == 0 ? Task.CompletedTask : work.ExecuteAsync(sql);
    }

    public Task<List<ReservationRow>> StaleAsync(long createdBefore, int limit, CancellationToken cancellationToken) => db.QueryAsync(Db.AllTenants, ReservationRow.Map, $"""
        SELECT {ReservationRow.Columns:raw} FROM reservations WHERE state = 'held' AND created_at < {createdBefore} ORDER BY created_at LIMIT {(long)limit}
        """, cancellationToken);

    /// <summary>What is bound and spent on a day; null when no money moved.</summary>
    public async Task<(long Bound, long Spent)?> DayAsync(string tenant, long day, string currency, CancellationToken cancellationToken)
    {
        var rows = await db.QueryAsync(tenant, static reader => (reader.GetInt64(0), reader.GetInt64(1)),
            $"SELECT bound_nanos, spent_nanos FROM budget_days WHERE tenant = {tenant} AND day = {day} AND currency = {currency}", cancellationToken);
        return rows.Count == 0 ? null : rows[0];
    }
}
