using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Governance.Approvals;

/// <summary>What the decider needs to know of an approval. <c>Version</c> counts its events.</summary>
/// <param name="Needs">Beside <c>approval:decide</c>; null when that suffices.</param>
internal sealed record ApprovalFacts(
    ApprovalState State, long Version, string Digest, string Requester, DateTimeOffset ExpiresAt, bool StepUp, string? Needs, string? Session, string? ReturnCode);

internal abstract record ApprovalCommand;

/// <param name="Digest">What the decider saw.</param>
internal sealed record DecideCommand(string Id, bool Approves, string By, CapabilitySet Held, DateTimeOffset? MfaAt, string Digest, string? Comment, DateTimeOffset At) : ApprovalCommand
{
    /// <summary>One person may be behind the decider and whoever asked.</summary>
    public bool OneHand { get; init; }
}

/// <param name="Digest">Of what is about to happen.</param>
/// <param name="DeciderHolds">Whoever approved still holds what approving needs.</param>
internal sealed record ClaimCommand(string Id, string By, string Digest, bool DeciderHolds, DateTimeOffset At) : ApprovalCommand
{
    /// <summary>One person may be behind whoever approved and whoever asked, as it is known now.</summary>
    public bool OneHand { get; init; }
}

internal sealed record WithdrawCommand(string Id, string By, string Reason) : ApprovalCommand;

/// <param name="Code"><c>action_changed</c>, <c>rights_changed</c> or <c>one_hand</c>, as a claim found it.</param>
internal sealed record VoidCommand(string Id, string Code) : ApprovalCommand;

internal sealed record ExpireCommand(string Id, DateTimeOffset At) : ApprovalCommand;

internal enum ApprovalRefusal
{
    Unknown,
    Own,
    OneHand,
    CapabilityMissing,
    StepUp,
    OtherDigest,
    Pending,
    Decided,
    Rejected,
    Spent,
    Expired,
    Returned,
    ActionChanged,
    RightsChanged,
    NotDue,
}

/// <summary>Exactly one of the two is set.</summary>
internal sealed record ApprovalDecision(object? Event, ApprovalRefusal? Refusal);

/// <summary>
/// The rules of an approval, pure: pending → approved | rejected | expired | voided, approved → claimed | expired | voided. At the very
/// instant at which it expires it is expired.
/// </summary>
internal static class ApprovalDecider
{
    public static readonly TimeSpan StepUpAge = TimeSpan.FromMinutes(5);

    public const string ActionChanged = "action_changed";
    public const string RightsChanged = "rights_changed";
    public const string OneHand = "one_hand";
    public const string Expired = "expired";
    public const string Withdrawn = "withdrawn";

    public static ApprovalDecision Decide(ApprovalFacts facts, ApprovalCommand command) => command switch
    {
        DecideCommand decide => Decide(facts, decide),
        ClaimCommand claim => Claim(facts, claim),
        WithdrawCommand withdraw => withdraw.By != facts.Requester ? No(ApprovalRefusal.Unknown)
            : IsOpen(facts) ? Yes(Returned(facts, withdraw.Id, Withdrawn, withdraw.Reason)) : No(Over(facts)),
        VoidCommand voided => facts.State == ApprovalState.Approved
            ? Yes(Returned(facts, voided.Id, voided.Code, Sentence(voided.Code))) : No(facts.State == ApprovalState.Pending ? ApprovalRefusal.Pending : Over(facts)),
        ExpireCommand expire => !IsOpen(facts) ? No(Over(facts)) : expire.At < facts.ExpiresAt ? No(ApprovalRefusal.NotDue)
            : Yes(Returned(facts, expire.Id, Expired, Sentence(Expired))),
        _ => throw new ArgumentOutOfRangeException(nameof(command)),
    };

