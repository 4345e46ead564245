namespace SomaStack.Intelligence.Benchmarks.Contracts;

/// <summary>Event types that the room writes to the journal. Subjects are <c>benchmark_run/ID</c> and <c>promotion/ID</c>; scores belong to no subject.</summary>
public static class BenchmarkEvents
{
    public const string RunRequested = "somastack.benchmarks.run_requested.v1";
    public const string RunFinished = "somastack.benchmarks.run_finished.v1";

    /// <summary>The roadmap's <c>model.profile.scored</c>.</summary>
    public const string ModelProfileScored = "somastack.benchmarks.model_profile_scored.v1";

    public const string PromotionSuggested = "somastack.benchmarks.promotion_suggested.v1";
    public const string RollbackSuggested = "somastack.benchmarks.rollback_suggested.v1";
    public const string PromotionDecided = "somastack.benchmarks.promotion_decided.v1";
}

/// <param name="Cause">request or schedule.</param>
/// <param name="Capsules">Each with its version, <c>qa_grounded@1</c>.</param>
/// <param name="Questions">How many will be asked.</param>
public sealed record RunRequested(string RunId, string Cause, IReadOnlyList<string> Models, IReadOnlyList<string> Capsules, long Repetitions, long Questions);

/// <param name="Status">done or failed.</param>
public sealed record RunFinished(string RunId, string Status, string? Error, long Answered, long Failed, long Skipped);

/// <summary>What a model's score is after a run; see docs for its terms. Null is unknown.</summary>
/// <param name="Mode">The deployment mode whose weights were taken.</param>
/// <param name="Items">Different items that it was made of.</param>
public sealed record ModelProfileScored(
    string RunId, string Model, string Task, string Mode, double Score, double Low, double High, long Items, double? Quality, double? Cost, double? Latency, double? Reliability, IReadOnlyList<string> Unknown);

/// <summary>A person may accept or reject it.</summary>
/// <param name="Candidate">Null for a rollback without a model that reached the threshold.</param>
public sealed record PromotionSuggested(
    string PromotionId, string RunId, string Role, string Task, string Primary, string? Candidate, double PrimaryScore, double PrimaryLow, double PrimaryHigh,
    double? CandidateScore, double? CandidateLow, double? CandidateHigh, long Items, string Reason);

/// <param name="Decision">accepted or rejected.</param>
public sealed record PromotionDecided(string PromotionId, string Decision, string Role, string Primary, string? Candidate);
