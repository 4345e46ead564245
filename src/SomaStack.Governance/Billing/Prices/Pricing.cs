using System.Numerics;
using SomaStack.Governance.Billing.Contracts;

namespace SomaStack.Governance.Billing;

/// <summary>What one unit of each kind costs a call: nanos per million tokens or characters, per minute of audio, and for the call itself.</summary>
internal readonly record struct UnitPrices(
    long Input, long Output, long? CachedInput, long? CacheWrite = null, long? CacheWriteHour = null, long? AudioMinute = null, long? Characters = null, PriceTier? Tier = null, long? Call = null)
{
    public static UnitPrices Of(ModelPrice price) => new(
        price.InputNanosPerMillion, price.OutputNanosPerMillion, price.CachedInputNanosPerMillion, price.CacheWriteNanosPerMillion, price.CacheWriteHourNanosPerMillion,
        price.AudioNanosPerMinute, price.CharacterNanosPerMillion, price.Tier, price.CallNanos);

    /// <summary>A row that says that nothing costs anything: the model is known to be free.</summary>
    public bool IsFree => Input == 0 && Output == 0 && CachedInput is null or 0 && CacheWrite is null or 0 && AudioMinute is null or 0 && Characters is null or 0
        && Tier is null or { InputNanos: 0, OutputNanos: 0 } && Call is null or 0;

    /// <summary>The prices that apply to a prompt of this length.</summary>
    public UnitPrices For(long? inputTokens) => Tier is { } tier && inputTokens > tier.AboveTokens
        ? new UnitPrices(tier.InputNanos, tier.OutputNanos, tier.CachedInputNanos, tier.CacheWriteNanos, tier.CacheWriteHourNanos, AudioMinute, Characters, null, Call)
        : this with { Tier = null };

    /// <summary>The dearest that a prompt token can be: new, read from a cache or written to one.</summary>
    public long DearestInput => Math.Max(Math.Max(Input, CachedInput ?? 0), Math.Max(CacheWrite ?? 0, CacheWriteHour ?? 0));
}

/// <summary>
/// What a call costs; pure. <c>InputTokens</c> include the cached and the cache-written ones and <c>OutputTokens</c> the reasoning ones;
/// adapters of providers that count otherwise add up first.
/// </summary>
internal static class Pricing
{
    private const long Million = 1_000_000;

    /// <summary>3,000,000 is what a million tokens and 60,000 milliseconds both divide: one sum, rounded once.</summary>
    private const long Common = 3_000_000;

    /// <summary>Whole nanos, rounded half to even once; null when a count that costs something is unknown, or the counts contradict each other.</summary>
    public static long? CostNanos(long inputNanos, long outputNanos, long? cachedInputNanos, TokenUsage usage) => CostNanos(new UnitPrices(inputNanos, outputNanos, cachedInputNanos), usage);

    /// <inheritdoc cref="CostNanos(long, long, long?, TokenUsage)"/>
    public static long? CostNanos(in UnitPrices prices, TokenUsage usage)
    {
        // Without the prompt's length nobody knows which prices apply, unless all are nothing.
        if (prices.Tier is not null && usage.InputTokens is null && !prices.IsFree) return null;
        var price = prices.For(usage.InputTokens);
        // A free kind of token costs nothing however many there are, even when nobody counted them.
        var input = usage.InputTokens ?? (price.Input == 0 && usage.CachedInputTokens is null && usage.CacheWriteTokens is null ? 0 : null);
        var output = usage.OutputTokens ?? (price.Output == 0 ? 0 : null);
        var (cached, written) = (usage.CachedInputTokens ?? 0, usage.CacheWriteTokens ?? 0);
        var hour = usage.CacheWriteHourTokens ?? 0;
        if (input is not { } read || output is not { } made || read < 0 || made < 0 || cached < 0 || cached > read) return null;
        if (written < 0 || written > read - cached || hour < 0 || hour > written) return null;
        // A cache write is dearer than reading, by as much as only its provider knows.
        if (written > 0 && price.CacheWrite is null && price.Input > 0) return null;
        var write = price.CacheWrite ?? 0;
        // Without a price of its own a cached token is an ordinary one. Each product is below 2^126, and as the parts add up to what was read, so is their sum.
        var sum = (Int128)(read - cached - written) * price.Input + (Int128)cached * (price.CachedInput ?? price.Input)
            + (Int128)(written - hour) * write + (Int128)hour * (price.CacheWriteHour ?? write) + (Int128)made * price.Output
            + (Int128)(price.Call ?? 0) * Million;
        if (price.AudioMinute is > 0 || price.Characters is > 0) return WithSound(sum, price, usage);
        var rounded = HalfEven(sum);
        return rounded <= long.MaxValue ? (long)rounded : null;
    }

    /// <summary>The most that a call may cost; null when the price or a count that costs something is unknown.</summary>
    public static long? MostNanos(in UnitPrices prices, ReservationRequest request)
    {
        var below = prices with { Tier = null };
        var most = AtMost(below, request);
        if (prices.Tier is not { } tier || request.InputTokensMax <= tier.AboveTokens) return most;
        // Whether the prompt is that long is known only afterwards.
        return AtMost(prices.For(request.InputTokensMax), request) is { } longer && most is { } shorter ? Math.Max(longer, shorter) : null;
    }

    /// <summary>A non-negative amount over one million, to the nearest whole number, ties to the even one.</summary>
    internal static Int128 HalfEven(Int128 amount)
    {
        var (quotient, rest) = Int128.DivRem(amount, Million);
        var twice = rest * 2;
        return twice > Million || (twice == Million && Int128.IsOddInteger(quotient)) ? quotient + 1 : quotient;
    }

    private static long? AtMost(UnitPrices price, ReservationRequest request) => CostNanos(
        price with { Input = price.DearestInput, CachedInput = null, CacheWrite = null, CacheWriteHour = null },
        new TokenUsage(request.InputTokensMax, request.OutputTokensMax) { AudioMilliseconds = request.AudioMillisecondsMax, Characters = request.CharactersMax });

    private static long? WithSound(Int128 tokens, UnitPrices price, TokenUsage usage)
    {
        var (heard, spoken) = (price.AudioMinute is > 0 ? usage.AudioMilliseconds : 0, price.Characters is > 0 ? usage.Characters : 0);
        if (heard is not >= 0 || spoken is not >= 0) return null;
        var sum = (BigInteger)tokens * (Common / Million) + (BigInteger)heard.Value * (price.AudioMinute ?? 0) * (Common / 60_000) + (BigInteger)spoken.Value * (price.Characters ?? 0) * (Common / Million);
        var quotient = BigInteger.DivRem(sum, Common, out var rest);
        if (rest * 2 > Common || (rest * 2 == Common && !quotient.IsEven)) quotient++;
        return quotient <= long.MaxValue ? (long)quotient : null;
    }
}
