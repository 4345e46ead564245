using SomaStack.Platform;

namespace SomaStack.Agents.Capsules;

internal static class CapsuleProblems
{
    public static readonly ProblemCode Unknown = new("capsule_unknown", ProblemKind.NotFound, "There is no such capsule", "List them with GET /v1/capsules.");
    public static readonly ProblemCode NotApproved = new("capsule_not_approved", ProblemKind.Conflict, "No such version is approved", "Have somebody else review its submission, or name an approved version.");
    public static readonly ProblemCode Invalid = new("capsule_invalid", ProblemKind.Invalid, "The capsule has faults", "Mend what the list names; POST /v1/capsules/validate shows it without submitting.");
    public static readonly ProblemCode VersionTaken = new("capsule_version_taken", ProblemKind.Conflict, "This version was submitted before", "A version never changes. Raise it and submit again.");
    public static readonly ProblemCode SubmissionUnknown = new("submission_unknown", ProblemKind.NotFound, "There is no such submission", "List them with GET /v1/submissions.");
    public static readonly ProblemCode SubmissionState = new("submission_state", ProblemKind.Conflict, "The submission is not in that state", "Only pending submissions are reviewed, and only approved ones revoked.");
    public static readonly ProblemCode OwnSubmission = new("own_submission", ProblemKind.Forbidden, "Nobody reviews their own capsule", "Ask somebody else, whom neither of you let in, to review it.");
    public static readonly ProblemCode AttestationMismatch = new("attestation_mismatch", ProblemKind.Malformed, "The attestation is not of this definition", "Hash the definition as docs/capsules.md says, and sign that hash with a pinned key.");
    public static readonly ProblemCode KeyUnknown = new("capsule_key_unknown", ProblemKind.NotFound, "No such key is pinned", "Pin it first with POST /v1/capsule-keys.");

    public static readonly IReadOnlyList<ProblemCode> All =
        [Unknown, NotApproved, Invalid, VersionTaken, SubmissionUnknown, SubmissionState, OwnSubmission, AttestationMismatch, KeyUnknown];

    /// <summary>422 with every error and its place.</summary>
    public static Problem Of(IReadOnlyList<CapsuleFault> faults)
    {
        var errors = faults.Where(static fault => fault.Severity == CapsuleFault.Error).ToList();
        return new Problem(Invalid, $"It has {errors.Count} {(errors.Count == 1 ? "fault" : "faults")}. The first: {errors[0].Message} (line {errors[0].Line}, column {errors[0].Column})")
        {
            Errors = [.. errors.Take(100).Select(static fault => new FieldError($"definition:{fault.Line}:{fault.Column}", $"{fault.Code}: {fault.Message}"))],
        };
    }
}
