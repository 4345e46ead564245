using System.Security.Cryptography;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>The room's transcription and speech, for a channel that moves PCM.</summary>
internal sealed class LiveSpeech(AudioCalls audio, OfflineSpeech offline, TranscribeAudio transcribe, SynthesizeSpeech synthesize, RequestScreen screen) : ISpeech
{
    private const string Hearing = "transcription";
    private const string Captions = "caption";
    private const string Speaking = "speech";

    public bool IsAtLeisure => offline.HasFreeSlot;

    public async ValueTask<Transcriber> TranscriberAsync(RequestContext context, string? model, string? language, CancellationToken cancellationToken)
    {
        var known = await FindHearerAsync(context, model, cancellationToken);
        var isOwn = audio.ProviderOf(known) is null;
        Check.That(!isOwn || IsEnglish(language), "language", $"must be en: '{OfflineSpeech.Hears}' hears English only; name a provider's model for others").OrThrow();
        return new Transcriber(known.Id, known.Provider, language, isOwn);
    }

    public async ValueTask<Speaker> SpeakerAsync(RequestContext context, string? model, string? voice, string? language, CancellationToken cancellationToken)
    {
        var known = await FindSpeakerAsync(context, model, cancellationToken);
        var isOwn = audio.ProviderOf(known) is null;
        Check.That(!isOwn || IsEnglish(language), "language", $"must be en: the voices of '{OfflineSpeech.Speaks}' are English; name a provider's model for others")
            .And(!isOwn || voice is null || OfflineSpeech.Voices.Contains(voice), "voice", $"must be one of {string.Join(", ", OfflineSpeech.Voices)} for '{OfflineSpeech.Speaks}'")
            .And(isOwn || voice is { Length: > 0 and <= 100 }, "voice", $"must name a voice of '{known.Id}'").OrThrow();
        return new Speaker(known.Id, known.Provider, voice ?? OfflineSpeech.Voices[0], SynthesizeSpeech.PcmRate);
    }

    public async Task<HeardWords> HearAsync(RequestContext context, Transcriber transcriber, ReadOnlyMemory<byte> pcm, bool isCaption, CancellationToken cancellationToken)
    {
        var known = await FindHearerAsync(context, Qualified(transcriber.Provider, transcriber.Model), cancellationToken);
        // The kill switch and the caller's lock; the words themselves are looked at where they go.
        await screen.WordsAsync(context, [], cancellationToken);
        var recording = new Recording(Wav(pcm.Span), "utterance.wav");
        var (text, call) = await transcribe.HearAsync(context, known, recording, isCaption ? Captions : Hearing, cancellationToken, transcriber.Language);
        return new HeardWords(text.Trim(), null, Convert.ToHexStringLower(SHA256.HashData(pcm.Span)), call.Id, audio.CostNanos(call), call.Price?.Currency ?? "USD");
    }

    public async Task<SpokenWords> SpeakAsync(RequestContext context, Speaker speaker, string text, CancellationToken cancellationToken)
    {
        var known = await FindSpeakerAsync(context, Qualified(speaker.Provider, speaker.Model), cancellationToken);
        await screen.WordsAsync(context, [], cancellationToken);
        var (pcm, call) = await synthesize.SpeakAsync(context, known, text, speaker.Voice, cancellationToken);
        return new SpokenWords(pcm, call.Id);
    }

    private ValueTask<KnownModel> FindHearerAsync(RequestContext context, string? model, CancellationToken cancellationToken) =>
        audio.FindAsync(context, model, Hearing, OfflineSpeech.Hears, OfflineSpeech.HearsPackages, cancellationToken);

    private ValueTask<KnownModel> FindSpeakerAsync(RequestContext context, string? model, CancellationToken cancellationToken) =>
        audio.FindAsync(context, model, Speaking, OfflineSpeech.Speaks, OfflineSpeech.SpeaksPackages, cancellationToken);

    private static bool IsEnglish(string? language) => language is null or "en" || language.StartsWith("en-", StringComparison.OrdinalIgnoreCase);

    private static string Qualified(string provider, string model) => $"{provider}/{model}";

    private static byte[] Wav(ReadOnlySpan<byte> pcm)
    {
        var samples = new float[pcm.Length / 2];
        for (var i = 0; i < samples.Length; i++) samples[i] = System.Buffers.Binary.BinaryPrimitives.ReadInt16LittleEndian(pcm[(i * 2)..]) / 32768f;
        return new WavAudio(Transcriber.Rate, samples).Write();
    }
}
