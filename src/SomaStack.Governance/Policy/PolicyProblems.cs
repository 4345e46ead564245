using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

internal static class PolicyProblems
{
    public static readonly ProblemCode KillSwitchEngaged = new("kill_switch_engaged", ProblemKind.Unavailable, "The kill switch is engaged", "Wait until an operator releases it; the detail names scope and reason.");
    public static readonly ProblemCode ModerationUnavailable = new("moderation_unavailable", ProblemKind.Unavailable, "The text cannot be checked now", "Try again later; nothing goes on unchecked.");
    public static readonly ProblemCode PolicyUnavailable = new("policy_unavailable", ProblemKind.Unavailable, "The policy cannot be read now", "Try again later; nothing is allowed without a policy.");
    public static readonly ProblemCode StrikesUnknown = new("moderation_principal_unknown", ProblemKind.NotFound, "This principal has no strikes", "See GET /v1/moderation/strikes.");
    public static readonly ProblemCode VersionUnknown = new("policy_version_unknown", ProblemKind.NotFound, "There is no such version of the policy", "See GET /v1/policies/versions for those that this tenant wrote.");

    public static readonly IReadOnlyList<ProblemCode> All = [KillSwitchEngaged, ModerationUnavailable, PolicyUnavailable, StrikesUnknown, VersionUnknown];
}