    public static ApprovalFacts Apply(ApprovalFacts facts, object happened)
    {
        var next = facts with { Version = facts.Version + 1 };
        return happened switch
        {
            ApprovalDecided decided => next with { State = decided.Decision == "approve" ? ApprovalState.Approved : ApprovalState.Rejected },
            ApprovalExecuted => next with { State = ApprovalState.Claimed },
            ApprovalReturned returned => next with { State = returned.Code == Expired ? ApprovalState.Expired : ApprovalState.Voided, ReturnCode = returned.Code },
            _ => throw new ArgumentOutOfRangeException(nameof(happened)),
        };
    }

    public static string Sentence(string code) => code switch
    {
        Expired => "Nobody used it in time.",
        ActionChanged => "The action was no longer the one that was approved.",
        RightsChanged => "Whoever approved it no longer holds what approving it needs.",
        OneHand => "One person may be behind whoever asked and whoever approved.",
        _ => "It was withdrawn.",
    };

    private static ApprovalDecision Decide(ApprovalFacts facts, DecideCommand decide)
    {
        if (!decide.Held.Has(Capability.ApprovalDecide)) return No(ApprovalRefusal.CapabilityMissing);
        if (decide.By == facts.Requester) return No(ApprovalRefusal.Own);
        if (facts.State != ApprovalState.Pending) return No(facts.State is ApprovalState.Expired or ApprovalState.Voided ? Over(facts) : ApprovalRefusal.Decided);
        if (decide.At >= facts.ExpiresAt) return No(ApprovalRefusal.Expired);
        if (!string.Equals(decide.Digest, facts.Digest, StringComparison.Ordinal)) return No(ApprovalRefusal.OtherDigest);
        if (!decide.Approves) return Yes(new ApprovalDecided(decide.Id, "reject", decide.By, decide.Comment, facts.Requester, facts.Session));
        // Saying no takes less than saying yes: it stops an action, and that must never wait for a second factor.
        if (facts.Needs is { } needed && !decide.Held.Has(needed)) return No(ApprovalRefusal.CapabilityMissing);
        if (decide.OneHand) return No(ApprovalRefusal.OneHand);
        if (facts.StepUp && !(decide.MfaAt is { } at && at <= decide.At && decide.At - at < StepUpAge)) return No(ApprovalRefusal.StepUp);
        return Yes(new ApprovalDecided(decide.Id, "approve", decide.By, decide.Comment, facts.Requester, facts.Session));
    }

    private static ApprovalDecision Claim(ApprovalFacts facts, ClaimCommand claim)
    {
        // Whose it is not hears that there is none, so that nobody can void another's.
        if (claim.By != facts.Requester) return No(ApprovalRefusal.Unknown);
        if (facts.State != ApprovalState.Approved) return No(facts.State == ApprovalState.Pending ? claim.At >= facts.ExpiresAt ? ApprovalRefusal.Expired : ApprovalRefusal.Pending : Over(facts));
        if (claim.At >= facts.ExpiresAt) return No(ApprovalRefusal.Expired);
        if (!string.Equals(claim.Digest, facts.Digest, StringComparison.Ordinal)) return No(ApprovalRefusal.ActionChanged);
        if (!claim.DeciderHolds) return No(ApprovalRefusal.RightsChanged);
        if (claim.OneHand) return No(ApprovalRefusal.OneHand);
        return Yes(new ApprovalExecuted(claim.Id, facts.Digest, claim.By));
    }

    private static bool IsOpen(ApprovalFacts facts) => facts.State is ApprovalState.Pending or ApprovalState.Approved;

    private static ApprovalRefusal Over(ApprovalFacts facts) => facts.State switch
    {
        ApprovalState.Rejected => ApprovalRefusal.Rejected,
        ApprovalState.Claimed => ApprovalRefusal.Spent,
        ApprovalState.Expired => ApprovalRefusal.Expired,
        _ => ApprovalRefusal.Returned,
    };

    private static ApprovalReturned Returned(ApprovalFacts facts, string id, string code, string detail) => new(id, code, detail, facts.Requester, facts.Session);

    private static ApprovalDecision Yes(object happened) => new(happened, null);

    private static ApprovalDecision No(ApprovalRefusal refusal) => new(null, refusal);
}
