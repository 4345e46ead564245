namespace SomaStack.Agents.Voice;

/// <summary>How much one voice, one person and one tenant may take.</summary>
internal static class VoiceLimits
{
    /// <summary>16 bits at 16 kHz, one channel.</summary>
    public const int BytesOfSecond = 32_000;

    /// <summary>A second and a little; browsers send 20 to 100 ms.</summary>
    public const int FrameBytesMax = 32 << 10;

    /// <summary>Shorter than a syllable: nothing was said.</summary>
    public const int UtteranceBytesMin = BytesOfSecond / 10;

    public const int UtteranceBytesMax = 60 * BytesOfSecond;

    /// <summary>Utterances whose answers are still under way, when the speaker keeps them and goes on.</summary>
    public const int PendingMax = 3;

    /// <summary>Messages that could not be understood before the connection ends.</summary>
    public const int FaultsMax = 5;

    public const int VoicesOfPrincipal = 2;
    public const int VoicesOfTenant = 16;
    public const int Voices = 32;

    /// <summary>Sentences that wait to be spoken; the answer's text waits for them, never the answer itself.</summary>
    public const int SentencesMax = 64;

    public const int SentenceLengthMax = 280;

    /// <summary>Captions of one utterance: each hears all of it again.</summary>
    public const int CaptionsMax = 8;

    /// <summary>Of new sound before a caption is worth hearing everything again.</summary>
    public const int CaptionBytesMin = BytesOfSecond * 3 / 2;

    /// <summary>Beyond that captions come too late to be of use.</summary>
    public const int CaptionBytesMax = 30 * BytesOfSecond;

    /// <summary>Binary frames of speech: 100 ms at 24 kHz.</summary>
    public const int SpeechFrameBytes = 4_800;

    /// <summary>So much speech is sent before it is heard; an interrupt need not throw away more.</summary>
    public static readonly TimeSpan SpeechAhead = TimeSpan.FromSeconds(5);

    /// <summary>How often the clock, the credential and the kill switch are looked at.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    public static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(5);

    public static readonly TimeSpan TotalMax = TimeSpan.FromHours(1);

    /// <summary>A write that its peer does not take for so long makes it slow.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);
}
