using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

internal enum SubmissionStatus
{
    Pending,
    Approved,
    Rejected,
    Revoked,
}

/// <summary>What the rules know of a submission.</summary>
internal sealed record SubmissionFacts(SubmissionStatus Status, string Author);

internal enum ReviewDecision
{
    Approve,
    Reject,
}

/// <summary>pending → approved or rejected, once; approved → revoked, once. A version that was ever submitted is used up.</summary>
internal static class SubmissionRules
{
    /// <param name="oneHand">One person may be behind author and reviewer.</param>
    /// <exception cref="Problem">Why not.</exception>
    public static SubmissionStatus Review(SubmissionFacts facts, string reviewer, bool oneHand, ReviewDecision decision)
    {
        if (facts.Author == reviewer) throw CapsuleProblems.OwnSubmission.Because("You submitted this capsule yourself.");
        if (oneHand) throw CapsuleProblems.OwnSubmission.Because("You and its author may be one person: one of you let the other in, or somebody let in both.");
        if (facts.Status != SubmissionStatus.Pending) throw CapsuleProblems.SubmissionState.Because($"It is {facts.Status.ToString().ToLowerInvariant()} already.");
        return decision == ReviewDecision.Approve ? SubmissionStatus.Approved : SubmissionStatus.Rejected;
    }

    /// <exception cref="Problem">Why not.</exception>
    public static SubmissionStatus Revoke(SubmissionFacts facts) =>
        facts.Status == SubmissionStatus.Approved ? SubmissionStatus.Revoked : throw CapsuleProblems.SubmissionState.Because($"It is {facts.Status.ToString().ToLowerInvariant()}, and only an approved one can be revoked.");
}
