using SomaStack.Governance.Policy.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Policy;

internal static class PolicyProblems
{
    public static readonly ProblemCode KillSwitchEngaged = new(KillSwitchProblems.EngagedCode, ProblemKind.Unavailable, "The kill switch is engaged", "Wait until an operator releases it; the detail names scope and reason.");
    public static readonly ProblemCode ModerationUnavailable = new(ModerationProblems.UnavailableCode, ProblemKind.Unavailable, "The text cannot be checked now", "Try again later; nothing goes on unchecked.");
    public static readonly ProblemCode PolicyUnavailable = new("policy_unavailable", ProblemKind.Unavailable, "The policy cannot be read now", "Try again later; nothing is allowed without a policy.");
    public static readonly ProblemCode SettingsDenied = new("settings_denied", ProblemKind.Forbidden, "The gate denies this change of settings", "See the reasons; ask a policy owner, or change less.");
    public static readonly ProblemCode StrikesUnknown = new("moderation_principal_unknown", ProblemKind.NotFound, "This principal has no strikes", "See GET /v1/moderation/strikes.");
    public static readonly ProblemCode VersionUnknown = new("policy_version_unknown", ProblemKind.NotFound, "There is no such version of the policy", "See GET /v1/policies/versions for those that this tenant wrote.");
    public static readonly ProblemCode NotLocked = new("moderation_not_locked", ProblemKind.Conflict, "You are not locked", "There is nothing to appeal against; see GET /v1/moderation/standing.");
    public static readonly ProblemCode AppealOpen = new("moderation_appeal_open", ProblemKind.Conflict, "An appeal of yours is open", "Wait for an operator's decision; see GET /v1/moderation/standing.");
    public static readonly ProblemCode AppealsUsedUp = new("moderation_appeals_used_up", ProblemKind.Conflict, "No further appeal is taken", "Speak to an operator of your tenant; this lock was appealed against often enough.");
    public static readonly ProblemCode AppealUnknown = new("moderation_appeal_unknown", ProblemKind.NotFound, "There is no such appeal", "See GET /v1/moderation/appeals.");
    public static readonly ProblemCode AppealDecided = new("moderation_appeal_decided", ProblemKind.Conflict, "The appeal is decided", "Read it again; a decision stands.");
    public static readonly ProblemCode AppealOwn = new("moderation_appeal_own", ProblemKind.Forbidden, "Nobody decides their own appeal", "Ask another operator with moderation:review.");

    public static readonly IReadOnlyList<ProblemCode> All =
    [
        KillSwitchEngaged, ModerationProblems.Blocked, ModerationUnavailable, PolicyUnavailable, SettingsDenied, StrikesUnknown, VersionUnknown, NotLocked, AppealOpen,
        AppealsUsedUp, AppealUnknown, AppealDecided, AppealOwn,
    ];
}
