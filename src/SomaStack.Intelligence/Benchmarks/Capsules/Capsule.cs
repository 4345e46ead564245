using System.Text.Json;
using System.Text.Json.Serialization;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>A set of questions with what must come of them; see docs for the meaning of each field.</summary>
/// <param name="Grader">How answers are graded unless an item names its own; one of <see cref="Grading"/>.</param>
internal sealed record Capsule(string Id, string Task, long Version, string Description, string Grader, IReadOnlyList<CapsuleItem> Items)
{
    /// <summary>What stands before every question.</summary>
    public string? Instructions { get; init; }

    public IReadOnlyList<CapsuleTool>? Tools { get; init; }

    public CapsuleThresholds? Thresholds { get; init; }

    /// <summary>256 when absent.</summary>
    public int? MaxOutputTokens { get; init; }

    /// <summary>Why it cannot run here yet; its items are then recorded as skipped with this reason.</summary>
    public string? Skipped { get; init; }

    [JsonIgnore]
    public string Named => $"{Id}@{Version.ToString(System.Globalization.CultureInfo.InvariantCulture)}";
}

/// <param name="Id">Unique in its capsule.</param>
internal sealed record CapsuleItem(string Id, string Input)
{
    /// <summary>The passage that the answer rests on.</summary>
    public string? Context { get; init; }

    /// <summary>Any of these is right; for rank the right candidate, for tool_call empty.</summary>
    public IReadOnlyList<string>? Expected { get; init; }

    public string? Grader { get; init; }

    /// <summary>The tool to be called; null when none is.</summary>
    public string? Tool { get; init; }

    /// <summary>A schema of the tool's arguments, or of the whole answer for json_schema.</summary>
    public JsonElement? Schema { get; init; }

    /// <summary>What is ranked against the input.</summary>
    public IReadOnlyList<string>? Candidates { get; init; }
}

internal sealed record CapsuleTool(string Name, string Description, JsonElement Parameters);

/// <param name="Quality">A primary model whose quality lies below it is suggested to be rolled back.</param>
internal sealed record CapsuleThresholds(double Quality);

internal static class Tasks
{
    public static readonly IReadOnlyList<string> All = ["qa", "summarisation", "tool_calling", "code", "translation", "embeddings", "speech"];

    /// <summary>The role of a tenant's model profile that does such work.</summary>
    public static string RoleOf(string task) => task switch
    {
        "tool_calling" => "planning",
        "code" => "code",
        "embeddings" => "embedding",
        "speech" => "transcription",
        _ => "chat",
    };

    /// <summary>The graders that measure the task; a capsule of it may name these only.</summary>
    public static IReadOnlyList<string> GradersOf(string task) => task switch
    {
        "tool_calling" => ["tool_call"],
        "embeddings" => ["rank"],
        "speech" => ["wer"],
        "code" => ["unit_tests"],
        _ => ["exact", "contains", "token_f1", "rouge_l", "chrf", "json_schema"],
    };
}
