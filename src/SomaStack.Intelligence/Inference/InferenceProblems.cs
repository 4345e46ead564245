using System.Net;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Refusals of the room. A provider's own words are passed on only where they cannot hold our secrets.</summary>
internal static class InferenceProblems
{
    public static readonly ProblemCode ModelUnknown = new("model_unknown", ProblemKind.NotFound, "There is no such model here", "Use an id of GET /v1/models.");
    public static readonly ProblemCode Unauthorized = new("provider_unauthorized", ProblemKind.Upstream, "The model provider refused our key", "Ask the operator to check SOMA_OPENAI_KEY.");
    public static readonly ProblemCode RateLimited = new("provider_rate_limited", ProblemKind.Busy, "The model provider limits the rate", "Wait for the seconds in Retry-After, then try again.");
    public static readonly ProblemCode Unavailable = new("provider_unavailable", ProblemKind.Unavailable, "The model provider is not available", "Try again later, or choose another model of GET /v1/models.");
    public static readonly ProblemCode Timeout = new("provider_timeout", ProblemKind.Timeout, "The model provider took too long", "Ask for less, or try again later.");
    public static readonly ProblemCode Garbled = new("provider_garbled", ProblemKind.Upstream, "The model provider's answer could not be read", "Try again; if it stays, report the trace_id to the operator.");
    public static readonly ProblemCode Rejected = new("provider_rejected", ProblemKind.Malformed, "The model provider did not accept the request", "Correct what the detail names.");
    public static readonly ProblemCode Denied = new("model_call_denied", ProblemKind.Forbidden, "The policy denies this model call", "The reasons name the rule.");
    public static readonly ProblemCode NeedsApproval = new("model_call_needs_approval", ProblemKind.Forbidden, "This model call needs an approval", "When somebody has approved it, send the same request with the header Soma-Approval; or start a session, which waits by itself.");
    public static readonly ProblemCode EmbedderUnavailable = new("embedder_unavailable", ProblemKind.Unavailable, "The built-in embedder has no weights", "Run ./soma up once, or name their folder in SOMA_EMBEDDING_MODEL.");

    public static readonly ProblemCode SpeechUnavailable = new("speech_unavailable", ProblemKind.Unavailable, "The offline speech programs are not installed", "Install the Debian package that the detail names, or name a provider's model.");
    public static readonly ProblemCode SpeechFailed = new("speech_failed", ProblemKind.Upstream, "The offline speech program failed", "Try other audio or text; if it stays, report the trace_id to the operator.");
    public static readonly ProblemCode SpeechBusy = new("speech_busy", ProblemKind.Busy, "Too many recordings are being worked on", "Try again in some seconds, or name a provider's model.");
    public static readonly ProblemCode AudioUnsupported = new("audio_unsupported", ProblemKind.Unsupported, "This form of audio is not understood", "Send WAV (PCM or float), or name a provider's model that takes it.");

    public static readonly IReadOnlyList<ProblemCode> All =
        [ModelUnknown, Unauthorized, RateLimited, Unavailable, Timeout, Garbled, Rejected, Denied, NeedsApproval, EmbedderUnavailable, SpeechUnavailable, SpeechFailed, SpeechBusy, AudioUnsupported];

    /// <summary>The refusal for a status that the provider answered with.</summary>
    public static Problem FromStatus(HttpStatusCode status, string? words, TimeSpan? retryAfter, Exception? cause = null)
    {
        var said = string.IsNullOrWhiteSpace(words) ? $"It answered {(int)status}." : $"It answered {(int)status}: {Shorten(words)}";
        return (int)status switch
        {
            // What it says here may repeat a part of the key.
            401 or 403 => Unauthorized.Because($"It answered {(int)status}.", cause),
            408 or 504 => Timeout.Because(said, cause),
            429 => new Problem(RateLimited, said, cause) { RetryAfter = retryAfter },
            >= 500 => new Problem(Unavailable, said, cause) { RetryAfter = retryAfter },
            >= 400 => Rejected.Because(said, cause),
            _ => Garbled.Because(said, cause),
        };
    }

    private static string Shorten(string words) => words.Length <= 500 ? words : words[..500] + "\u2026";
}
