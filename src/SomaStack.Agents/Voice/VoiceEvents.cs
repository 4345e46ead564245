namespace SomaStack.Agents.Voice.Contracts;

/// <summary>Event types that the room writes to the journal; the subject is <c>voice/ID</c>. Counts, durations and digests, never sound and never words.</summary>
public static class VoiceEvents
{
    public const string Opened = "somastack.voice.opened.v1";
    public const string Heard = "somastack.voice.heard.v1";
    public const string Spoken = "somastack.voice.spoken.v1";
    public const string Closed = "somastack.voice.closed.v1";
}

/// <summary>Somebody agreed to be heard. Durable before the first sound is taken.</summary>
/// <param name="Speaker">Null when nothing is spoken.</param>
public sealed record VoiceOpened(
    bool Consent, string Principal, string Mode, string? Language, string? SessionId, string Persona, string Transcriber, string? Speaker, string? Voice);

/// <param name="AudioSha256">Of its samples as they came; they themselves are kept nowhere.</param>
/// <param name="Captions">How often it was heard before it was over.</param>
/// <param name="TurnId">Null when no words were in it or they were refused.</param>
/// <param name="Code">Of the refusal.</param>
public sealed record VoiceHeard(
    int Utterance, double Seconds, long Bytes, string AudioSha256, int TextChars, string TextSha256, int Captions, string Model, string CallId, string? SessionId, string? TurnId, string? Code);

/// <param name="Sentences">That were sent whole.</param>
/// <param name="Interrupted">By whom it spoke to.</param>
public sealed record VoiceSpoken(int Utterance, string TurnId, int Sentences, double Seconds, bool Interrupted);

/// <param name="Reason">stop, gone, or the code of what ended it.</param>
/// <param name="DroppedBytes">Of sound that came while an answer was under way.</param>
public sealed record VoiceClosed(string Reason, int Utterances, double HeardSeconds, double SpokenSeconds, long DroppedBytes, double OpenSeconds);
