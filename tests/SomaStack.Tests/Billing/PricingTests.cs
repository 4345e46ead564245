using System.Numerics;
using CsCheck;
using SomaStack.Governance.Billing;
using SomaStack.Governance.Billing.Contracts;

namespace SomaStack.Tests.Billing;

public sealed class PricingTests
{
    private static readonly Gen<long> Whole = Gen.OneOf(Gen.Long[0, 100], Gen.Long[0, 10_000_000], Gen.Long[0, long.MaxValue]);

    [Fact]
    public void A_cost_is_the_exact_sum_rounded_half_even_once_whatever_the_numbers_are() =>
        Gen.Select(Whole, Whole, Whole.Nullable(), Whole, Whole, Whole).Sample((input, output, cachedPrice, read, written, cachedPart) =>
        {
            var cached = Math.Min(read, cachedPart);
            var exact = (BigInteger)(read - cached) * input + (BigInteger)cached * (cachedPrice ?? input) + (BigInteger)written * output;
            var quotient = BigInteger.DivRem(exact, 1_000_000, out var rest);
            if (rest > 500_000 || (rest == 500_000 && !quotient.IsEven)) quotient++;
            Assert.Equal(quotient <= long.MaxValue ? (long)quotient : null, Pricing.CostNanos(input, output, cachedPrice, new TokenUsage(read, written, cached)));
        });

    [Theory]
    [InlineData(500_000, 0)]
    [InlineData(1_500_000, 2)]
    [InlineData(2_500_000, 2)]
    [InlineData(2_500_001, 3)]
    [InlineData(499_999, 0)]
    public void A_tie_goes_to_the_even_nano(long amount, long nanos) => Assert.Equal(nanos, (long)Pricing.HalfEven(amount));

    [Fact]
    public void A_known_bill_comes_out_to_the_nano() =>
        // 1,234 tokens in, 200 of them cached, 567 out at gpt-4o-mini's 0.15, 0.075 and 0.60 dollars a million.
        Assert.Equal(155_100 + 15_000 + 340_200, Pricing.CostNanos(150_000_000, 600_000_000, 75_000_000, new TokenUsage(1234, 567, 200)));

    [Fact]
    public void What_nobody_counted_has_an_unknown_cost_and_never_none()
    {
        Assert.Null(Pricing.CostNanos(1, 1, null, new TokenUsage(null, 5)));
        Assert.Null(Pricing.CostNanos(1, 1, null, new TokenUsage(5, null)));
        Assert.Null(Pricing.CostNanos(1, 1, null, new TokenUsage(5, 5, 6)));
        Assert.Null(Pricing.CostNanos(1, 1, null, new TokenUsage(-1, 5)));
        Assert.Equal(0, Pricing.CostNanos(0, 0, 0, new TokenUsage(null, null)));
        Assert.Equal(5, Pricing.CostNanos(1_000_000, 0, null, new TokenUsage(5, null)));
    }

    [Fact]
    public void The_shipped_price_book_is_sound()
    {
        var rows = PriceBook.Shipped().ToList();
        Assert.Equal(rows.Count, rows.Select(row => (row.Price.Provider, row.Price.Model, row.Price.ValidFrom)).Distinct().Count());
        foreach (var (price, source) in rows)
        {
            Assert.True(price is { InputNanosPerMillion: >= 0, OutputNanosPerMillion: >= 0 } && (price.CachedInputNanosPerMillion ?? 0) <= price.InputNanosPerMillion, price.Model);
            Assert.True(source.Length > 10, price.Model);
            // Only what runs here is free, or what its provider calls so.
            Assert.Equal(price.Provider == "somastack" || price.Model.EndsWith(":free", StringComparison.Ordinal), UnitPrices.Of(price).IsFree);
            if (price.Tier is { } tier) Assert.True(tier.InputNanos > price.InputNanosPerMillion && tier.OutputNanos > price.OutputNanosPerMillion, price.Model);
            Assert.True(price.CacheWriteNanosPerMillion is null || price.CacheWriteNanosPerMillion > price.InputNanosPerMillion, price.Model);
            Assert.True(price.CacheWriteHourNanosPerMillion is null || price.CacheWriteHourNanosPerMillion > price.CacheWriteNanosPerMillion, price.Model);
        }
        Assert.Contains(rows, row => row.Price is { Model: "soma-extract", InputNanosPerMillion: 0, OutputNanosPerMillion: 0 });
        Assert.Contains(rows, row => row.Price is { Model: "gpt-4o-mini", InputNanosPerMillion: 150_000_000, OutputNanosPerMillion: 600_000_000, CachedInputNanosPerMillion: 75_000_000 });
    }

