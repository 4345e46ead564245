using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary><c>GET /v1/models</c> and <c>GET /v1/models/{id}</c>.</summary>
internal sealed class ListModels(ModelDirectory directory, OfflineSpeech speech, ITextEmbedder? embedder = null)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/models", static async (ListModels handler, CancellationToken cancellationToken) => TypedResults.Ok(await handler.ListAsync(cancellationToken)))
            .Requires(Capability.InferenceInvoke).WithOpenAiErrors();
        // Ids of some servers hold slashes.
        routes.MapGet("/v1/models/{**id}", static async (string id, ListModels handler, CancellationToken cancellationToken) => TypedResults.Ok(await handler.GetAsync(id, cancellationToken)))
            .Requires(Capability.InferenceInvoke).WithOpenAiErrors();
    }

    private async Task<ModelList> ListAsync(CancellationToken cancellationToken)
    {
        await directory.RefreshAsync(cancellationToken);
        var models = directory.All.Select(model => Listed(directory.NameOf(model), model)).ToList();
        if (Embedder() is { } own) models.Add(own);
        models.AddRange(speech.Models.Select(static model => Listed(model.Id, model)));
        var reasons = new List<string>();
        if (directory.Failure is { } failure) reasons.Add(failure.Code.Code);
        if (embedder?.Unavailability is not null) reasons.Add(InferenceProblems.EmbedderUnavailable.Code);
        return new ModelList("list", models, reasons);
    }

    private async Task<ListedModel> GetAsync(string id, CancellationToken cancellationToken)
    {
        if (Embedder() is { } own && own.Id == id) return own;
        if (speech.Find(id) is { } offline) return Listed(id, offline);
        return Listed(id, await directory.FindAsync(id, cancellationToken) ?? throw directory.Unknown(id));
    }

    private ListedModel? Embedder() => embedder is { Unavailability: null }
        ? new ListedModel(embedder.Model, "model", 0, ExtractiveResponder.Provider, ExtractiveResponder.Provider, null)
        : null;

    private static ListedModel Listed(string name, KnownModel model) =>
        new(name, "model", model.CreatedAt ?? 0, model.OwnedBy ?? model.Provider, model.Provider, model.ContextTokens);
}
