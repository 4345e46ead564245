using SomaStack.Intelligence.Benchmarks.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Benchmarks;

/// <summary>Where tenants have no model profiles: the operator's SOMA_MODEL for what is written, the embedder for what is embedded.</summary>
internal sealed class PrimaryFromOptions(SomaOptions options, ITextEmbedder? embedder = null) : IPrimaryModels
{
    public ValueTask<string?> PrimaryAsync(RequestContext context, string role, CancellationToken cancellationToken) => ValueTask.FromResult(role switch
    {
        "chat" or "planning" or "code" => options.Model,
        "embedding" => embedder?.Model,
        _ => null,
    });

    public Task PromoteAsync(RequestContext context, string role, string model, CancellationToken cancellationToken) =>
        throw PlatformProblems.NotBuilt.Because($"The primary model of this installation is set by SOMA_MODEL; set it to '{model}' and start again.");
}
