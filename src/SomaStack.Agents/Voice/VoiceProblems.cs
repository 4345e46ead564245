using SomaStack.Platform;

namespace SomaStack.Agents.Voice;

internal static class VoiceProblems
{
    public static readonly ProblemCode NoConsent = new("voice_consent_missing", ProblemKind.Forbidden, "Nobody agreed to be heard", "Ask whoever speaks, then send \"consent\":true in the start message.");
    public static readonly ProblemCode OutOfOrder = new("voice_out_of_order", ProblemKind.Conflict, "This message makes no sense now", "Send start first and once, then audio, then end_of_speech; docs/voice.md has the order.");
    public static readonly ProblemCode Answering = new("voice_answering", ProblemKind.Conflict, "An answer is being made or spoken", "Send interrupt first, or wait for the state idle. What was sent meanwhile is dropped.");
    public static readonly ProblemCode TooLong = new("voice_utterance_too_long", ProblemKind.TooLarge, "The utterance is as long as it may be", "It ends here and is answered. Say the rest afterwards.");
    public static readonly ProblemCode TooMany = new("too_many_voices", ProblemKind.Busy, "Too many voices are open", "Close one, or try again after the seconds in Retry-After.");
    public static readonly ProblemCode Idle = new("voice_idle", ProblemKind.Slow, "Nothing came for too long", "Connect again when somebody speaks.");
    public static readonly ProblemCode Over = new("voice_time_over", ProblemKind.Slow, "The voice was open for as long as it may", "Connect again and name the session to go on in it.");
    public static readonly ProblemCode Slow = new("voice_slow_reader", ProblemKind.Slow, "The client does not read what it is sent", "Connect again and read while you send.");

    public static readonly IReadOnlyList<ProblemCode> All = [NoConsent, OutOfOrder, Answering, TooLong, TooMany, Idle, Over, Slow];
}
