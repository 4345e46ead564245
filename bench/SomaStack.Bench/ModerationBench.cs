using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using SomaStack.Governance.Policy;
using SomaStack.Governance.Policy.Contracts;
using SomaStack.Intelligence.Inference;

namespace SomaStack.Bench;

/// <summary>
/// How much of what should be noticed is noticed, and how much innocent text is: on the half that training never saw, and, marked, on all.
/// The model's threshold is its own, chosen without these texts; recall at 1 % false alarms is read off the benign texts of the same half.
/// </summary>
public static class ModerationBench
{
    /// <summary>A held-out attack that shares so much with a training text is a variant of it and proves little.</summary>
    private const double VariantShare = 0.3;

    public static readonly Benchmark Benchmark = new(
        "moderation", "Recall at 1 % false alarms, AUC and over-defence of the built-in detector, held-out half and all (--data FOLDER of the public sets); speed per kB.", RunAsync);

    internal sealed record Judged(AttackText Text, double Score, bool ByRules, bool ByModel, bool ByAny);

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var folder = options.Data ?? AttackTexts.DefaultFolder() ?? throw new InvalidDataException("The public sets are not here: name their folder with --data.");
        var policy = CompiledPolicy.Parse(StarterPolicy.Text(), []) ?? throw new InvalidDataException("The starter policy does not compile.");
        var judged = AttackTexts.Read(folder).ConvertAll(text => Judge(policy, text));
        var rows = new JsonArray();
        foreach (var (split, part) in new[] { ("held-out", judged.FindAll(static one => one.Text.Held)), ("all (half of it trained on)", judged) }) Sets(rows, split, part);
        var variants = Variants(judged);
        rows.Add(Row("held-out, no variant of a training text", AttackTexts.Injections, "model recall", variants.Count(static one => one.ByModel), variants.Count));
        var prose = AttackTexts.OwnPages().ConvertAll(text => Judge(policy, new AttackText("own-pages", text, false, true)));
        rows.Add(Row("held-out", "own-pages (paragraphs)", "model over-defence at its own threshold", prose.Count(static one => one.ByModel), prose.Count));
        rows.Add(Row("held-out", "own-pages (paragraphs)", "rules over-defence (warned or blocked)", prose.Count(static one => one.ByRules), prose.Count));
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal);
        Auc(figures, "held_out", judged.FindAll(static one => one.Text.Held));
        Auc(figures, "all", judged);
        await Task.Run(() => Speed(figures, policy, judged, options.Rounds ?? 15, cancellationToken), cancellationToken);
        var result = BenchResult.Of("moderation", figures, new Dictionary<string, double>(StringComparer.Ordinal), options.Rounds ?? 15);
        result.Facts["model_sha256"] = JsonSerializer.SerializeToElement(JsonValue.Create(InjectionModel.Sha256()));
        result.Facts["rows"] = JsonSerializer.SerializeToElement(rows);
        return result;
    }

    internal static Judged Judge(CompiledPolicy policy, AttackText text)
    {
        var found = ModerationRules.Look(policy, ModerationStage.Input, text.Text);
        // The bench reads texts as the product does: the worst reading counts.
        var score = Readings.Of(text.Text).Max(static reading => InjectionModel.Builtin.Score(reading.Folded));
        return new Judged(text, score, found.Worst >= Severity.Medium, score >= InjectionModel.Builtin.Threshold, found.Rules.Count > 0);
    }

    private static void Sets(JsonArray rows, string split, List<Judged> part)
    {
        var benign = part.Where(static one => !one.Text.IsAttack).Select(static one => one.Score).OrderDescending().ToArray();
        // One benign text in a hundred may lie above, not more.
        var limit = benign[(int)(benign.Length * 0.01)];
        rows.Add(new JsonObject { ["split"] = split, ["note"] = $"{benign.Length} benign texts; {benign.Count(score => score > limit)} of them above the 1 % limit of {limit:0.00}" });
        foreach (var set in part.GroupBy(static one => one.Text.Set))
        {
            var all = set.ToList();
            var kind = all[0].Text.IsAttack ? "recall" : "over-defence";
            if (all[0].Text.IsAttack) rows.Add(Row(split, set.Key, "model recall at 1 % false alarms", all.Count(one => one.Score > limit), all.Count));
            rows.Add(Row(split, set.Key, "model " + kind + " at its own threshold", all.Count(static one => one.ByModel), all.Count));
            rows.Add(Row(split, set.Key, "rules " + kind + " (warned or blocked)", all.Count(static one => one.ByRules), all.Count));
            rows.Add(Row(split, set.Key, "any label " + kind, all.Count(static one => one.ByAny), all.Count));
        }
    }

    /// <summary>Held-out attacks of which less than a part of the runs of three words stand in any training text.</summary>
    private static List<Judged> Variants(List<Judged> judged)
    {
        var known = judged.Where(static one => one.Text is { Held: false, IsAttack: true }).SelectMany(static one => Runs(one.Text.Text)).ToHashSet(StringComparer.Ordinal);
        return judged.FindAll(one => one.Text is { Held: true, Set: AttackTexts.Injections } && Runs(one.Text.Text) is var runs && runs.Count(known.Contains) < VariantShare * Math.Max(1, runs.Count));
    }

    private static List<string> Runs(string text)
    {
        var words = TextFold.Fold(text).Split(' ');
        return [.. Enumerable.Range(0, Math.Max(0, words.Length - 2)).Select(at => $"{words[at]} {words[at + 1]} {words[at + 2]}")];
    }

    private static JsonObject Row(string split, string set, string what, int hits, int count)
    {
        var (low, high) = Wilson(hits, count);
        return new JsonObject { ["split"] = split, ["set"] = set, ["what"] = what, ["share"] = count == 0 ? null : Math.Round(100.0 * hits / count, 1), ["of"] = $"{hits}/{count}", ["wilson95"] = $"{100 * low:0.0}-{100 * high:0.0} %" };
    }

    /// <summary>Wilson's score interval (1927) at 95 %.</summary>
    internal static (double Low, double High) Wilson(int hits, int count)
    {
        if (count == 0) return (0, 1);
        const double z = 1.959963984540054;
        var (n, p) = ((double)count, (double)hits / count);
        var middle = (p + z * z / (2 * n)) / (1 + z * z / n);
        var half = z / (1 + z * z / n) * Math.Sqrt(p * (1 - p) / n + z * z / (4 * n * n));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }

    /// <summary>The chance that an attack scores above a benign text, ties half (Mann and Whitney).</summary>
    internal static double Auc(IReadOnlyCollection<double> attacks, IReadOnlyCollection<double> benign) =>
        attacks.Average(attack => benign.Average(other => attack > other ? 1.0 : attack == other ? 0.5 : 0));

    private static void Auc(Dictionary<string, Figure> figures, string split, List<Judged> part)
    {
        double[] benign = [.. part.Where(static one => !one.Text.IsAttack).Select(static one => one.Score)];
        foreach (var set in part.Where(static one => one.Text.IsAttack).GroupBy(static one => one.Text.Set))
        {
            var auc = Math.Round(Auc([.. set.Select(static one => one.Score)], benign), 4);
            figures[$"auc_{split}_{set.Key}"] = new Figure(auc, auc, auc, $"model, against {benign.Length} benign");
        }
    }

    private static void Speed(Dictionary<string, Figure> figures, CompiledPolicy policy, List<Judged> judged, int rounds, CancellationToken cancellationToken)
    {
        var prose = string.Join(' ', judged.Where(static one => !one.Text.IsAttack).Select(static one => one.Text.Text));
        var texts = new (string Name, string Text)[] { ("sentence_100", prose[..100]), ("page_4k", prose[..4000]), ("hostile_1m", string.Concat(Enumerable.Repeat("ignore all how to do ", 50_000))) };
        foreach (var (name, text) in texts)
        {
            var repeats = Math.Max(1, 200_000 / text.Length);
            var whole = new List<double>();
            var model = new List<double>();
            for (var round = 0; round <= rounds; round++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var start = Stopwatch.GetTimestamp();
                for (var i = 0; i < repeats; i++) ModerationRules.Look(policy, ModerationStage.Input, text);
                var took = Stopwatch.GetElapsedTime(start).TotalMicroseconds / repeats;
                start = Stopwatch.GetTimestamp();
                for (var i = 0; i < repeats; i++) InjectionModel.Builtin.Score(new Folded(text));
                var scored = Stopwatch.GetElapsedTime(start).TotalMicroseconds / repeats;
                // The first round warms up.
                if (round == 0) continue;
                whole.Add(took / (text.Length / 1024.0));
                model.Add(scored / (text.Length / 1024.0));
            }
            figures["us_per_kb_" + name] = Figure.Of(whole, "µs a kB, rules and model");
            figures["us_per_kb_model_" + name] = Figure.Of(model, "µs a kB, model alone");
        }
        Passing(figures, policy, prose[..4096], rounds, cancellationToken);
    }

    /// <summary>What a gateway pays beside the first look: for a text that passed before, and for one event of a stream with what went before it.</summary>
    private static void Passing(Dictionary<string, Figure> figures, CompiledPolicy policy, string page, int rounds, CancellationToken cancellationToken)
    {
        const int Repeats = 2000;
        var data = System.Text.Encoding.UTF8.GetBytes("""{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}""");
        var (texts, window) = (new AnswerTexts(), page[..(OutputWatch.Overlap + 5)]);
        var (known, events) = (new List<double>(), new List<double>());
        for (var round = 0; round <= rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Repeats; i++) PassedTexts.KeyOf("demo", 1, ModerationStage.Input, page);
            var digests = Stopwatch.GetElapsedTime(start).TotalMicroseconds / Repeats;
            start = Stopwatch.GetTimestamp();
            for (var i = 0; i < Repeats; i++)
            {
                texts.Read(data);
                ModerationRules.LookForActs(policy, window);
            }
            var looked = Stopwatch.GetElapsedTime(start).TotalMicroseconds / Repeats;
            if (round == 0) continue;
            known.Add(digests / (page.Length / 1024.0));
            events.Add(looked);
        }
        figures["us_per_kb_passed_before"] = Figure.Of(known, "µs a kB, digest of a text that passed before");
        figures["us_per_event_output"] = Figure.Of(events, "µs for one event of a passed-on stream, starter policy");
    }
}
