using CsCheck;
using SomaStack.Intelligence.Benchmarks;
using SomaStack.Platform;

namespace SomaStack.Tests.Benchmarks;

/// <summary>The one score: its terms, its unknowns, its interval. The vectors stand in docs/decisions/0070-one-score.md.</summary>
public sealed class ScoreTests
{
    private static readonly Weights Production = Weights.Of(DeploymentMode.Production);

    private static readonly Gen<List<Observation>> Calls = Gen.Select(Gen.Int[1, 12], Gen.Bool, Gen.Double[0, 1], Gen.Bool, Gen.Double[1, 20_000], Gen.Long[0, 50_000_000])
        .Select((item, answered, quality, refused, ms, nanos) => new Observation($"c/{item}", answered, answered ? quality : null, refused && answered, ms, nanos)).List[1, 60];

    [Theory]
    [InlineData(500, 10_000_000, 0.8, 0.02, 0.7831, 0.6053)]
    [InlineData(50, 0, 0.5, 0.0, 0.7476, 0.8427)]
    [InlineData(2000, 1_000_000, 1.0, 0.0, 0.9, 0.7)]
    public void The_ancestors_vectors_and_the_references_come_to_what_the_page_says(double p95, double nanos, double quality, double refusal, double production, double developer)
    {
        var terms = new Terms(quality, Score.Falling(nanos, Score.CostReferenceNanos), Score.Falling(p95, Score.LatencyReferenceMs), 1 - refusal, nanos, p95);
        Assert.Equal(production, Score.Sum(terms, Production), 4);
        Assert.Equal(developer, Score.Sum(terms, Weights.Of(DeploymentMode.DeveloperLight)), 4);
    }

    [Fact]
    public void Weights_sum_to_1_in_every_mode()
    {
        foreach (var mode in Enum.GetValues<DeploymentMode>())
        {
            var weights = Weights.Of(mode);
            Assert.Equal(1, weights.Quality + weights.Cost + weights.Latency + weights.Reliability, 12);
        }
    }

    [Fact]
    public void A_free_model_has_the_best_cost_term_and_dearer_ones_less()
    {
        Assert.Equal(1, Score.Falling(0, Score.CostReferenceNanos));
        Gen.Select(Gen.Double[0, 1e12], Gen.Double[1, 1e12]).Sample((cost, more) => Assert.True(Score.Falling(cost + more, Score.CostReferenceNanos) < Score.Falling(cost, Score.CostReferenceNanos)));
    }

    [Fact]
    public void Unknown_terms_are_left_out_named_and_not_taken_for_zero()
    {
        var calls = Enumerable.Range(0, 10).Select(i => new Observation($"c/{i}", true, 1, false, null, null)).ToList();
        var score = Score.Of(new Observations(calls), Production);
        Assert.Equal(1, score.Value, 12);
        Assert.Equal(["cost", "latency"], score.Unknown);
        Assert.Equal(1, score.Quality.Weight + score.Reliability.Weight, 12);
        Assert.Equal(0.5 / 0.8, score.Quality.Weight, 12);
        Assert.Null(score.Cost.Value);
    }

    [Fact]
    public void One_call_of_unknown_cost_makes_the_cost_unknown()
    {
        var calls = Enumerable.Range(0, 10).Select(i => new Observation($"c/{i}", true, 1, false, 10, i == 4 ? null : 100)).ToList();
        Assert.Contains("cost", Score.Of(new Observations(calls), Production).Unknown);
    }

    [Fact]
    public void What_failed_lowers_reliability_and_has_no_quality()
    {
        var calls = Enumerable.Range(0, 10).Select(i => new Observation($"c/{i}", i >= 3, i >= 3 ? 1 : null, false, 10, 0)).ToList();
        var score = Score.Of(new Observations(calls), Production);
        Assert.Equal(1, score.Quality.Value);
        Assert.Equal(0.7, score.Reliability.Value!.Value, 12);
    }

    [Fact]
    public void Repetitions_are_no_new_items()
    {
        var once = new List<Observation> { new("c/1", true, 1, false, 10, 0), new("c/2", true, 0, false, 10, 0) };
        var often = Enumerable.Repeat(once[0], 9).Append(once[1]).ToList();
        Assert.Equal(Score.Of(new Observations(once), Production).Quality, Score.Of(new Observations(often), Production).Quality);
    }

    [Fact]
    public void The_interval_holds_the_score_within_0_and_1_and_is_the_same_each_time() => Calls.Sample(calls =>
    {
        var score = Score.Of(new Observations(calls), Production);
        Assert.InRange(score.Value, 0, 1);
        Assert.InRange(score.Interval.Low, 0, score.Value + 1e-9);
        Assert.InRange(score.Interval.High, score.Value - 1e-9, 1);
        Assert.Equal(score.Interval, Score.Of(new Observations(calls), Production).Interval);
    }, iter: 60);

    [Fact]
    public void Few_items_that_agree_leave_a_wide_interval_and_more_a_narrower_one()
    {
        static Interval Of(int n) => Score.Of(new Observations([.. Enumerable.Range(0, n).Select(i => new Observation($"c/{i}", true, 1, false, 10, 0))]), Production).Interval;
        Assert.True(Of(5).Low < 0.8, $"{Of(5)}");
        Assert.True(Of(100).Low > Of(5).Low + 0.1, $"{Of(100)}");
    }

    /// <summary>Wilson 1927 for 8 of 10, as Newcombe 1998 and common tables have it: 0.4902 to 0.9433.</summary>
    [Fact]
    public void Wilsons_interval_is_the_published_one()
    {
        var interval = Intervals.Wilson(0.8, 10);
        Assert.Equal(0.4902, interval.Low, 4);
        Assert.Equal(0.9433, interval.High, 4);
        Assert.Equal(new Interval(0, 1), Intervals.Wilson(0.5, 0));
    }

    /// <summary>The generator's published first numbers for seed 1234567.</summary>
    [Fact]
    public void The_generator_is_splitmix64()
    {
        var random = new SplitMix(1234567);
        Assert.Equal([6457827717110365317UL, 3203168211198807973UL, 9817491932198370423UL], new[] { random.Next(), random.Next(), random.Next() });
    }
}
