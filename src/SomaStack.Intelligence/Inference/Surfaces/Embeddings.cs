using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary><c>POST /v1/embeddings</c> in OpenAI's shape, and the roadmap's <c>POST /embedding</c>, over the built-in embedder.</summary>
internal sealed class Embeddings(ModelCalls calls, ITextEmbedder? embedder = null)
{
    private const int InputsMax = 2048;
    private const int TextLengthMax = 32_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/embeddings", static async (EmbeddingsRequest request, RequestContext context, Embeddings handler, CancellationToken cancellationToken) =>
                TypedResults.Ok(await handler.ManyAsync(request, context, cancellationToken)))
            .Requires(Capability.InferenceInvoke).WithOpenAiErrors().WithBodyLimit(10 << 20).WithoutReplay().WithoutTimeLimit();
        foreach (var path in (ReadOnlySpan<string>)["/embedding", "/v1/embedding"])
            routes.MapPost(path, static async (EmbedRequest request, RequestContext context, Embeddings handler, CancellationToken cancellationToken) =>
                    TypedResults.Ok(await handler.OneAsync(request, context, cancellationToken)))
                .Requires(Capability.InferenceInvoke);
    }

    private async Task<EmbeddingsAnswer> ManyAsync(EmbeddingsRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        var texts = Texts(request.Input);
        Check.That(request.EncodingFormat is null or "float" or "base64", "encoding_format", "must be float or base64")
            .And(request.Dimensions is null || request.Dimensions == embedder?.Dimensions, "dimensions", $"must be {embedder?.Dimensions} for this model")
            .OrThrow();
        var (vectors, tokens) = await EmbedAsync(texts, request.Model, context, cancellationToken);
        var items = new List<EmbeddingItem>(vectors.Count);
        foreach (var vector in vectors)
            items.Add(new EmbeddingItem("embedding", items.Count, request.EncodingFormat == "base64" ? Base64(vector) : JsonSerializer.SerializeToElement(vector, InferenceJson.Default.SingleArray)));
        return new EmbeddingsAnswer("list", items, embedder!.Model, new EmbeddingsUsage(tokens, tokens));
    }

    private async Task<EmbedAnswer> OneAsync(EmbedRequest request, RequestContext context, CancellationToken cancellationToken)
    {
        Check.That(request.Text.Length is > 0 and <= TextLengthMax, "text", $"must have 1 to {TextLengthMax} characters").OrThrow();
        var (vectors, _) = await EmbedAsync([request.Text], request.Model, context, cancellationToken);
        return new EmbedAnswer(embedder!.Model, vectors[0], vectors[0].Length);
    }

    private async Task<(List<float[]> Vectors, long Tokens)> EmbedAsync(List<string> texts, string? model, RequestContext context, CancellationToken cancellationToken)
    {
        if (embedder is null) throw InferenceProblems.EmbedderUnavailable.Because("No embedder is configured.");
        if (model is not null && model != embedder.Model) throw InferenceProblems.ModelUnknown.Because($"'{(model.Length <= 100 ? model : model[..100])}' is not among the embedding models: {embedder.Model}.");
        if (embedder.Unavailability is { } why) throw InferenceProblems.EmbedderUnavailable.Because(why);
        var tokens = texts.Sum(text => (long)Words.Count(text));
        var known = new KnownModel(embedder.Model, ExtractiveResponder.Provider, null, null, null);
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', texts))));
        var call = await calls.PermitAsync(context, known, "embeddings", false, digest, tokens, 1, cancellationToken);
        await calls.OpenAsync(call);
        try
        {
            var vectors = new List<float[]>(texts.Count);
            foreach (var text in texts)
            {
                cancellationToken.ThrowIfCancellationRequested();
                vectors.Add(embedder.Embed(text) ?? throw InferenceProblems.EmbedderUnavailable.Because(embedder.Unavailability ?? "The embedder gave no vector."));
            }
            call.Usage = new TokenUsage(tokens, 0);
            await calls.SettleAsync(call);
            return (vectors, tokens);
        }
        catch (Exception exception)
        {
            if (call.Usage.InputTokens is null) await calls.FailAsync(call, (exception as Problem)?.Code.Code ?? "client_closed", reached: false);
            throw;
        }
    }

    private static List<string> Texts(JsonElement input)
    {
        var texts = new List<string>();
        if (input.ValueKind == JsonValueKind.String) texts.Add(input.GetString()!);
        else if (input.ValueKind == JsonValueKind.Array && input.GetArrayLength() <= InputsMax)
            foreach (var item in input.EnumerateArray())
                texts.Add(item.ValueKind == JsonValueKind.String ? item.GetString()! : throw Problem.Invalid("input", "must hold strings; token lists of another model's tokenizer are not taken"));
        Check.That(texts.Count > 0, "input", $"must be a string or a list of 1 to {InputsMax} strings")
            .And(texts.TrueForAll(text => text.Length is > 0 and <= TextLengthMax), "input", $"must hold texts of 1 to {TextLengthMax} characters")
            .OrThrow();
        return texts;
    }

    private static JsonElement Base64(float[] vector)
    {
        var bytes = new byte[vector.Length * 4];
        for (var i = 0; i < vector.Length; i++) BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(i * 4), vector[i]);
        return JsonSerializer.SerializeToElement(Convert.ToBase64String(bytes), InferenceJson.Default.String);
    }
}