    [Fact]
    public void Cache_writes_long_prompts_and_sound_have_prices_of_their_own()
    {
        // Sonnet 4.5: 3 in, 0.30 read, 3.75 written, 6 written for an hour, 15 out; twice the input and half again the output above 200,000.
        var sonnet = PriceOf("anthropic", "claude-sonnet-4-5");
        Assert.Equal(1_000 * 3_000L + 2_000 * 300 + 4_000 * 3_750 + 1_000 * 6_000 + 500 * 15_000,
            Pricing.CostNanos(sonnet, new TokenUsage(8_000, 500, 2_000, null, 5_000) { CacheWriteHourTokens = 1_000 }));
        Assert.Equal(200_000 * 3_000L, Pricing.CostNanos(sonnet, new TokenUsage(200_000, 0)));
        Assert.Equal(200_001 * 6_000L + 10 * 22_500, Pricing.CostNanos(sonnet, new TokenUsage(200_001, 10)));
        Assert.Null(Pricing.CostNanos(sonnet, new TokenUsage(10, 1, 6, null, 5)));
        Assert.Null(Pricing.CostNanos(sonnet, new TokenUsage(10, 1, 0, null, 5) { CacheWriteHourTokens = 6 }));
        // Nobody says what OpenAI would charge for a write, so nobody claims to know.
        Assert.Null(Pricing.CostNanos(PriceOf("openai", "gpt-4o"), new TokenUsage(10, 1, 0, null, 5)));
        // Half a minute at 0.006 dollars; 1,234 characters at 15 dollars a million.
        Assert.Equal(3_000_000, Pricing.CostNanos(PriceOf("openai", "whisper-1"), new TokenUsage(null, null) { AudioMilliseconds = 30_000 }));
        Assert.Equal(18_510_000, Pricing.CostNanos(PriceOf("openai", "tts-1"), new TokenUsage(null, null) { Characters = 1_234 }));
        Assert.Null(Pricing.CostNanos(PriceOf("openai", "whisper-1"), new TokenUsage(5, 5)));
    }

    [Fact]
    public void No_call_costs_more_than_the_most_that_was_reserved_for_it() =>
        Gen.Select(Gen.Int[0, PriceBook.Shipped().Count() - 1], Gen.Long[0, 500_000], Gen.Long[0, 50_000], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Double[0, 1]).Sample((row, input, output, part, cached, hour) =>
        {
            var price = UnitPrices.Of(PriceBook.Shipped().ElementAt(row).Price);
            var most = Pricing.MostNanos(price, new ReservationRequest("r", "p", "m", input, output, "test") { AudioMillisecondsMax = 60_000, CharactersMax = 1_000 });
            var (read, written) = ((long)(input * part), price.CacheWrite is null ? 0 : (long)(input * part * cached));
            var usage = new TokenUsage(read, output / 2, (read - written) / 2, null, written) { CacheWriteHourTokens = (long)(written * hour), AudioMilliseconds = 59_999, Characters = 999 };
            Assert.True(Pricing.CostNanos(price, usage) <= most, $"{row}: {Pricing.CostNanos(price, usage)} > {most}");
        });

    [Fact]
    public void Every_name_of_the_recorded_traffic_with_its_provider_that_a_source_was_found_for_has_a_price()
    {
        foreach (var (provider, model) in ((string, string)[])
            [("openai", "gpt-4o-mini-2024-07-18"), ("openai", "gpt-5-mini-2025-08-07"), ("openai", "gpt-5.2-2025-12-11"), ("openai", "o3-mini-2025-01-31"), ("anthropic", "claude-haiku-4-5"),
             ("anthropic", "claude-3-opus-latest"), ("anthropic", "claude-sonnet-4-0"), ("groq", "meta-llama/llama-4-scout-17b-16e-instruct"), ("openrouter", "minimax/minimax-m2:free")])
            Assert.Contains(PriceBook.Shipped(), row => row.Price.Provider == provider && row.Price.Model == model);
        Assert.Equal("o3-mini", PriceBook.Shipped().Single(row => row.Price.Model == "o3-mini-2025-01-31").Price.AliasOf);
    }

    private static UnitPrices PriceOf(string provider, string model) => UnitPrices.Of(PriceBook.Shipped().Single(row => row.Price.Provider == provider && row.Price.Model == model).Price);
}
