using System.Data.Common;
using System.Globalization;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>All SQL of the price book. Rows are added and never changed, so their number is the book's version.</summary>
internal sealed class PriceStore(Db db)
{
    private const string Columns =
        "provider, model, valid_from, currency, input_nanos, output_nanos, cached_input_nanos, source, cache_write_nanos, cache_write_hour_nanos, audio_minute_nanos, character_nanos, "
        + "above_tokens, above_input_nanos, above_output_nanos, above_cached_input_nanos, above_cache_write_nanos, above_cache_write_hour_nanos, alias_of";

    public Task<List<PriceRow>> AllAsync(CancellationToken cancellationToken) => db.QueryAsync(Db.AllTenants, Map,
        $"SELECT {Columns:raw} FROM prices WHERE tenant = {Db.AllTenants} ORDER BY provider, model, valid_from", cancellationToken);

    public async Task<long> CountAsync(CancellationToken cancellationToken) =>
        await db.NumberAsync(Db.AllTenants, $"SELECT COUNT(*) FROM prices WHERE tenant = {Db.AllTenants}", cancellationToken) ?? 0;

    public Task AddAsync(IReadOnlyList<PriceRow> rows, CancellationToken cancellationToken) => db.WriteAsync(Db.AllTenants, async work =>
    {
        foreach (var row in rows) await TryAddAsync(work, row);
    }, cancellationToken);

    /// <returns>False when the model has a price from that instant already.</returns>
    public static async Task<bool> TryAddAsync(DbWork work, PriceRow row)
    {
        var (price, tier) = (row.Price, row.Price.Tier);
        return await work.ExecuteAsync($"""
            INSERT INTO prices (tenant, {Columns:raw})
            VALUES ({Db.AllTenants}, {price.Provider}, {price.Model}, {Text(price.Since)}, {price.Currency},
                {price.InputNanosPerMillion}, {price.OutputNanosPerMillion}, {price.CachedInputNanosPerMillion}, {row.Source}, {price.CacheWriteNanosPerMillion},
                {price.CacheWriteHourNanosPerMillion}, {price.AudioNanosPerMinute}, {price.CharacterNanosPerMillion}, {tier?.AboveTokens}, {tier?.InputNanos}, {tier?.OutputNanos},
                {tier?.CachedInputNanos}, {tier?.CacheWriteNanos}, {tier?.CacheWriteHourNanos}, {price.AliasOf})
            ON CONFLICT DO NOTHING
            """) == 1;
    }

    /// <summary><c>2026-01-31</c> for midnight UTC, as the first rows were written; else the instant to the microsecond. Their order is that of time.</summary>
    public static string Text(DateTimeOffset since) => since.UtcDateTime.ToString(since.UtcDateTime.TimeOfDay == TimeSpan.Zero ? "yyyy-MM-dd" : "yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    private static PriceRow Map(DbDataReader reader)
    {
        var since = DateTimeOffset.Parse(reader.GetString(2), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
        return new PriceRow(
            new ModelPrice(reader.GetString(0), reader.GetString(1), reader.GetString(3), reader.GetInt64(4), reader.GetInt64(5), reader.Number(6), DateOnly.FromDateTime(since.UtcDateTime))
            {
                Since = since,
                CacheWriteNanosPerMillion = reader.Number(8),
                CacheWriteHourNanosPerMillion = reader.Number(9),
                AudioNanosPerMinute = reader.Number(10),
                CharacterNanosPerMillion = reader.Number(11),
                Tier = reader.Number(12) is { } above
                    ? new PriceTier(above, reader.GetInt64(13), reader.GetInt64(14), reader.Number(15), reader.Number(16), reader.Number(17))
                    : null,
                AliasOf = reader.Text(18),
            },
            reader.GetString(7));
    }
}
