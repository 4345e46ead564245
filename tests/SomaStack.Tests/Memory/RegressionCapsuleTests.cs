using SomaStack.Bench;
using SomaStack.Intelligence.Inference.UseLite;
using SomaStack.Platform;

namespace SomaStack.Tests.Memory;

/// <summary>
/// Corpus A of the regression capsule and the isolation of tenants; <c>soma bench capsule</c> prints the whole table with its baselines.
/// Where the threshold is not reached yet, the floor in the capsule is asserted, and both are printed.
/// </summary>
public sealed class RegressionCapsuleTests(ITestOutputHelper output)
{
    /// <summary>Of the benchmark's hundred thousand: enough to ask every tenant for most secrets of the others.</summary>
    private const int Probes = 1_500;

    [Fact]
    public async Task Memory_holds_what_the_capsule_asks_of_it()
    {
        Assert.SkipWhen(UseLiteModule.Locate(new SomaOptions()) is null, "The embedding weights are not installed (npm ci --prefix models --ignore-scripts).");
        var cancellationToken = TestContext.Current.CancellationToken;
        var capsule = CapsuleFile.Read(CapsuleFile.DefaultFile()!);
        await using var room = await MeasuredRoom.OpenAsync(cancellationToken);
        var answers = await RegressionCapsule.RunAsync(room, capsule, cancellationToken);
        var results = RegressionCapsule.Judge(capsule, answers, heldOut: true).Append(await RegressionCapsule.LeaksAsync(room, capsule, capsule.Seed, Probes, cancellationToken)).ToList();
        foreach (var result in results) output.WriteLine(result.ToString());
        Assert.All(results, result => Assert.True(
            result.Passed || !result.Check.AtMost && result.Check.Floor is { } floor && result.Measured.Median >= floor, result.ToString()));
    }

    [Fact]
    public void The_same_seed_asks_the_same_questions_and_each_names_one_fact()
    {
        var capsule = CapsuleFile.Read(CapsuleFile.DefaultFile()!);
        var facts = CapsuleFacts.Of(capsule, capsule.Seed);
        var again = CapsuleFacts.Of(capsule, capsule.Seed);
        Assert.Equal(facts.Drafts, again.Drafts);
        Assert.Equal(facts.Questions, again.Questions);
        Assert.NotEqual(facts.Drafts, CapsuleFacts.Of(capsule, capsule.Seed + 1).Drafts);
        Assert.Equal(2_000, facts.Drafts.Count);
        // Asked twice with two answers, one of them would count as wrong.
        var answerable = facts.Questions.Where(question => question.Evidence is not null).ToList();
        Assert.DoesNotContain(answerable.GroupBy(question => (question.Set, question.Text)), same => same.Select(question => question.Evidence).Distinct().Count() > 1);
    }

    [Fact]
    public void Questions_held_out_are_never_open_ones()
    {
        foreach (var telling in CapsuleFile.Read(CapsuleFile.DefaultFile()!).Tellings) Assert.Empty(telling.Open.Intersect(telling.HeldOut));
    }

    [Fact]
    public void The_area_under_the_curve_counts_ties_half()
    {
        Assert.Equal(1, RegressionCapsule.Auroc([0.9, 0.8], [0.1, 0.2]).Median);
        Assert.Equal(0.5, RegressionCapsule.Auroc([0.5, 0.5], [0.5]).Median);
        Assert.Equal(0.125, RegressionCapsule.Auroc([0.1, 0.5], [0.5, 0.6]).Median);
    }

    [Fact]
    public void What_is_not_a_capsule_is_refused_by_name()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "name: x\nchecks: [1, 2]\n");
            Assert.Contains(file, Assert.Throws<InvalidDataException>(() => CapsuleFile.Read(file)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
