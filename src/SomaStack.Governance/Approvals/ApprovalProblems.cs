using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

internal static class ApprovalProblems
{
    public static readonly ProblemCode Unknown = new("approval_unknown", ProblemKind.NotFound, "There is no such approval", "Check the id; others' approvals look the same as unknown ones.");
    public static readonly ProblemCode Pending = new("approval_pending", ProblemKind.Conflict, "The approval is still pending", "Wait until somebody has decided it; GET /v1/approvals/{id} says when it expires.");
    public static readonly ProblemCode Spent = new("approval_spent", ProblemKind.Conflict, "The approval has been used", "Ask for a new one; each is good for one action.");
    public static readonly ProblemCode Decided = new("approval_decided", ProblemKind.Conflict, "The approval has been decided", "Read it; a decision stands.");
    public static readonly ProblemCode OtherDigest = new("approval_digest_mismatch", ProblemKind.Conflict, "The digest is not the approval's", "Read the approval again and decide what it shows.");
    public static readonly ProblemCode Rejected = new("approval_rejected", ProblemKind.Forbidden, "The approval was refused", "Read the comment of whoever refused it, then ask for something else.");
    public static readonly ProblemCode Expired = new("approval_expired", ProblemKind.Forbidden, "The approval has expired", "Ask for a new one.");
    public static readonly ProblemCode Void = new("approval_void", ProblemKind.Forbidden, "The approval does not cover this action any more", "Ask for a new one; the detail says what has changed.");
    public static readonly ProblemCode Own = new("approval_own", ProblemKind.Forbidden, "Nobody approves what he asked for", "Let another principal with approval:decide decide it.");

    public static readonly ProblemCode OneHand = new("approval_one_hand", ProblemKind.Forbidden, "One person may be behind both accounts", "Let somebody decide whom neither the requester nor his inviter let in; on the host, soma token --principal ID --link makes an account its holder's own.");

    public static readonly IReadOnlyList<ProblemCode> All = [Unknown, Pending, Spent, Decided, OtherDigest, Rejected, Expired, Void, Own, OneHand];

    public static Problem Of(ApprovalRefusal refusal, ApprovalFacts facts) => refusal switch
    {
        ApprovalRefusal.Unknown => Unknown.Because("No approval of yours has this id."),
        ApprovalRefusal.Own => Own.Because("You asked for this yourself, so somebody else must decide it."),
        ApprovalRefusal.OneHand => OneHand.Because("One of the two accounts let the other in, or somebody let in both, and so could be both."),
        ApprovalRefusal.CapabilityMissing => PlatformProblems.MissingCapability.Because($"Approving this needs the capabilities '{Capability.ApprovalDecide}'{(facts.Needs is { } needed ? $" and '{needed}'" : "")}."),
        ApprovalRefusal.StepUp => PlatformProblems.StepUpRequired.Because("This decision needs a second factor that was proven within the last five minutes."),
        ApprovalRefusal.OtherDigest => OtherDigest.Because("What you looked at is not what would be approved."),
        ApprovalRefusal.Pending => Pending.Because("Nobody has decided it yet."),
        ApprovalRefusal.Decided => Decided.Because("It was decided before."),
        ApprovalRefusal.Rejected => Rejected.Because("It was refused."),
        ApprovalRefusal.Spent => Spent.Because("It was used once before."),
        ApprovalRefusal.Expired => Expired.Because("Its time is over."),
        ApprovalRefusal.ActionChanged => Void.Because("The arguments, the policy or the constitution are not those that were approved."),
        ApprovalRefusal.RightsChanged => Void.Because(ApprovalDecider.Sentence(ApprovalDecider.RightsChanged)),
        ApprovalRefusal.Returned => Void.Because("It was returned unused. " + ApprovalDecider.Sentence(facts.ReturnCode ?? "")),
        _ => PlatformProblems.Conflict.Because("The approval does not allow this now."),
    };
}
