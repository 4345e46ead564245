using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>What the operator configured: SOMA_MODEL for what is written, the embedder for what is embedded, the offline transcriber for what is heard.</summary>
internal sealed class PrimaryFromOptions(SomaOptions options, ISpokenSentences speech, ITextEmbedder? embedder = null)
{
    public string? Of(string role) => role switch
    {
        "chat" or "planning" or "code" => options.Model,
        "embedding" => embedder?.Model,
        "transcription" => speech.Own,
        _ => null,
    };
}
