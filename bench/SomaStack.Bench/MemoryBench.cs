using SomaStack.Intelligence.Memory;

namespace SomaStack.Bench;

/// <summary>
/// How much of the evidence recall brings back: every turn is remembered, every question asked, through the room itself on embedded
/// defaults. R@k is the share of a question's evidence turns among the first k, averaged over the questions of categories 1 to 4.
/// </summary>
public static class MemoryBench
{
    public static readonly IReadOnlyList<int> Cuts = [5, 10, 25, 50];

    public static readonly Benchmark Benchmark = new("memory", "Recall of evidence on LoCoMo (--data FILE): all signals, without each of them, words only, meaning only.", RunAsync);

    /// <summary>What is left out, and how the rest is then called.</summary>
    private static readonly IReadOnlyList<(string Name, Ranking Ranking)> Variants =
    [
        ("", Ranking.Default),
        ("bm25_", Ranking.OnlyWords),
        ("vector_", Ranking.OnlyMeaning),
        ("without_meaning_", Ranking.Default with { Semantic = 0 }),
        ("without_words_", Ranking.Default with { Lexical = 0 }),
        ("without_neighbours_", Ranking.Default with { Neighbour = 0, Second = 0 }),
        ("without_second_neighbours_", Ranking.Default with { Second = 0 }),
        ("without_context_", Ranking.Default with { Context = 0 }),
        ("without_speaker_", Ranking.Default with { Speaker = 0 }),
        ("without_named_time_", Ranking.Default with { NamedTime = 0 }),
        ("without_asks_when_", Ranking.Default with { AsksWhen = 0 }),
        ("without_length_", Ranking.Default with { Length = 0 }),
        ("without_asks_", Ranking.Default with { Asks = 0 }),
        ("without_recency_", Ranking.Default with { Recency = 0 }),
        ("with_candidates_only_", Ranking.Default with { ScoredWhole = 0 }),
        ("with_plain_cosine_", Ranking.Default with { Unrelated = 0 }),
    ];

