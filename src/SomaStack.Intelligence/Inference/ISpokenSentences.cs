using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference.Contracts;

/// <summary>Has the offline voice speak a sentence and a model write down what it hears: what a benchmark of speech needs.</summary>
public interface ISpokenSentences
{
    /// <summary>The transcriber of this machine; null when it is not installed.</summary>
    string? Own { get; }

    /// <summary>Why this cannot be measured now, as a stable word: not_for_this_task, transcriber_not_installed, voice_not_installed; or null.</summary>
    ValueTask<string?> UnavailabilityAsync(RequestContext context, string model, CancellationToken cancellationToken);

    /// <exception cref="Problem">As a model call.</exception>
    Task<HeardSentence> HearAsync(RequestContext context, string model, string sentence, CancellationToken cancellationToken);
}

/// <param name="LatencyMs">Of the transcription alone.</param>
/// <param name="CostNanos">Null when it is unknown.</param>
public sealed record HeardSentence(string Text, string Provider, double LatencyMs, long? CostNanos, string Currency, string CallId);
