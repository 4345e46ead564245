using System.Globalization;
using System.Text.Json;

namespace SomaStack.Bench;

/// <summary>
/// A file of LoCoMo's form (arXiv 2402.17753): conversations in sessions of turns, and questions with the turns that hold their
/// evidence. Categories: 1 multi-hop, 2 temporal, 3 open-domain, 4 single-hop; 5, adversarial, is not read.
/// </summary>
internal static class Locomo
{
    /// <summary>The conversations on which the constants of recall were chosen. They never count as held out.</summary>
    public static readonly IReadOnlySet<string> Tuned = new HashSet<string>(StringComparer.Ordinal) { "conv-26", "conv-30", "conv-41" };

    internal sealed record Turn(string Id, string Session, string Text, DateTimeOffset At);

    internal sealed record Question(string Text, int Category, IReadOnlySet<string> Evidence);

    internal sealed record Conversation(string Id, IReadOnlyList<string> Speakers, IReadOnlyList<Turn> Turns, IReadOnlyList<Question> Questions)
    {
        public DateTimeOffset End => Turns.Max(turn => turn.At);
    }

    /// <exception cref="InvalidDataException">The file is not of this form.</exception>
    public static IReadOnlyList<Conversation> Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(file));
            return [.. document.RootElement.EnumerateArray().Select((sample, i) => Conversed(sample, i))];
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"'{file}' is not a file of LoCoMo's form: {exception.Message}", exception);
        }
    }

    /// <summary>A question of one conversation, asked of the speakers of another.</summary>
    public static string Renamed(string question, Conversation from, Conversation to)
    {
        for (var i = 0; i < from.Speakers.Count; i++) question = question.Replace(from.Speakers[i], to.Speakers[i], StringComparison.Ordinal);
        return question;
    }

    private static Conversation Conversed(JsonElement sample, int number)
    {
        var spoken = sample.GetProperty("conversation");
        var turns = new List<Turn>();
        for (var session = 1; spoken.TryGetProperty("session_" + session, out var lines); session++)
        {
            var start = DateTimeOffset.ParseExact(spoken.GetProperty($"session_{session}_date_time").GetString()!, "h:mm tt 'on' d MMMM, yyyy", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
            var second = 0;
            foreach (var line in lines.EnumerateArray()) turns.Add(new Turn(line.GetProperty("dia_id").GetString()!, $"session-{session}", Text(line), start.AddSeconds(second++)));
        }
        var questions = sample.GetProperty("qa").EnumerateArray()
            .Where(qa => qa.GetProperty("category").GetInt32() is >= 1 and <= 4)
            .Select(qa => new Question(qa.GetProperty("question").GetString()!, qa.GetProperty("category").GetInt32(), Evidence(qa)))
            .Where(question => question.Evidence.Count > 0);
        return new Conversation(
            sample.TryGetProperty("sample_id", out var id) ? id.GetString()! : "conversation-" + number,
            [spoken.GetProperty("speaker_a").GetString()!, spoken.GetProperty("speaker_b").GetString()!], turns, [.. questions]);
    }

    /// <summary>Who speaks, what is said, and of a shared picture its caption and what it was searched by.</summary>
    private static string Text(JsonElement line)
    {
        var text = $"{line.GetProperty("speaker").GetString()}: {line.GetProperty("text").GetString()}";
        if (!line.TryGetProperty("blip_caption", out var caption)) return text;
        return line.TryGetProperty("query", out var query) ? $"{text} [shares {caption.GetString()}; {query.GetString()}]" : $"{text} [shares {caption.GetString()}]";
    }

    /// <summary>Some entries of the file hold several ids in one string.</summary>
    private static HashSet<string> Evidence(JsonElement qa) =>
        [.. qa.GetProperty("evidence").EnumerateArray().SelectMany(ids => ids.GetString()!.Split([';', ' ', ','], StringSplitOptions.RemoveEmptyEntries))];
}
