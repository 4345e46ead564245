using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference.Contracts;

/// <summary>Hears and speaks for a live channel. Each utterance and each sentence is a governed call: gate, reservation, journal line, settlement.</summary>
public interface ISpeech
{
    /// <param name="model">As in <c>POST /v1/audio/transcriptions</c>; null for the tenant's choice, else the offline one.</param>
    /// <param name="language">ISO 639-1; null leaves it to the model.</param>
    /// <exception cref="Problem">404 for an unknown model, 422 for a language it does not hear, 503 when none is named and the offline one is not installed.</exception>
    ValueTask<Transcriber> TranscriberAsync(RequestContext context, string? model, string? language, CancellationToken cancellationToken);

    /// <param name="voice">Null for the offline model's first; a provider's must be named.</param>
    /// <exception cref="Problem">As above.</exception>
    ValueTask<Speaker> SpeakerAsync(RequestContext context, string? model, string? voice, string? language, CancellationToken cancellationToken);

    /// <summary>Whether hearing an unfinished utterance keeps nobody waiting.</summary>
    bool IsAtLeisure { get; }

    /// <param name="pcm">Samples of 16 bits, little end first, one channel, <see cref="Transcriber.Rate"/>.</param>
    /// <param name="isCaption">Of what is still being said: its own purpose in journal and ledger.</param>
    /// <exception cref="Problem">As a model call.</exception>
    Task<HeardWords> HearAsync(RequestContext context, Transcriber transcriber, ReadOnlyMemory<byte> pcm, bool isCaption, CancellationToken cancellationToken);

    /// <exception cref="Problem">As a model call; 422 when the voice cannot read the text.</exception>
    Task<SpokenWords> SpeakAsync(RequestContext context, Speaker speaker, string text, CancellationToken cancellationToken);
}

/// <param name="HearsAgain">It is on this machine and costs nothing, so what is still being said may be heard over and over for captions.</param>
public sealed record Transcriber(string Model, string Provider, string? Language, bool HearsAgain)
{
    public const int Rate = 16_000;
}

/// <param name="Rate">Samples a second of what it says.</param>
public sealed record Speaker(string Model, string Provider, string Voice, int Rate);

/// <param name="Confidence">From 0 to 1 as the model says; null when it does not.</param>
/// <param name="CostNanos">Null when it is unknown.</param>
public sealed record HeardWords(string Text, double? Confidence, string AudioSha256, string CallId, long? CostNanos, string Currency);

/// <param name="Pcm">Samples of 16 bits, little end first, one channel.</param>
public sealed record SpokenWords(ReadOnlyMemory<byte> Pcm, string CallId);
