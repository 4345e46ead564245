using System.Text.Json.Serialization;

namespace SomaStack.Agents.Sessions;

internal enum SessionStatus
{
    Active,
    Closed,
}

/// <summary>What the decider needs to know of a session. <c>Version</c> counts its events; <c>OpenTurn</c> is the turn that is being answered or waits.</summary>
/// <param name="Awaits">The approval that the open turn waits for, or <see cref="Tools"/>; null while it is being answered.</param>
internal sealed record SessionState(SessionStatus Status, long Version, string? ConstitutionHash, string? OpenTurn, long Turns, string? Awaits = null)
{
    /// <summary>Its tool calls wait, each for an approval of its own.</summary>
    public const string Tools = "tools";

    public static readonly SessionState None = new(SessionStatus.Active, 0, null, null, 0);
}

internal abstract record SessionCommand;

internal sealed record StartCommand(SessionStarted Event) : SessionCommand;

/// <param name="ActiveConstitution">The hash that is in force now; it must be the pinned one.</param>
internal sealed record OpenTurnCommand(TurnOpened Event, string ActiveConstitution) : SessionCommand;

/// <param name="ActiveConstitution">As for opening it.</param>
internal sealed record SuspendTurnCommand(TurnSuspended Event, string ActiveConstitution) : SessionCommand;

internal sealed record DenyTurnCommand(TurnDenied Event) : SessionCommand;

internal sealed record PauseTurnCommand(TurnPaused Event) : SessionCommand;

/// <param name="ActiveConstitution">As for opening it.</param>
internal sealed record ResumeTurnCommand(TurnResumed Event, string ActiveConstitution) : SessionCommand;

internal sealed record CompleteTurnCommand(TurnCompleted Event) : SessionCommand;

internal sealed record FailTurnCommand(TurnFailed Event) : SessionCommand;

internal sealed record CancelTurnCommand(TurnCancelled Event) : SessionCommand;

internal sealed record CloseCommand(SessionClosed Event) : SessionCommand;

/// <summary>Events hold digests and counts, never the words: the words live in the turn's row, where they can be deleted.</summary>
internal abstract record SessionEvent;

internal sealed record SessionStarted(string Persona, string Principal, string ClientType, string ConstitutionHash, long ConstitutionVersion) : SessionEvent;

/// <param name="Parent">The turn that it follows. Lines of before there were branches have none, and are written as they were; likewise below.</param>
/// <param name="ReservationId">Also the id of the call that it was opened with.</param>
internal sealed record TurnOpened(
    string TurnId, long Number, string PromptSha256, long PromptChars, string Provider, string Model, string ReservationId,
    string PolicyDigest, double PolicyScore, IReadOnlyList<string> Memories,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Parent = null) : SessionEvent;

/// <summary>The turn waits for a second person before any model is called.</summary>
internal sealed record TurnSuspended(string TurnId, long Number, string PromptSha256, long PromptChars, string Model, string ApprovalId, string ApprovalDigest,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Parent = null) : SessionEvent;

/// <summary>Tool calls of the turn wait for a second person; it is answered by nobody until then.</summary>
internal sealed record TurnPaused(string TurnId, int Round, IReadOnlyList<string> Approvals) : SessionEvent;

internal sealed record TurnResumed(string TurnId, int Round, IReadOnlyList<string> Approvals) : SessionEvent;

/// <param name="Code">Why nobody's yes came: <c>approval_rejected</c>, <c>approval_expired</c>, <c>approval_void</c>, …</param>
internal sealed record TurnDenied(string TurnId, string ApprovalId, string Code) : SessionEvent;

/// <param name="CostNanos">Null when the price or the token counts are unknown.</param>
/// <param name="Model">That answered; another one may have been asked first, which <see cref="TurnOpened"/> names. Lines of before it was told have none, and are written as they were.</param>
internal sealed record TurnCompleted(
    string TurnId, string AnswerSha256, long AnswerChars, long? InputTokens, long? OutputTokens, long? CostNanos, string Currency,
    string? FinishReason, string? MemoryId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Provider = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Model = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? CallId = null) : SessionEvent;

internal sealed record TurnFailed(string TurnId, string Code, long AnswerChars) : SessionEvent;

internal sealed record TurnCancelled(string TurnId, string By, long AnswerChars, long? InputTokens, long? OutputTokens) : SessionEvent;

internal sealed record SessionClosed(string By) : SessionEvent;

