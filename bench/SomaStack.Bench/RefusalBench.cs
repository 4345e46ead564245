using System.Text;
using System.Text.Json.Nodes;
using SomaStack.Intelligence.Inference;

namespace SomaStack.Bench;

/// <summary>
/// How well refusals are told from answers: over a labelled set of this project's own words, and, for false alarms, over every recorded
/// answer of a provider and every turn of LoCoMo, none of which refuses unless its provider says so.
/// </summary>
public static class RefusalBench
{
    public const string OwnSet = "tests/SomaStack.Tests/Inference/refusal-answers.tsv";

    public static readonly Benchmark Benchmark = new("refusals", "Precision and recall of refusal detection on an own labelled set (--data TSV), false alarms on recorded answers and LoCoMo.", RunAsync);

    internal sealed record Labelled(bool Refuses, string Language, string Text);

    internal static List<Labelled> ReadSet(string file) =>
    [
        .. File.ReadLines(file).Where(static line => line.Length > 0 && line[0] != '#').Select(static line => line.Split('\t', 3))
            .Select(static parts => new Labelled(parts[0] == "refusal", parts[1], parts[2])),
    ];

    private static Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var file = options.Data ?? RecordedTraffic.Beside(OwnSet) ?? throw new InvalidDataException($"The labelled set is not here; name one with --data FILE (label, language, text, parted by tabs: {OwnSet}).");
        var figures = new Dictionary<string, Figure>(StringComparer.Ordinal);
        var set = ReadSet(file);
        foreach (var group in set.GroupBy(static one => one.Language)) Score(figures, group.Key + "_", [.. group], static _ => { });
        Score(figures, "", set, options.Progress);
        if (RecordedTraffic.DefaultFolder() is { } folder)
        {
            var (seen, structural, alarms) = Recorded(folder, options.Progress);
            figures["recorded_answers"] = new Figure(seen, seen, seen, "answers");
            figures["recorded_refused_by_provider"] = new Figure(structural, structural, structural, "answers");
            if (seen > 0) figures["recorded_false_alarms"] = MemoryBench.Wilson((double)alarms / seen, seen);
        }
        else options.Progress("skipped: ../shared/data/provider-recordings is not here");
        if (MemoryBench.DefaultFile() is { } locomo)
        {
            var turns = Locomo.Read(locomo).SelectMany(static conversation => conversation.Turns).Select(static turn => turn.Text[(turn.Text.IndexOf(": ", StringComparison.Ordinal) + 2)..]).ToList();
            var alarms = turns.Where(static text => RefusalPhrases.Matches(text)).ToList();
            foreach (var text in alarms) options.Progress("LoCoMo, taken for a refusal: " + text);
            figures["locomo_false_alarms"] = MemoryBench.Wilson((double)alarms.Count / turns.Count, turns.Count);
            figures["locomo_turns"] = new Figure(turns.Count, turns.Count, turns.Count, "turns");
        }
        else options.Progress("skipped: ../shared/data/locomo is not here");
        return Task.FromResult(BenchResult.Of("refusals", figures, new Dictionary<string, double>(StringComparer.Ordinal), 1));
    }

    private static void Score(Dictionary<string, Figure> figures, string prefix, List<Labelled> set, Action<string> progress)
    {
        int right = 0, alarms = 0, missed = 0;
        foreach (var one in set)
        {
            var told = RefusalPhrases.Matches(one.Text);
            if (told && one.Refuses) right++;
            else if (told) alarms++;
            else if (one.Refuses) missed++;
            if (told != one.Refuses) progress($"{(told ? "false alarm" : "missed")} ({one.Language}): {one.Text}");
        }
        if (right + alarms > 0) figures[prefix + "precision"] = MemoryBench.Wilson((double)right / (right + alarms), right + alarms);
        if (right + missed > 0) figures[prefix + "recall"] = MemoryBench.Wilson((double)right / (right + missed), right + missed);
        figures[prefix + "n"] = new Figure(set.Count, set.Count, set.Count, "own answers, written with the rule in mind");
    }

    /// <summary>Every recorded 200 through the watch that the gateway uses, events as events.</summary>
    internal static (int Seen, int Structural, int Alarms) Recorded(string folder, Action<string> progress)
    {
        int seen = 0, structural = 0, alarms = 0;
        foreach (var exchange in RecordedTraffic.Read(folder))
        {
            if (exchange.Recorded.Status != 200) continue;
            var watch = new RefusalWatch();
            if (exchange.Recorded.Request?["stream"] is JsonValue stream && stream.TryGetValue<bool>(out var streams) && streams)
            {
                foreach (var line in Encoding.UTF8.GetString(exchange.Recorded.Body).Split('\n'))
                    if (line.StartsWith("data:", StringComparison.Ordinal)) watch.SeeEvent(Encoding.UTF8.GetBytes(line + "\n\n"));
            }
            else watch.SeeWhole(exchange.Recorded.Body);
            if (watch.Refused is not { } refused) continue;
            seen++;
            if (!refused) continue;
            progress($"{exchange.File}: {watch.Signal}");
            if (watch.Signal is "phrase" or "empty") alarms++;
            else structural++;
        }
        return (seen, structural, alarms);
    }
}
