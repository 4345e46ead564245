using SomaStack.Intelligence.Benchmarks;
using SomaStack.Platform;

namespace SomaStack.Tests.Benchmarks;

public sealed class SuggestionsTests
{
    private static readonly Weights Test = Weights.Of(DeploymentMode.Production);
    private static readonly Dictionary<string, string> Chat = new() { ["chat"] = "own" };
    private static readonly Dictionary<string, double> None = [];

    [Fact]
    public void A_candidate_that_is_clearly_better_is_suggested_once_with_both_intervals()
    {
        var found = Assert.Single(Suggestions.Of([Seen("own", "qa", 0.2), Seen("new", "qa", 1), Seen("good", "qa", 0.9)], Chat, None, Test));
        Assert.Equal(("promotion", "chat", "qa", "own", "new"), (found.Kind, found.Role, found.Task, found.Primary, found.Candidate));
        Assert.True(found.CandidateInterval!.Low > found.PrimaryInterval.High);
        Assert.Equal(40, found.Items);
    }

    [Fact]
    public void A_candidate_whose_interval_overlaps_is_not() => Assert.Empty(Suggestions.Of([Seen("own", "qa", 0.8), Seen("new", "qa", 0.9)], Chat, None, Test));

    [Fact]
    public void Too_few_common_questions_say_nothing()
    {
        Assert.Empty(Suggestions.Of([Seen("own", "qa", 0, 7), Seen("new", "qa", 1, 7)], Chat, None, Test));
        Assert.Empty(Suggestions.Of([Seen("own", "qa", 0), Seen("new", "qa", 1, 40, from: 38)], Chat, None, Test));
    }

    [Fact]
    public void A_candidate_that_is_clearly_worse_at_another_task_of_the_role_is_not() =>
        Assert.Empty(Suggestions.Of([Seen("own", "qa", 0.2), Seen("new", "qa", 1), Seen("own", "translation", 1), Seen("new", "translation", 0)], Chat, None, Test));

    [Fact]
    public void A_role_without_a_primary_has_no_suggestions() => Assert.Empty(Suggestions.Of([Seen("own", "tool_calling", 0), Seen("new", "tool_calling", 1)], Chat, None, Test));

    [Fact]
    public void A_primary_below_its_threshold_is_suggested_to_be_rolled_back_with_or_without_a_successor()
    {
        var thresholds = new Dictionary<string, double> { ["qa"] = 0.7 };
        var alone = Assert.Single(Suggestions.Of([Seen("own", "qa", 0.2)], Chat, thresholds, Test));
        Assert.Equal(("rollback", null), (alone.Kind, alone.Candidate));
        var both = Suggestions.Of([Seen("own", "qa", 0.2), Seen("new", "qa", 1)], Chat, thresholds, Test);
        Assert.Equal(["rollback new"], both.Select(one => $"{one.Kind} {one.Candidate}"));
        Assert.Empty(Suggestions.Of([Seen("own", "qa", 0.65)], Chat, thresholds, Test));
    }

    /// <summary>A free model of unknown speed and a priced one are compared by what is known of both.</summary>
    [Fact]
    public void Terms_that_only_one_side_has_do_not_count()
    {
        var priced = new Seen("new", "qa", [.. Seen("new", "qa", 1).Calls.Select(call => call with { CostNanos = 900_000_000 })]);
        var unknown = new Seen("own", "qa", [.. Seen("own", "qa", 0.2).Calls.Select(call => call with { CostNanos = null })]);
        Assert.Equal("new", Assert.Single(Suggestions.Of([unknown, priced], Chat, None, Test)).Candidate);
    }

    /// <summary>The given share of the questions is right.</summary>
    private static Seen Seen(string model, string task, double share, int items = 40, int from = 0) =>
        new(model, task, [.. Enumerable.Range(from, items).Select(i => new Observation($"c@1/{i}", true, i - from < share * items ? 1 : 0, false, 100, 0))]);
}