/// <summary>
/// The rules of a conversation, pure: no clock, no random, no I/O. A command is either refused with a <see cref="SessionRefusal"/>
/// or yields exactly one event; applying the events of the journal in order gives the state back.
/// </summary>
internal static class SessionDecider
{
    public static SessionDecision Decide(SessionState state, SessionCommand command) => command switch
    {
        StartCommand start => state.Version == 0 ? Yes(start.Event) : No(SessionRefusal.Exists),
        _ when state.Version == 0 => No(SessionRefusal.Unknown),
        OpenTurnCommand open => Open(state, open),
        SuspendTurnCommand suspend => Begins(state, suspend.ActiveConstitution) is { } refusal ? No(refusal) : Yes(suspend.Event with { Number = state.Turns + 1 }),
        DenyTurnCommand deny => state.Awaits == deny.Event.ApprovalId ? Ends(state, deny.Event.TurnId, deny.Event) : No(SessionRefusal.TurnNotOpen),
        PauseTurnCommand pause => state.Awaits is null ? Ends(state, pause.Event.TurnId, pause.Event) : No(SessionRefusal.TurnNotOpen),
        ResumeTurnCommand resume => state.Awaits != SessionState.Tools ? No(SessionRefusal.TurnNotOpen)
            : state.ConstitutionHash != resume.ActiveConstitution ? No(SessionRefusal.ConstitutionChanged) : Ends(state, resume.Event.TurnId, resume.Event),
        // What paused may end without going on: its asker holds no longer what it was asked with.
        FailTurnCommand fail when state.Awaits == SessionState.Tools => Ends(state, fail.Event.TurnId, fail.Event),
        CompleteTurnCommand or FailTurnCommand when state.Awaits is not null => No(SessionRefusal.TurnNotOpen),
        CompleteTurnCommand complete => Ends(state, complete.Event.TurnId, complete.Event),
        FailTurnCommand fail => Ends(state, fail.Event.TurnId, fail.Event),
        CancelTurnCommand cancel => Ends(state, cancel.Event.TurnId, cancel.Event),
        CloseCommand close => state.Status == SessionStatus.Closed ? No(SessionRefusal.Closed) : state.OpenTurn is null ? Yes(close.Event) : No(SessionRefusal.TurnRunning),
        _ => throw new ArgumentOutOfRangeException(nameof(command)),
    };

    public static SessionState Apply(SessionState state, SessionEvent happened)
    {
        var next = state with { Version = state.Version + 1 };
        return happened switch
        {
            SessionStarted started => next with { ConstitutionHash = started.ConstitutionHash },
            TurnSuspended suspended => next with { OpenTurn = suspended.TurnId, Turns = suspended.Number, Awaits = suspended.ApprovalId },
            TurnPaused => next with { Awaits = SessionState.Tools },
            TurnResumed => next with { Awaits = null },
            TurnOpened opened => next with { OpenTurn = opened.TurnId, Turns = opened.Number, Awaits = null },
            TurnCompleted or TurnFailed or TurnCancelled or TurnDenied => next with { OpenTurn = null, Awaits = null },
            SessionClosed => next with { Status = SessionStatus.Closed },
            _ => throw new ArgumentOutOfRangeException(nameof(happened)),
        };
    }

    private static SessionDecision Open(SessionState state, OpenTurnCommand open)
    {
        // The turn that waited goes on under the number that it has.
        var waited = state.Awaits is not (null or SessionState.Tools) && state.OpenTurn == open.Event.TurnId;
        if (Begins(waited ? state with { OpenTurn = null } : state, open.ActiveConstitution) is { } refusal) return No(refusal);
        return Yes(open.Event with { Number = waited ? state.Turns : state.Turns + 1 });
    }

    /// <summary>Why no turn can begin now, or null.</summary>
    private static SessionRefusal? Begins(SessionState state, string activeConstitution) =>
        state.Status == SessionStatus.Closed ? SessionRefusal.Closed
        : state.OpenTurn is not null ? SessionRefusal.TurnRunning
        : state.ConstitutionHash != activeConstitution ? SessionRefusal.ConstitutionChanged : null;

    private static SessionDecision Ends(SessionState state, string turn, SessionEvent happened) =>
        state.OpenTurn == turn ? Yes(happened) : No(SessionRefusal.TurnNotOpen);

    private static SessionDecision Yes(SessionEvent happened) => new(happened, null);

    private static SessionDecision No(SessionRefusal refusal) => new(null, refusal);
}

internal enum SessionRefusal
{
    Exists,
    Unknown,
    Closed,
    TurnRunning,
    TurnNotOpen,
    ConstitutionChanged,
}

/// <summary>Exactly one of the two is set.</summary>
internal sealed record SessionDecision(SessionEvent? Event, SessionRefusal? Refusal);
