using System.Text.Json;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>A call that the model wants made.</summary>
/// <param name="Arguments">An object; undefined when the model's arguments were no JSON object.</param>
internal sealed record AskedCall(string Name, JsonElement Arguments);

/// <summary>Turns an answer into a quality from 0 to 1. Deterministic: the same answer always has the same quality.</summary>
internal static class Grader
{
    public static readonly IReadOnlyList<string> Names = ["exact", "contains", "token_f1", "rouge_l", "chrf", "json_schema", "tool_call", "rank", "wer"];

    /// <summary>The best over the expected answers.</summary>
    public static double Text(string grader, string answer, IReadOnlyList<string> expected)
    {
        var best = 0.0;
        foreach (var one in expected) best = Math.Max(best, Text(grader, answer, one));
        return best;
    }

    public static double Text(string grader, string answer, string expected) => grader switch
    {
        "exact" => TextScores.Exact(answer, expected),
        "contains" => TextScores.Contains(answer, expected),
        "token_f1" => TextScores.TokenF1(answer, expected),
        "rouge_l" => TextScores.RougeL(answer, expected),
        "chrf" => TextScores.ChrF(answer, expected),
        "wer" => Math.Max(0, 1 - TextScores.WordErrorRate(answer, expected)),
        _ => throw new ArgumentException($"'{grader}' does not grade texts.", nameof(grader)),
    };

    /// <summary>1 when the whole answer, or the one fenced block in it, is JSON that fits the schema.</summary>
    public static double Json(string answer, JsonElement schema)
    {
        var text = answer.Trim();
        if (text.StartsWith("```", StringComparison.Ordinal) && text.EndsWith("```", StringComparison.Ordinal) && text.Length > 6)
        {
            var line = text.IndexOf('\n', StringComparison.Ordinal);
            text = line < 0 ? text : text[(line + 1)..^3];
        }
        try
        {
            using var document = JsonDocument.Parse(text);
            return JsonShape.Holds(schema, document.RootElement) ? 1 : 0;
        }
        catch (JsonException)
        {
            return 0;
        }
    }

    /// <summary>
    /// 1 for one call of the right tool with arguments that fit, half for the right tool with arguments that do not, 0 else. Where no tool
    /// is to be called, 1 for none.
    /// </summary>
    /// <param name="tool">Null when no tool is to be called.</param>
    public static double Calls(IReadOnlyList<AskedCall> calls, string? tool, JsonElement? schema)
    {
        if (tool is null) return calls.Count == 0 ? 1 : 0;
        if (calls.Count != 1 || calls[0].Name != tool) return 0;
        return schema is not { } shape || calls[0].Arguments.ValueKind != JsonValueKind.Undefined && JsonShape.Holds(shape, calls[0].Arguments) ? 1 : 0.5;
    }

    /// <summary>The reciprocal rank of the right candidate by cosine. One of equal likeness stands before it: a tie is no merit.</summary>
    public static double ReciprocalRank(IReadOnlyList<double> likeness, int right)
    {
        var rank = 1;
        for (var i = 0; i < likeness.Count; i++)
            if (i != right && likeness[i] >= likeness[right]) rank++;
        return 1.0 / rank;
    }
}
