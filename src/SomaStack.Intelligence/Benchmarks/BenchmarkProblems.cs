using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

internal static class BenchmarkProblems
{
    public static readonly ProblemCode RunUnknown = new("benchmark_run_unknown", ProblemKind.NotFound, "There is no such benchmark run", "Use an id of GET /v1/runs.");
    public static readonly ProblemCode CapsuleUnknown = new("benchmark_capsule_unknown", ProblemKind.NotFound, "There is no such benchmark capsule", "Use ids of GET /v1/benchmarks.");
    public static readonly ProblemCode PromotionUnknown = new("promotion_unknown", ProblemKind.NotFound, "There is no such suggestion", "Use an id of GET /v1/promotions.");
    public static readonly ProblemCode PromotionDecided = new("promotion_decided", ProblemKind.Conflict, "The suggestion has been decided", "Read it again with GET /v1/promotions; a later run may suggest anew.");
    public static readonly ProblemCode NoCandidate = new("promotion_without_candidate", ProblemKind.Conflict, "No model is suggested in the primary's place", "Choose one yourself with soma model promote, or reject the suggestion.");

    public static readonly IReadOnlyList<ProblemCode> All = [RunUnknown, CapsuleUnknown, PromotionUnknown, PromotionDecided, NoCandidate];
}
