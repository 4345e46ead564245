using SomaStack.Platform;

namespace SomaStack.Governance.Constitution;

internal static class ConstitutionProblems
{
    public static readonly ProblemCode Missing = new("constitution_missing", ProblemKind.Unavailable, "No constitution is active", "Load a signed constitution and activate it; nothing acts without one.");
    public static readonly ProblemCode Unverified = new("constitution_unverified", ProblemKind.Unavailable, "The constitution does not verify", "Restore the signed document, or load and activate a newer signed version; nothing acts until then.");
    public static readonly ProblemCode SignatureInvalid = new("constitution_signature_invalid", ProblemKind.Invalid, "Too few pinned keys signed this", "Sign the statement of POST /v1/constitution/checksum with as many pinned Ed25519 keys as the active version asks for.");
    public static readonly ProblemCode Replayed = new("constitution_replayed", ProblemKind.Conflict, "The version is not newer", "Issue the document under a higher version and sign that.");
    public static readonly ProblemCode NotCandidate = new("constitution_not_candidate", ProblemKind.Conflict, "The version cannot be activated", "Activate a version that was loaded after the active one; an older document comes back by a rollback.");
    public static readonly ProblemCode OverlayLoosens = new("constitution_overlay_loosens", ProblemKind.Invalid, "An overlay may only tighten", "Ask for less than the constitution allows in each of the named places.");

    public static readonly IReadOnlyList<ProblemCode> All = [Missing, Unverified, SignatureInvalid, Replayed, NotCandidate, OverlayLoosens];
}
