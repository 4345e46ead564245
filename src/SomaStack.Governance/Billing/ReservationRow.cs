using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Billing;

/// <summary>Unit prices and counts that few calls have, kept as JSON beside the others.</summary>
internal sealed record ReservationMore(
    long? CacheWriteNanos = null, long? CacheWriteHourNanos = null, long? AudioMinuteNanos = null, long? CharacterNanos = null, PriceTier? Tier = null,
    long? CacheWriteHourTokens = null, long? AudioMilliseconds = null, long? Characters = null, long? CallNanos = null)
{
    private static readonly ReservationMore Nothing = new();

    /// <summary>As it is stored; null for nothing. A method, since the serializer would write a property of this record too.</summary>
    public string? Write() => this == Nothing ? null : JsonSerializer.Serialize(this, BillingJson.Default.ReservationMore);

    public static string? Write(in UnitPrices price, TokenUsage usage)
    {
        if (price is { CacheWrite: null, CacheWriteHour: null, AudioMinute: null, Characters: null, Tier: null, Call: null }
            && usage is { CacheWriteHourTokens: null, AudioMilliseconds: null, Characters: null }) return null;
        var more = new ReservationMore(price.CacheWrite, price.CacheWriteHour, price.AudioMinute, price.Characters, price.Tier, usage.CacheWriteHourTokens, usage.AudioMilliseconds, usage.Characters, price.Call);
        return more.Write();
    }

    public static ReservationMore Read(string? json) => json is null ? Nothing : JsonSerializer.Deserialize(json, BillingJson.Default.ReservationMore)!;
}

/// <param name="ApiKey">The key that was presented; its holder is <paramref name="Principal"/>.</param>
/// <param name="Binds">What it holds in windows of limits, as <see cref="Bind.Write"/> writes it; null for nothing.</param>
internal sealed record ReservationRow(
    string Tenant, string Id, long Day, string Principal, string Provider, string Model, string Purpose, string State, string Currency,
    long? ReservedNanos, string? PriceValidFrom, long? InputNanos, long? OutputNanos, long? CachedInputNanos, TokenUsage Usage, long? CostNanos, long CreatedAt,
    string? ApiKey = null, ReservationMore? More = null, string? Binds = null)
{
    public const string Held = "held";
    public const string Settled = "settled";
    public const string Released = "released";

    public const string Columns =
        "tenant, id, day, principal, provider, model, purpose, state, currency, reserved_nanos, price_valid_from, input_nanos, output_nanos, cached_input_nanos, "
        + "input_tokens, output_tokens, cached_input_tokens, reasoning_tokens, cost_nanos, created_at, cache_write_tokens, api_key, more, binds";

    /// <summary>Null when the model was not in the price book.</summary>
    public UnitPrices? Prices => InputNanos is { } input && OutputNanos is { } output
        ? new UnitPrices(input, output, CachedInputNanos, More?.CacheWriteNanos, More?.CacheWriteHourNanos, More?.AudioMinuteNanos, More?.CharacterNanos, More?.Tier, More?.CallNanos)
        : null;

    public static ReservationRow Map(DbDataReader reader)
    {
        var more = ReservationMore.Read(reader.Text(22));
        var usage = new TokenUsage(reader.Number(14), reader.Number(15), reader.Number(16), reader.Number(17), reader.Number(20))
        {
            CacheWriteHourTokens = more.CacheWriteHourTokens, AudioMilliseconds = more.AudioMilliseconds, Characters = more.Characters,
        };
        return new ReservationRow(
            reader.GetString(0), reader.GetString(1), reader.GetInt64(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6),
            reader.GetString(7), reader.GetString(8), reader.Number(9), reader.Text(10), reader.Number(11), reader.Number(12), reader.Number(13),
            usage, reader.Number(18), reader.GetInt64(19), reader.Text(21), more, reader.Text(23));
    }
}

/// <summary>The reservations that this process holds open, so that settling one need not read it first. Whatever is not here is in the database.</summary>
internal sealed class HeldReservations
{
    private const int Limit = 50_000;

    private readonly System.Collections.Concurrent.ConcurrentDictionary<(string Tenant, string Id), ReservationRow> _rows = new();

    public ReservationRow? Find(string tenant, string id) => _rows.GetValueOrDefault((tenant, id));

    /// <summary>Only what nobody changes while it is held is taken from here; whether it is still held, the database says.</summary>
    public void Keep(ReservationRow row)
    {
        // Calls that were lost elsewhere are forgotten with the rest; it only costs their settlement one statement more.
        if (_rows.Count >= Limit) _rows.Clear();
        _rows[(row.Tenant, row.Id)] = row;
    }

    public void Forget(ReservationRow row) => _rows.TryRemove((row.Tenant, row.Id), out _);
}
