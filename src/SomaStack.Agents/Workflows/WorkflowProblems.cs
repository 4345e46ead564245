using SomaStack.Platform;

namespace SomaStack.Agents.Workflows;

internal static class WorkflowProblems
{
    public static readonly ProblemCode Unknown = new("run_unknown", ProblemKind.NotFound, "There is no such run", "Check the id, or list runs with GET /v1/mao.");
    public static readonly ProblemCode Ended = new("run_ended", ProblemKind.Conflict, "The run has ended", "Read it with GET /v1/mao/{id}; start another one, or retry it when it failed.");
    public static readonly ProblemCode NotFailed = new("run_not_failed", ProblemKind.Conflict, "The run has not failed", "Only a failed run can be tried again; cancel or fork another one.");
    public static readonly ProblemCode Nested = new("run_nested", ProblemKind.Conflict, "The run belongs to another one", "Retry the run that nested it; its id is in 'parent'.");
    public static readonly ProblemCode FormUnknown = new("form_unknown", ProblemKind.Conflict, "The run asks for no such form", "GET /v1/mao/{id} lists what it waits for.");
    public static readonly ProblemCode StepUnknown = new("run_step_unknown", ProblemKind.Invalid, "The run has no such step", "Name a step as GET /v1/mao/{id} lists them.");
    public static readonly ProblemCode RightsLost = new("run_rights_lost", ProblemKind.Forbidden, "Whoever started the run may not act any more", "A run acts as whoever started it; let somebody who may start it again.");
    public static readonly ProblemCode Denied = new("run_denied", ProblemKind.Forbidden, "The policy does not let this run start", "See the reasons; each names its rule and what would help.");
    public static readonly ProblemCode TemporalUnreachable = new(
        "temporal_unreachable", ProblemKind.Unavailable, "Temporal does not answer",
        "Start Temporal's server or correct SOMA_TEMPORAL and SOMA_TEMPORAL_NAMESPACE; without SOMA_WORKFLOWS=temporal this server hosts runs itself.");

    public static readonly IReadOnlyList<ProblemCode> All = [Unknown, Ended, NotFailed, Nested, FormUnknown, StepUnknown, RightsLost, Denied, TemporalUnreachable];
}
