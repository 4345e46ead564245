using SomaStack.Platform;

namespace SomaStack.Agents.Voice;

/// <summary>What a client says in text: start, end_of_speech, interrupt or stop. Sound comes in binary frames.</summary>
/// <param name="Consent">Whoever is heard has agreed to it; nothing begins without.</param>
/// <param name="Mode">push_to_talk or hands_free: who found the end of speech, a finger or a detector. It is recorded and changes nothing else.</param>
/// <param name="Language">ISO 639-1.</param>
/// <param name="SampleRate">16000, one channel, 16 bits, little end first.</param>
/// <param name="Session">To go on in it; else the first utterance starts one.</param>
/// <param name="Persona">Of a new session.</param>
/// <param name="Model">That answers.</param>
/// <param name="Transcriber">Model that hears.</param>
/// <param name="Speaker">Model that speaks.</param>
/// <param name="Speak">False for an answer in text alone.</param>
/// <param name="Captions">False for the final transcript alone.</param>
/// <param name="OnInterrupt">cancel ends the answer, keep lets it go on as text.</param>
/// <param name="Answer">Of an interrupt: the same, for this once.</param>
internal sealed record ClientFrame(
    string? Type, bool Consent = false, string Mode = "push_to_talk", string? Language = null, int SampleRate = 16_000, string? Session = null, string? Persona = null, string? Model = null,
    string? Transcriber = null, string? Speaker = null, string? Voice = null, bool Speak = true, bool Captions = true, string OnInterrupt = "cancel", string? Answer = null);

/// <param name="SpeechFault">Why nothing will be spoken although it was asked for.</param>
internal sealed record ReadyFrame(string Type, string VoiceId, string? SessionId, string Persona, TranscriberView Transcriber, SpeakerView? Speaker, VoiceFault? SpeechFault, BoundsView Limits);

/// <param name="Captions">Whether partial transcripts come.</param>
internal sealed record TranscriberView(string Model, string Provider, string? Language, bool Captions);

/// <param name="SampleRate">Of the binary frames that come: 16 bits, little end first, one channel.</param>
internal sealed record SpeakerView(string Model, string Provider, string Voice, int SampleRate);

internal sealed record BoundsView(int FrameBytes, int UtteranceSeconds, int IdleSeconds, int TotalSeconds, double Speed);

/// <param name="State">idle, hearing, recognising, answering or speaking.</param>
internal sealed record StateFrame(string Type, string State);

/// <param name="Final">False for a caption: it may still change.</param>
/// <param name="Confidence">From 0 to 1 when the model says it; null is unknown.</param>
/// <param name="Seconds">Of the sound that it was made of.</param>
/// <param name="ElapsedMs">That hearing took.</param>
internal sealed record TranscriptFrame(
    string Type, int Utterance, bool Final, string Text, double? Confidence, double Seconds, double ElapsedMs, string Model, string? SessionId = null, string? TurnId = null);

/// <summary>The binary frames up to <c>speech_end</c> say this.</summary>
internal sealed record SpeechFrame(string Type, int Utterance, int Index, string Text, int SampleRate, int Bytes);

/// <param name="Complete">False when it was interrupted.</param>
internal sealed record SpeechEndFrame(string Type, int Utterance, int Index, bool Complete);

/// <summary>Sound comes faster than it may: the reader waits, and so must the sender.</summary>
internal sealed record PressureFrame(string Type, double WaitMs);

internal sealed record ErrorFrame(string Type, int? Utterance, VoiceFault Problem);

/// <summary>A problem as routes answer it, without its address.</summary>
internal sealed record VoiceFault(string Code, int Status, string Title, string Detail, string Remedy, IReadOnlyList<Reason> Reasons, IReadOnlyList<FieldError> Errors, string? Approval)
{
    public static VoiceFault Of(Problem problem) =>
        new(problem.Code.Code, (int)problem.Code.Kind, problem.Code.Title, problem.Detail, problem.Code.Remedy, problem.Reasons, problem.Errors, problem.Approval);
}