    /// <summary>Where the data lies beside a checkout; null when it does not.</summary>
    public static string? DefaultFile()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (!File.Exists(Path.Combine(folder.FullName, "SomaStack.slnx"))) continue;
            var file = Path.GetFullPath(Path.Combine(folder.FullName, "../shared/data/locomo/locomo-dev.json"));
            return File.Exists(file) ? file : null;
        }
        return null;
    }

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var file = options.Data ?? DefaultFile() ?? throw new InvalidDataException("No LoCoMo file is here (../shared/data/locomo/locomo-dev.json); name one with --data FILE.");
        var conversations = Locomo.Read(file);
        var held = conversations.Where(conversation => !Locomo.Tuned.Contains(conversation.Id)).ToList();
        var tuned = conversations.Where(conversation => Locomo.Tuned.Contains(conversation.Id)).ToList();
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal);
        await using var room = await MeasuredRoom.OpenAsync(cancellationToken);
        foreach (var conversation in conversations)
        {
            await room.RememberAsync(conversation, cancellationToken);
            options.Progress($"{conversation.Id}: {conversation.Turns.Count} turns, {conversation.Questions.Count} questions{(Locomo.Tuned.Contains(conversation.Id) ? ", tuned on" : "")}");
        }
        foreach (var (name, ranking) in Variants)
        {
            if (held.Count > 0) Add(figures, name, await MeasureAsync(room, held, ranking, cancellationToken), name is "" or "bm25_" or "vector_");
            if (tuned.Count > 0) Add(figures, "tuned_" + name, await MeasureAsync(room, tuned, ranking, cancellationToken), name is "");
        }
        if (held.Count > 1) await AddCalibrationAsync(figures, room, held, cancellationToken);
        return BenchResult.Of("memory", figures, new Dictionary<string, double>(StringComparer.Ordinal), 1);
    }

    /// <summary>R@k and the mean reciprocal rank of the first evidence turn.</summary>
    internal static async Task<Quality> MeasureAsync(MeasuredRoom room, IReadOnlyList<Locomo.Conversation> conversations, Ranking ranking, CancellationToken cancellationToken)
    {
        var recall = new double[Cuts.Count];
        var reciprocal = 0.0;
        var count = 0;
        foreach (var conversation in conversations)
            foreach (var question in conversation.Questions)
            {
                var found = await room.AskAsync(conversation, question.Text, Cuts[^1], ranking, cancellationToken);
                count++;
                var first = found.FindIndex(question.Evidence.Contains);
                if (first >= 0) reciprocal += 1.0 / (first + 1);
                for (var i = 0; i < Cuts.Count; i++) recall[i] += (double)found.Take(Cuts[i]).Count(question.Evidence.Contains) / question.Evidence.Count;
            }
        return new Quality([.. recall.Select(sum => sum / count)], reciprocal / count, count);
    }

    /// <summary>
    /// How far the confidence can be believed: right is a question whose evidence is among the first ten. Half of the questions are those
    /// of another conversation, asked under these speakers' names, which nothing here can answer.
    /// </summary>
    private static async Task AddCalibrationAsync(Dictionary<string, Figure> figures, MeasuredRoom room, List<Locomo.Conversation> conversations, CancellationToken cancellationToken)
    {
        var judged = new List<(double Confidence, bool Right)>();
        for (var i = 0; i < conversations.Count; i++)
        {
            var (here, other) = (conversations[i], conversations[(i + 1) % conversations.Count]);
            foreach (var question in here.Questions)
            {
                var found = await room.RecallAsync(here, question.Text, 10, Ranking.Default, cancellationToken);
                judged.Add((found.Confidence, found.Memories.Any(memory => question.Evidence.Contains(memory.Id))));
            }
            foreach (var question in other.Questions.Take(here.Questions.Count))
                judged.Add(((await room.RecallAsync(here, Locomo.Renamed(question.Text, other, here), 10, Ranking.Default, cancellationToken)).Confidence, false));
        }
        figures["abstention_auroc"] = Same(AreaUnderCurve(judged), "");
        figures["calibration_error"] = Same(CalibrationError(judged), "expected, 10 bins");
        figures["abstained_right"] = Same(judged.Where(one => one.Right).Average(static one => one.Confidence < Confidence.AbstainBelow ? 1.0 : 0), "share");
        figures["abstained_wrong"] = Same(judged.Where(one => !one.Right).Average(static one => one.Confidence < Confidence.AbstainBelow ? 1.0 : 0), "share");
    }

    /// <summary>The probability that a right one has more confidence than a wrong one (Mann and Whitney 1947).</summary>
    internal static double AreaUnderCurve(IReadOnlyCollection<(double Confidence, bool Right)> judged)
    {
        var (wins, pairs) = (0.0, 0L);
        foreach (var right in judged.Where(static one => one.Right))
            foreach (var wrong in judged.Where(static one => !one.Right))
            {
                wins += right.Confidence > wrong.Confidence ? 1 : right.Confidence == wrong.Confidence ? 0.5 : 0;
                pairs++;
            }
        return pairs == 0 ? 0 : wins / pairs;
    }

    private static double CalibrationError(List<(double Confidence, bool Right)> judged) =>
        judged.GroupBy(static one => Math.Min(9, (int)(one.Confidence * 10)))
            .Sum(static bin => Math.Abs(bin.Average(static one => one.Confidence) - bin.Average(static one => one.Right ? 1.0 : 0)) * bin.Count()) / judged.Count;

    private static Figure Same(double value, string unit) => new(Math.Round(value, 4), Math.Round(value, 4), Math.Round(value, 4), unit);

    private static void Add(Dictionary<string, Figure> figures, string prefix, Quality quality, bool whole)
    {
        for (var i = 0; i < Cuts.Count; i++)
            if (whole || Cuts[i] is 10 or 25) figures[$"{prefix}r_at_{Cuts[i]}"] = Wilson(quality.Recall[i], quality.Questions);
        if (!whole) return;
        figures[prefix + "mrr"] = new Figure(quality.ReciprocalRank, quality.ReciprocalRank, quality.ReciprocalRank, "");
        figures[prefix + "n"] = new Figure(quality.Questions, quality.Questions, quality.Questions, "questions");
    }

    /// <summary>Wilson's interval at 95 % (Wilson 1927), with the mean share taken as the proportion; min and max are its ends.</summary>
    internal static Figure Wilson(double p, int n)
    {
        const double z = 1.96;
        var centre = (p + z * z / (2 * n)) / (1 + z * z / n);
        var half = z * Math.Sqrt(p * (1 - p) / n + z * z / (4.0 * n * n)) / (1 + z * z / n);
        return new Figure(Math.Round(p, 4), Math.Round(centre - half, 4), Math.Round(centre + half, 4), "share, 95 % Wilson interval");
    }

    internal sealed record Quality(IReadOnlyList<double> Recall, double ReciprocalRank, int Questions);
}
