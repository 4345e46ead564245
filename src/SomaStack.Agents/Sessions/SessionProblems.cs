using SomaStack.Platform;

namespace SomaStack.Agents.Sessions;

internal static class SessionProblems
{
    public static readonly ProblemCode Unknown = new("session_unknown", ProblemKind.NotFound, "There is no such session", "Check the id, or start one with POST /v1/sessions/start.");
    public static readonly ProblemCode PersonaUnknown = new("persona_unknown", ProblemKind.NotFound, "There is no such persona", "List them with GET /v1/personas.");
    public static readonly ProblemCode PersonaExists = new("persona_exists", ProblemKind.Conflict, "The persona exists", "Change it with PUT /v1/personas/{id}.");
    public static readonly ProblemCode Closed = new("session_closed", ProblemKind.Conflict, "The session is closed", "Start a new one.");
    public static readonly ProblemCode TurnRunning = new("turn_running", ProblemKind.Conflict, "A turn is being answered", "Wait for it on the event stream, or cancel it.");
    public static readonly ProblemCode TurnNotRunning = new("turn_not_running", ProblemKind.Conflict, "No turn is being answered", "There is nothing to cancel.");
    public static readonly ProblemCode ConstitutionMismatch = new("constitution_mismatch", ProblemKind.Forbidden, "The constitution is not the one that was pinned", "Read GET /v1/constitution and start a new session under it.");
    public static readonly ProblemCode PolicyDenied = new("policy_denied", ProblemKind.Forbidden, "The policy denies this", "See the reasons; each names its rule and what would help.");
    public static readonly ProblemCode RightsChanged = new("session_rights_changed", ProblemKind.Forbidden, "You no longer hold what you asked with", "Ask for the capabilities again and send the message anew.");
    public static readonly ProblemCode TooManyTurns = new("too_many_turns", ProblemKind.Busy, "Too many turns are being answered", "Try again after the seconds in Retry-After.");
    public static readonly ProblemCode Interrupted = new("turn_interrupted", ProblemKind.Unavailable, "The server stopped while the turn was being answered", "Send the message again; the session goes on.");
    public static readonly ProblemCode ModelFailed = new("model_failed", ProblemKind.Upstream, "The model did not answer", "Try again, or choose another model.");
    public static readonly ProblemCode BudgetSpent = new("turn_budget_spent", ProblemKind.Busy, "The budget of this work is spent", "Give it more tokens, or ask for less.");

    public static readonly ProblemCode TooManyToolRounds = new("too_many_tool_rounds", ProblemKind.Busy, "The turn used tools too often", "Ask for less at once, or allow more rounds.");
    public static readonly ProblemCode RunawayLoop = new("runaway_loop", ProblemKind.Conflict, "The model repeats itself", "Say what it should do with the answer, or ask in another way.");
    public static readonly ProblemCode ToolNameClash = new("tool_name_clash", ProblemKind.Conflict, "Two tools have one name", "Let the persona name one of them.");
    public static readonly ProblemCode TurnUnknown = new("turn_unknown", ProblemKind.NotFound, "There is no such turn", "List the session's turns with GET /v1/sessions/{id}.");
    public static readonly ProblemCode DelegationTooDeep = new("delegation_too_deep", ProblemKind.Conflict, "Agents asked agents too often", "Let an agent nearer to the question answer it.");
    public static readonly ProblemCode DelegationCycle = new("delegation_cycle", ProblemKind.Conflict, "An agent would ask itself", "Ask another persona.");

    public static readonly IReadOnlyList<ProblemCode> All =
    [
        Unknown, PersonaUnknown, PersonaExists, Closed, TurnRunning, TurnNotRunning, ConstitutionMismatch, PolicyDenied, RightsChanged,
        TooManyTurns, Interrupted, ModelFailed, BudgetSpent,
        TooManyToolRounds, RunawayLoop, ToolNameClash, TurnUnknown, DelegationTooDeep, DelegationCycle,
    ];

    public static Problem Of(SessionRefusal refusal) => refusal switch
    {
        SessionRefusal.Unknown => Unknown.Because("No session of yours has this id."),
        SessionRefusal.Closed => Closed.Because("The session takes no more messages."),
        SessionRefusal.TurnRunning => TurnRunning.Because("The session answers one message at a time."),
        SessionRefusal.ConstitutionChanged => ConstitutionMismatch.Because("The session is pinned to a constitution that is no longer the active one."),
        SessionRefusal.TurnNotOpen => TurnNotRunning.Because("The turn has already ended."),
        _ => PlatformProblems.Conflict.Because("The session exists already."),
    };
}
