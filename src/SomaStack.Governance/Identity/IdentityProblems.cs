using SomaStack.Platform;

namespace SomaStack.Governance.Identity;

internal static class IdentityProblems
{
    public static readonly ProblemCode PrincipalUnknown = new("principal_unknown", ProblemKind.NotFound, "There is no such principal here", "See GET /v1/users for the principals of this tenant.");
    public static readonly ProblemCode PrincipalInactive = new("principal_inactive", ProblemKind.Forbidden, "The principal is not active", "Ask a tenant administrator to activate it.");
    public static readonly ProblemCode CapabilityNotHeld = new("capability_not_held", ProblemKind.Forbidden, "A capability is not held", "Ask only for capabilities that the granter and the holder have.");
    public static readonly ProblemCode OwnSignIn = new("own_sign_in", ProblemKind.Forbidden, "Only its holder's own sign-in carries this right", "Leave approval:decide out; whoever decides signs in himself, or gets a token from soma token --principal on the host.");
    public static readonly ProblemCode SelfLift = new("self_lift", ProblemKind.Forbidden, "Nobody changes his own rights", "Ask another administrator.");
    public static readonly ProblemCode TenantExists = new("tenant_exists", ProblemKind.Conflict, "The tenant exists", "Choose another id.");
    public static readonly ProblemCode CodeSpent = new("sign_in_code_spent", ProblemKind.NotFound, "The sign-in link is not valid", "Ask for a new link; each works once and not for long.");

    public static readonly ProblemCode PrincipalExists = new("principal_exists", ProblemKind.Conflict, "The principal exists", "Choose another id, or change the one that is there.");
    public static readonly ProblemCode RoleUnknown = new("role_unknown", ProblemKind.Invalid, "There is no such role", "See GET /v1/roles for the roles of this tenant.");
    public static readonly ProblemCode RolePublished = new("role_published", ProblemKind.Conflict, "A published role does not change", "Make a role of your own under another name.");
    public static readonly ProblemCode RoleHeld = new("role_held", ProblemKind.Conflict, "The role is held", "Take it from its holders first: GET /v1/users?role=….");
    public static readonly ProblemCode RoleLimit = new("role_limit", ProblemKind.Conflict, "The tenant has enough roles", "Remove one that nobody holds.");
    public static readonly ProblemCode SecretLimit = new("secret_limit", ProblemKind.Conflict, "The service has enough secrets", "Revoke one that is no longer used.");
    public static readonly ProblemCode KeyEnded = new("api_key_ended", ProblemKind.Conflict, "The API key works no more", "Make a new one with POST /v1/api-keys.");
    public static readonly ProblemCode FormRefused = new("form_refused", ProblemKind.Forbidden, "Another site sent this form", "Open the sign-in page itself and use its form.");
    public static readonly ProblemCode NoPerson = new("no_person", ProblemKind.Conflict, "There is no person behind this principal", "Sign in as a user who has set a password; services and API keys have neither password nor second factor.");
    public static readonly ProblemCode PersonShared = new("person_shared", ProblemKind.Forbidden, "The person is a user of other tenants too", "Ask the operator of the installation.");
    public static readonly ProblemCode PasswordWrong = new("password_wrong", ProblemKind.Forbidden, "The password is not right", "Send the present password; an administrator can give you a reset link.");
    public static readonly ProblemCode CodeWrong = new("code_wrong", ProblemKind.Forbidden, "The code is not right", "Send the code that the authenticator shows now; each works once.");
    public static readonly ProblemCode SignInDelayed = new("sign_in_delayed", ProblemKind.Busy, "Too many tries failed", "Wait for the seconds in Retry-After; an administrator can unlock the account.");
    public static readonly ProblemCode MfaEnrolled = new("mfa_enrolled", ProblemKind.Conflict, "There is a second factor already", "Remove it first with DELETE /v1/auth/mfa.");
    public static readonly ProblemCode MfaNotBegun = new("mfa_absent", ProblemKind.Conflict, "There is no second factor to do this with", "Begin with POST /v1/auth/mfa/enroll.");
    public static readonly ProblemCode TrainingLocked = new("training_locked", ProblemKind.Locked, "The tenant is being trained", "Wait until the time in the detail, or ask the holder; a tenant administrator can stop it with a reason.");
    public static readonly ProblemCode TrainingRunning = new("training_running", ProblemKind.Conflict, "Somebody trains already", "Wait, or stop it with POST /v1/training/stop.");
    public static readonly ProblemCode TrainingIdle = new("training_idle", ProblemKind.Conflict, "Nobody trains now", "There is nothing to stop.");

    public static readonly IReadOnlyList<ProblemCode> All =
    [
        PrincipalUnknown, PrincipalInactive, CapabilityNotHeld, OwnSignIn, SelfLift, TenantExists, CodeSpent, PrincipalExists, RoleUnknown, RolePublished, RoleHeld, RoleLimit, SecretLimit, KeyEnded,
        FormRefused, NoPerson, PersonShared, PasswordWrong, CodeWrong, SignInDelayed, MfaEnrolled, MfaNotBegun, TrainingLocked, TrainingRunning, TrainingIdle,
    ];
}
