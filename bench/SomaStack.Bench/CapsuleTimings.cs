using System.Diagnostics;
using System.Globalization;
using SomaStack.Intelligence.Memory;
using SomaStack.Intelligence.Memory.Contracts;

namespace SomaStack.Bench;

/// <summary>
/// Corpus B of a capsule: mixed documents of one tenant, and how long it takes to recall from them and to remember one more durably,
/// embeddings included. As in <see cref="RecallBench"/> only some embeddings are computed; the others are those, a little turned.
/// </summary>
internal static class CapsuleTimings
{
    private const string Tenant = "mixed";
    private const int Batch = 256;
    private const int Timed = 200;

    public static async Task<(double Recall, double Remember)> MeasureAsync(
        MeasuredRoom room, CapsuleFile capsule, int seed, Action<string> progress, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        var words = new CapsuleWords(capsule, random);
        var texts = capsule.Documents.Texts;
        await FillAsync(room, capsule, words, random, progress, cancellationToken);
        room.LinkVectors(cancellationToken);
        List<double> recall = [], remember = [];
        for (var i = 0; i < Timed; i++)
        {
            var question = Draft(words, capsule, texts[i % texts.Count], i, random).Text;
            var started = Stopwatch.GetTimestamp();
            await room.RecallAsync(Tenant, new RecallQuery(question, 10), Ranking.Default, cancellationToken);
            recall.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        for (var i = 0; i < Timed; i++)
        {
            var draft = Draft(words, capsule, texts[i % texts.Count], capsule.Documents.Documents + i, random);
            var started = Stopwatch.GetTimestamp();
            await room.RememberAsync(Tenant, [await room.PrepareAsync(Tenant, draft, null, cancellationToken)], cancellationToken);
            remember.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
        return (P95(recall), P95(remember));
    }

    private static async Task FillAsync(MeasuredRoom room, CapsuleFile capsule, CapsuleWords words, Random random, Action<string> progress, CancellationToken cancellationToken)
    {
        var texts = capsule.Documents.Texts;
        var real = new List<float[]>();
        for (var done = 0; done < capsule.Documents.Documents; done += Batch)
        {
            var prepared = new List<PreparedMemory>(Batch);
            for (var i = done; i < Math.Min(done + Batch, capsule.Documents.Documents); i++)
            {
                var turned = i < capsule.Documents.Embedded || real.Count == 0 ? null : RecallBench.Turned(real[i % real.Count], random);
                var memory = await room.PrepareAsync(Tenant, Draft(words, capsule, texts[i % texts.Count], i, random), turned, cancellationToken);
                if (turned is null && memory.Embedding is { } vector) real.Add(vector);
                prepared.Add(memory);
            }
            await room.RememberAsync(Tenant, prepared, cancellationToken);
        }
        progress($"{capsule.Documents.Documents} mixed documents remembered");
    }

    /// <summary>Ten documents each make a conversation.</summary>
    private static MemoryDraft Draft(CapsuleWords words, CapsuleFile capsule, string template, int number, Random random) => new(
        CapsuleWords.Fill(template, words.Draw(capsule.People[random.Next(capsule.People.Count)], template)), "document",
        "document-" + number.ToString(CultureInfo.InvariantCulture), Conversation: "file-" + number / 10, EventTime: capsule.AskedAt.AddMinutes(-number));

    private static double P95(List<double> times)
    {
        times.Sort();
        return times[times.Count * 95 / 100];
    }
}
