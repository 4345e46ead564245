using System.Diagnostics;
using System.Text.RegularExpressions;
using SomaStack.Intelligence.Benchmarks;
using SomaStack.Intelligence.Inference;
using SomaStack.Platform;

namespace SomaStack.Bench;

/// <summary>Word error rate of the offline pair: flite's voices read own sentences to pocketsphinx; human voices where Debian's test data is installed.</summary>
public static partial class SpeechBench
{
    private const string HumanFolder = "/usr/share/pocketsphinx/test/data/librivox";

    public static readonly Benchmark Benchmark = new("speech", "Word error rate of pocketsphinx on flite's voices (20 own sentences) and on LibriVox clips when pocketsphinx-testdata is installed.", RunAsync);

    /// <summary>Plain English written for this benchmark.</summary>
    private static readonly string[] Sentences =
    [
        "The old ship left the harbour before the sun came up.",
        "Please put the blue cup on the table near the window.",
        "She wrote a long letter to her brother in the city.",
        "We walked along the river until it was too dark to see.",
        "The market opens at seven and closes in the late afternoon.",
        "His father worked for the railway for more than thirty years.",
        "A small dog was sleeping under the wooden chair.",
        "The children learned to read with stories about animals.",
        "It has been raining in the mountains since last Monday.",
        "The doctor asked him to rest for a few days at home.",
        "Nobody knew who had opened the door of the garden.",
        "Every morning the baker brings fresh bread to the school.",
        "The president will speak to the nation this evening.",
        "They found a box of gold coins in the back of the house.",
        "Our train was late because of snow on the line.",
        "The teacher explained the question again with great patience.",
        "My sister wants to study music and history next year.",
        "There is a bridge over the water at the end of this road.",
        "He paid for the horse with the money from the harvest.",
        "Good friends are worth more than a room full of silver.",
    ];

    private static async Task<BenchResult> RunAsync(BenchOptions options, CancellationToken cancellationToken)
    {
        var seed = options.Seed ?? 4;
        var folder = Directory.CreateTempSubdirectory("soma-speech-");
        try
        {
            using var speech = new OfflineSpeech(new SomaOptions { DataDirectory = folder.FullName }, TimeProvider.System);
            if (speech.Find(OfflineSpeech.Hears) is null) throw new InvalidDataException($"pocketsphinx is not installed: apt-get install {OfflineSpeech.HearsPackages} {OfflineSpeech.SpeaksPackages}");
            var figures = new Dictionary<string, Figure>(StringComparer.Ordinal);
            if (speech.Find(OfflineSpeech.Speaks) is null) options.Progress($"skipped: flite is not installed (apt-get install {OfflineSpeech.SpeaksPackages})");
            else await VoicesAsync(speech, figures, seed, options.Progress, cancellationToken);
            if (Directory.Exists(HumanFolder)) await HumansAsync(speech, figures, seed, options.Progress, cancellationToken);
            else options.Progress("skipped: pocketsphinx-testdata is not installed");
            return BenchResult.Of("speech", figures, new Dictionary<string, double>(StringComparer.Ordinal), 1);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task VoicesAsync(OfflineSpeech speech, Dictionary<string, Figure> figures, int seed, Action<string> progress, CancellationToken cancellationToken)
    {
        // Four voices read the same sentences, so a sentence is drawn with all its readings.
        var all = new (int Errors, int Words)[Sentences.Length];
        foreach (var voice in OfflineSpeech.Voices)
        {
            var counts = new List<(int Errors, int Words)>();
            foreach (var sentence in Sentences)
            {
                var spoken = await speech.SpeakAsync(sentence, voice, 1, cancellationToken);
                var (heard, _) = await speech.HearAsync(spoken.Write(), cancellationToken);
                counts.Add(Compare(voice, sentence, heard, progress));
            }
            for (var i = 0; i < all.Length; i++) all[i] = (all[i].Errors + counts[i].Errors, all[i].Words + counts[i].Words);
            figures["wer_flite_" + voice] = WordErrors.Rate(counts, seed);
        }
        figures["wer_flite_all"] = WordErrors.Rate(all, seed);
    }

    private static async Task HumansAsync(OfflineSpeech speech, Dictionary<string, Figure> figures, int seed, Action<string> progress, CancellationToken cancellationToken)
    {
        var counts = new List<(int, int)>();
        double heardSeconds = 0, tookSeconds = 0;
        foreach (var line in File.ReadLines(Path.Combine(HumanFolder, "transcription")))
        {
            if (Transcript().Match(line) is not { Success: true } match) continue;
            var began = Stopwatch.GetTimestamp();
            var (heard, seconds) = await speech.HearAsync(await File.ReadAllBytesAsync(Path.Combine(HumanFolder, match.Groups[2].Value + ".wav"), cancellationToken), cancellationToken);
            tookSeconds += Stopwatch.GetElapsedTime(began).TotalSeconds;
            heardSeconds += seconds;
            counts.Add(Compare("librivox", match.Groups[1].Value, heard, progress));
        }
        if (counts.Count == 0) return;
        figures["wer_librivox"] = WordErrors.Rate(counts, seed);
        var factor = Math.Round(tookSeconds / heardSeconds, 3);
        figures["librivox_time"] = new Figure(factor, factor, factor, $"of real time, over {heardSeconds:0.0} s");
    }

    private static (int Errors, int Words) Compare(string who, string said, string heard, Action<string> progress)
    {
        var words = WordErrors.Words(said);
        var errors = TextScores.Levenshtein(WordErrors.Words(heard), words);
        if (errors > 0) progress($"{who}: {errors} of {words.Length} wrong: '{said}' heard as '{heard}'");
        return (errors, words.Length);
    }

    /// <summary><c>&lt;s&gt; words &lt;/s&gt; (name)</c></summary>
    [GeneratedRegex(@"^(?:<s>)?\s*(.*?)\s*(?:</s>)?\s*\(([^)]+)\)\s*$")]
    private static partial Regex Transcript();
}
