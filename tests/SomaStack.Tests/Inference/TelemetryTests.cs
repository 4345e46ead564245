using SomaStack.Intelligence.Inference;

namespace SomaStack.Tests.Inference;

public sealed class TelemetryTests
{
    [Fact]
    public void A_quantile_from_buckets_is_within_the_promised_error_of_the_true_one()
    {
        var random = new Random(20261123);
        for (var round = 0; round < 200; round++)
        {
            var times = Enumerable.Range(0, random.Next(1, 500)).Select(_ => Math.Pow(10, random.NextDouble() * 6 - 1)).Order().ToArray();
            var counts = times.GroupBy(LatencyBuckets.Of).Select(static group => KeyValuePair.Create((long)group.Key, (long)group.Count())).ToList();
            foreach (var q in new[] { 0.5, 0.95, 0.99 })
            {
                var exact = times[(int)Math.Max(1, Math.Ceiling(q * times.Length)) - 1];
                Assert.InRange(LatencyBuckets.Quantile(counts, q)!.Value / exact, 1 / 1.046, 1.046);
            }
        }
        Assert.Null(LatencyBuckets.Quantile([], 0.5));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1e-9)]
    [InlineData(1e12)]
    public void Any_time_has_a_bucket(double milliseconds) => Assert.InRange(LatencyBuckets.Of(milliseconds), -80, 232);

    [Fact]
    public void A_share_has_wilsons_interval()
    {
        Assert.Null(Share.From(0, 0));
        // Wilson's interval for 1 of 10: 0.0179 to 0.4042.
        Assert.Equal(new Share(0.1, 0.0179, 0.4042, 10), Share.From(1, 10));
        Assert.Equal(0, Share.From(0, 5)!.Low);
        Assert.Equal(1, Share.From(5, 5)!.High);
    }

    [Fact]
    public void The_sum_over_rows_keeps_unknown_unknown()
    {
        DailyRow Row(string outcome, long calls, long counted = 0, long input = 0, long duration = 80, long first = DailyStore.Unknown) =>
            new("openai", "gpt-4o", outcome, duration, first, calls, counted, input, input);
        var item = ModelTelemetry.Sum("openai", "gpt-4o", [Row("answered", 6, 6, 60, 56), Row("refused", 2, 2, 20), Row("unjudged", 1), Row("failed", 2), Row("client_closed", 4), Row("lost", 1, duration: DailyStore.Unknown)]);
        Assert.Equal((16, 9, 2, 4, 1), (item.Calls, item.Completed, item.Failed, item.ClientClosed, item.Lost));
        Assert.Equal((8L, (long?)80), (item.CallsCounted, item.InputTokens));
        Assert.Equal((0.25, 8L), (item.RefusalRate!.Value, item.RefusalRate.Of));
        Assert.Equal((0.25, 12L), (item.ErrorRate!.Value, item.ErrorRate.Of));
        Assert.Equal((null, null), (item.TimeToFirstTokenMs.P50, item.TimeToFirstTokenMs.P95));
        Assert.Equal(Math.Round(LatencyBuckets.Middle(56), 3), item.LatencyMs.P50);
        var silent = ModelTelemetry.Sum("openai", "gpt-4o", [Row("client_closed", 1)]);
        Assert.Equal((null, null, null), (silent.InputTokens, silent.RefusalRate, silent.ErrorRate));
    }
}
