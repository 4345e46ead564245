using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>What production demands: a model that generates, beside the responder that only quotes.</summary>
internal sealed class GenerativeModel(ProviderList providers, ModelDirectory models) : IModePrecondition
{
    public string Code => "generative_model";

    public ValueTask<string?> FaultAsync(RequestContext context, CancellationToken cancellationToken) => ValueTask.FromResult(
        providers.All.Count == 0 ? "No provider is configured."
        : models.Default == ExtractiveResponder.Model ? $"{ExtractiveResponder.Model} is the default model (SOMA_MODEL)."
        : null);
}
