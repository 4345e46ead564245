namespace SomaStack.Agents.Sessions.Contracts;

/// <summary>Event types that the room writes to the journal; upper rooms hear them.</summary>
public static class SessionEvents
{
    public const string Started = "somastack.sessions.started.v1";
    public const string TurnOpened = "somastack.sessions.turn_opened.v1";
    public const string TurnSuspended = "somastack.sessions.turn_suspended.v1";
    public const string TurnPaused = "somastack.sessions.turn_paused.v1";
    public const string TurnResumed = "somastack.sessions.turn_resumed.v1";
    public const string TurnDenied = "somastack.sessions.turn_denied.v1";
    public const string TurnCompleted = "somastack.sessions.turn_completed.v1";
    public const string TurnFailed = "somastack.sessions.turn_failed.v1";
    public const string TurnCancelled = "somastack.sessions.turn_cancelled.v1";
    public const string Closed = "somastack.sessions.closed.v1";
}
