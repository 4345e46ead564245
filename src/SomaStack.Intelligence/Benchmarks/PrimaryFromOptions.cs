using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>What the operator configured: SOMA_MODEL for what is written, the embedder for what is embedded.</summary>
internal sealed class PrimaryFromOptions(SomaOptions options, ITextEmbedder? embedder = null)
{
    public string? Of(string role) => role switch
    {
        "chat" or "planning" or "code" => options.Model,
        "embedding" => embedder?.Model,
        _ => null,
    };
}
