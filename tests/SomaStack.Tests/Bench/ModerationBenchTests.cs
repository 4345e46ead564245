using SomaStack.Bench;
using SomaStack.Governance.Policy;

namespace SomaStack.Tests.Bench;

public sealed class ModerationBenchTests
{
    [Theory]
    [InlineData(0, 10, 0, 0.2775)]
    [InlineData(5, 10, 0.2366, 0.7634)]
    [InlineData(10, 10, 0.7225, 1)]
    [InlineData(0, 0, 0, 1)]
    public void The_interval_is_wilsons(int hits, int count, double low, double high)
    {
        var (from, to) = ModerationBench.Wilson(hits, count);
        Assert.Equal(low, from, 4);
        Assert.Equal(high, to, 4);
    }

    [Fact]
    public void The_area_under_the_curve_counts_pairs_and_halves_ties()
    {
        Assert.Equal(1, ModerationBench.Auc([2, 3], [0, 1]));
        Assert.Equal(0.5, ModerationBench.Auc([1], [1]));
        Assert.Equal(0.625, ModerationBench.Auc([1, 3], [1, 2]));
    }

    [Fact]
    public void Training_gives_the_same_bytes_again_and_no_template_is_in_them()
    {
        var templates = File.ReadAllLines(InjectionModelBench.Templates());
        var (file, benign, attacks) = InjectionTraining.Train(templates, []);
        Assert.Equal(file, InjectionTraining.Train(templates, []).File);
        Assert.True(benign.Length > 400 && attacks.Length > 400);
        Assert.Equal(1.0, (double)benign.Count(score => score < InjectionModel.Read(file).Threshold) / benign.Length, 1);
    }

    /// <summary>Exponentials may differ by a last bit between machines, so a few weights may round to their neighbour.</summary>
    [Fact]
    public void The_committed_model_is_what_training_gives()
    {
        var folder = AttackTexts.DefaultFolder();
        Assert.SkipWhen(folder is null, "The public sets are not beside the repository (../shared/data/prompt-attacks).");
        var training = AttackTexts.Read(folder!).Where(static text => !text.Held && text.Set != AttackTexts.Harmful);
        var (file, _, _) = InjectionTraining.Train(File.ReadAllLines(InjectionModelBench.Templates()), training);
        var committed = InjectionModel.Bytes();
        var different = Enumerable.Range(InjectionModel.HeaderBytes, committed.Length - InjectionModel.HeaderBytes).Where(at => file[at] != committed[at]).ToList();
        Assert.True(different.Count < committed.Length / 1000, $"{different.Count} weights differ.");
        Assert.All(different, at => Assert.InRange((sbyte)file[at] - (sbyte)committed[at], -1, 1));
        Assert.Equal(InjectionModel.Read(committed).Threshold, InjectionModel.Read(file).Threshold, 2);
    }
}
