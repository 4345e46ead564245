using CsCheck;
using SomaStack.Governance.Billing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Tests.Billing;

/// <summary>Which calls a limit binds, in which window, and how a call's end moves it.</summary>
public sealed class WindowTests
{
    [Fact]
    public void Windows_lie_end_to_end_and_hold_their_instant() =>
        Gen.Select(Gen.Long[0, 4_000_000_000], Gen.Int[0, 999_999], Gen.Int[0, 3].Select(i => (LimitWindow)i)).Sample((seconds, micros, window) =>
        {
            var now = DateTimeOffset.FromUnixTimeSeconds(seconds).AddMicroseconds(micros);
            var (start, end) = Limit.WindowOf(window, now);
            Assert.True(start <= now.ToMicros() && now.ToMicros() < end);
            Assert.Equal((start, end), Limit.WindowOf(window, start.ToInstant()));
            Assert.Equal((start, end), Limit.WindowOf(window, (end - 1).ToInstant()));
            Assert.Equal(end, Limit.WindowOf(window, end.ToInstant()).Start);
        });

    [Fact]
    public void A_month_ends_with_the_month() =>
        Assert.Equal(
            (new DateTimeOffset(2028, 2, 1, 0, 0, 0, TimeSpan.Zero).ToMicros(), new DateTimeOffset(2028, 3, 1, 0, 0, 0, TimeSpan.Zero).ToMicros()),
            Limit.WindowOf(LimitWindow.Month, new DateTimeOffset(2028, 2, 29, 23, 59, 59, TimeSpan.Zero)));

    [Theory]
    [InlineData(null, null, null, null, true)]
    [InlineData("ada", null, null, null, true)]
    [InlineData("bob", null, null, null, false)]
    [InlineData(null, "k1", null, null, true)]
    [InlineData(null, "k2", null, null, false)]
    [InlineData("ada", "k1", "openai", "gpt-4o", true)]
    [InlineData("ada", "k1", "openai", "gpt-4", false)]
    [InlineData(null, null, "anthropic", null, false)]
    public void A_limit_binds_the_calls_that_all_its_named_parts_fit(string? principal, string? key, string? provider, string? model, bool fits) =>
        Assert.Equal(fits, new Limit("l", principal, key, provider, model, LimitMetric.Requests, LimitWindow.Day, 1, 1, 0, 0).Fits(new Principal("ada", "key", "k1"), "openai", "gpt-4o"));

    [Fact]
    public void What_a_reservation_holds_survives_its_row_and_is_given_back_exactly() =>
        Gen.Select(Gen.Long[1, long.MaxValue / 4], Gen.Long[1, long.MaxValue / 4], Gen.Long[0, 1_000_000], Gen.Long[0, 1_000_000]).Sample((money, tokens, input, output) =>
        {
            Limit Of(string id, LimitMetric metric) => new(id, null, null, null, null, metric, LimitWindow.Day, long.MaxValue, 1, 0, 0);
            var binds = Bind.Read(Bind.Write(
                [new Take(Of("a", LimitMetric.Money), 5, 9, money, 0), new Take(Of("b", LimitMetric.Tokens), 6, 8, tokens, 0), new Take(Of("c", LimitMetric.Requests), 6, 8, 0, 1)]));
            Assert.Equal([new Bind(LimitMetric.Money, "a", 5, 9, money), new Bind(LimitMetric.Tokens, "b", 6, 8, tokens)], binds);
            Assert.Equal([new WindowChange("a", 5, 9, -money, 77), new WindowChange("b", 6, 8, -tokens, input + output)], WindowChange.Of(binds, new TokenUsage(input, output), 77, isHeld: true));
            // Given back: nothing was used. Given back before: only what was used is added. Unknown: it stays bound.
            Assert.Equal([new WindowChange("a", 5, 9, -money, 0), new WindowChange("b", 6, 8, -tokens, 0)], WindowChange.Of(binds, null, null, isHeld: true));
            Assert.Equal([new WindowChange("a", 5, 9, 0, 77), new WindowChange("b", 6, 8, 0, input + output)], WindowChange.Of(binds, new TokenUsage(input, output), 77, isHeld: false));
            Assert.Equal([new WindowChange("b", 6, 8, -tokens, input + output)], WindowChange.Of(binds, new TokenUsage(input, output), null, isHeld: true));
            Assert.Empty(WindowChange.Of(binds, new TokenUsage(input, null), null, isHeld: true));
        });

    [Fact]
    public void Nothing_bound_is_nothing_written()
    {
        Assert.Null(Bind.Write([]));
        Assert.Empty(Bind.Read(null));
    }
}
