using System.Collections.Frozen;
using SomaStack.Governance.Settings.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>flite speaks, the model hears: a governed call of the purpose <c>benchmark</c>.</summary>
internal sealed class SpokenSentences(OfflineSpeech offline, AudioCalls audio, TranscribeAudio transcribe, Router router) : ISpokenSentences
{
    /// <summary>
    /// Providers do not say which of their models hear. OpenAI's and Groq's are whisper-*, gpt-4o-transcribe and gpt-4o-mini-transcribe, Mistral's
    /// voxtral-*; any other hears when the tenant chose it for that.
    /// </summary>
    private static readonly FrozenSet<string> Hearing = ["whisper", "transcribe", "voxtral"];

    public string? Own => offline.Find(OfflineSpeech.Hears)?.Id;

    public async ValueTask<string?> UnavailabilityAsync(RequestContext context, string model, CancellationToken cancellationToken)
    {
        if (IsOwn(model))
        {
            if (Own is null) return "transcriber_not_installed";
        }
        else if (!Hearing.Any(word => model.Contains(word, StringComparison.OrdinalIgnoreCase)) && (await router.ProfileAsync(context, ModelRoles.Transcription, cancellationToken))?.Primary != model)
        {
            return "not_for_this_task";
        }
        return offline.Find(OfflineSpeech.Speaks) is null ? "voice_not_installed" : null;
    }

    public async Task<HeardSentence> HearAsync(RequestContext context, string model, string sentence, CancellationToken cancellationToken)
    {
        var spoken = await offline.SpeakAsync(sentence, OfflineSpeech.Voices[0], 1, cancellationToken);
        var known = await audio.FindAsync(context, model, ModelRoles.Transcription, OfflineSpeech.Hears, OfflineSpeech.HearsPackages, cancellationToken);
        var (text, call) = await transcribe.HearAsync(context, known, new Recording(spoken.Write(), "sentence.wav"), "benchmark", cancellationToken);
        return new HeardSentence(text, known.Provider, call.DurationMs, audio.CostNanos(call), call.Price?.Currency ?? "USD", call.Id);
    }

    private static bool IsOwn(string model) => model is OfflineSpeech.Hears || model == $"{ExtractiveResponder.Provider}/{OfflineSpeech.Hears}";
}
