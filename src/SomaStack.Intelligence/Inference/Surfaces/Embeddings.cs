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

/// <summary>
/// <c>POST /v1/embeddings</c> in OpenAI's shape, and the roadmap's <c>POST /embedding</c>: over the built-in embedder, which answers when
/// no model is named, and over every model of a provider that speaks OpenAI's embeddings.
/// </summary>
internal sealed class Embeddings(Router router, ProviderList providers, ModelCalls calls, PassThrough passThrough, OpenAiEmbeddings remote, RequestScreen screen, ITextEmbedder? embedder = null)
{
    private const int BodyBytesMax = 10 << 20;
    private const int InputsMax = 2048;
    private const int TextLengthMax = 32_000;

    private static readonly EmbeddingsWire Wire = new();

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/embeddings", static (HttpContext http, RequestContext context, Embeddings handler) => RawBody.ReadAsync(http, BodyBytesMax, body => handler.ManyAsync(http, context, body)))
            .Accepts<EmbeddingsRequest>("application/json").Produces<EmbeddingsAnswer>()
            .Requires(Capability.InferenceInvoke).WithOpenAiErrors().WithBodyLimit(BodyBytesMax).WithoutReplay().WithoutTimeLimit();
        foreach (var path in (ReadOnlySpan<string>)["/embedding", "/v1/embedding"])
            routes.MapPost(path, static async (EmbedRequest request, HttpContext http, RequestContext context, Embeddings handler) =>
                    TypedResults.Ok(await handler.OneAsync(request, http, context)))
                .Requires(Capability.InferenceInvoke);
    }

    private async Task ManyAsync(HttpContext http, RequestContext context, ReadOnlyMemory<byte> body)
    {
        var envelope = Wire.Read(body.Span);
        await ScreenAsync(context, http.RequestAborted);
        if (await RemoteAsync(context, envelope.Model, http.RequestAborted) is { } route)
        {
            var digest = Convert.ToHexStringLower(SHA256.HashData(body.Span));
            var call = await calls.PermitAsync(context, route.Candidates[0], "embeddings", false, digest, body.Length, 1, http.RequestAborted);
            await passThrough.ForwardAsync(http, call, route, Wire, envelope, body);
            return;
        }
        var (answer, own) = await OwnAsync(JsonField.Root(body), context, AnswerHeaders.RequestOf(http), http.RequestAborted);
        AnswerHeaders.AnnounceWhole(http, own, calls.CostNanos(own));
        await http.Response.WriteAsJsonAsync(answer, InferenceJson.Default.EmbeddingsAnswer, cancellationToken: http.RequestAborted);
    }

    /// <summary>A vector tells nobody what to do, so its text is not read; whoever is locked makes none.</summary>
    private async Task ScreenAsync(RequestContext context, CancellationToken cancellationToken) => await screen.WordsAsync(context, [], cancellationToken);

    private async Task<(EmbeddingsAnswer Answer, ModelCall Call)> OwnAsync(JsonField root, RequestContext context, string? requestId, CancellationToken cancellationToken)
    {
        var texts = Texts(root["input"]);
        var base64 = root["encoding_format"].Text() switch
        {
            null or "float" => false,
            "base64" => true,
            _ => throw root["encoding_format"].Wrong("must be float or base64"),
        };
        if (root["dimensions"].Whole(1, int.MaxValue) is { } dimensions && dimensions != embedder?.Dimensions) throw root["dimensions"].Wrong($"must be {embedder?.Dimensions} for this model");
        var (vectors, tokens, call) = await EmbedAsync(texts, context, requestId, cancellationToken);
        var items = new List<EmbeddingItem>(vectors.Count);
        foreach (var vector in vectors) items.Add(new EmbeddingItem("embedding", items.Count, base64 ? Base64(vector) : JsonSerializer.SerializeToElement(vector, InferenceJson.Default.SingleArray)));
        return (new EmbeddingsAnswer("list", items, embedder!.Model, new EmbeddingsUsage(tokens, tokens)), call);
    }

    private async Task<EmbedAnswer> OneAsync(EmbedRequest request, HttpContext http, RequestContext context)
    {
        var (requestId, cancellationToken) = (AnswerHeaders.RequestOf(http), http.RequestAborted);
        Check.That(request.Text.Length is > 0 and <= TextLengthMax, "text", $"must have 1 to {TextLengthMax} characters").OrThrow();
        await ScreenAsync(context, cancellationToken);
        if (await RemoteAsync(context, request.Model, cancellationToken) is not { } route)
        {
            var (own, _, embedded) = await EmbedAsync([request.Text], context, requestId, cancellationToken);
            AnswerHeaders.AnnounceWhole(http, embedded, calls.CostNanos(embedded));
            return new EmbedAnswer(embedder!.Model, own[0], own[0].Length);
        }
        var model = route.Candidates[0];
        var (vectors, call) = await AskAsync(model, [request.Text], context, requestId, cancellationToken);
        AnswerHeaders.AnnounceWhole(http, call, calls.CostNanos(call));
        return new EmbedAnswer(model.Id, vectors[0], vectors[0].Length);
    }

    /// <summary>The same without a caller that waits: for work from the queue.</summary>
    /// <param name="body">A request as <c>POST /v1/embeddings</c> takes it.</param>
    public async Task<EmbeddingsAnswer> AnswerAsync(ReadOnlyMemory<byte> body, RequestContext context, CancellationToken cancellationToken)
    {
        var root = JsonField.Root(body);
        await ScreenAsync(context, cancellationToken);
        if (await RemoteAsync(context, Wire.Read(body.Span).Model, cancellationToken) is not { } route) return (await OwnAsync(root, context, null, cancellationToken)).Answer;
        var model = route.Candidates[0];
        var (vectors, call) = await AskAsync(model, Texts(root["input"]), context, null, cancellationToken);
        var items = new List<EmbeddingItem>(vectors.Count);
        foreach (var vector in vectors) items.Add(new EmbeddingItem("embedding", items.Count, JsonSerializer.SerializeToElement(vector, InferenceJson.Default.SingleArray)));
        return new EmbeddingsAnswer("list", items, model.Id, new EmbeddingsUsage(call.Usage.InputTokens ?? 0, call.Usage.InputTokens ?? 0));
    }

    private async Task<(List<float[]> Vectors, ModelCall Call)> AskAsync(KnownModel model, List<string> texts, RequestContext context, string? requestId, CancellationToken cancellationToken)
    {
        var call = await OpenAsync(context, model, texts, texts.Sum(static text => (long)Encoding.UTF8.GetByteCount(text)), requestId, cancellationToken);
        List<float[]> vectors;
        try
        {
            call.BeginWait();
            (vectors, call.Usage) = await remote.EmbedAsync(model, texts, cancellationToken);
            call.EndWait();
        }
        catch (Exception exception)
        {
            var problem = exception as Problem;
            // Whoever left or ran out of time may have left work behind that the provider charges for.
            await calls.FailAsync(call, problem?.Code.Code ?? "client_closed", reached: problem is null || problem.Code == InferenceProblems.Timeout || problem.Code == InferenceProblems.Garbled);
            throw;
        }
        await calls.SettleAsync(call);
        return (vectors, call);
    }

    /// <summary>Null when the built-in embedder is meant.</summary>
    /// <exception cref="Problem">404 when there is no such model, or it makes no embeddings.</exception>
    private async ValueTask<Route?> RemoteAsync(RequestContext context, string? asked, CancellationToken cancellationToken)
    {
        var named = asked ?? (await router.ProfileAsync(context, "embedding", cancellationToken))?.Primary;
        if (named is null || named == embedder?.Model || named == $"{ExtractiveResponder.Provider}/{embedder?.Model}") return null;
        var route = await router.FindAsync(context, asked, "embedding", cancellationToken);
        var model = route.Candidates[0];
        if (model.Id == embedder?.Model && model.Provider == ExtractiveResponder.Provider) return null;
        if (providers.Of(model)?.Speaks(WireFormat.Embeddings) == true) return route;
        throw InferenceProblems.ModelUnknown.Because($"'{model.Qualified}' makes no embeddings.{(embedder is null ? "" : $" '{embedder.Model}' does.")}");
    }

    private async Task<(List<float[]> Vectors, long Tokens, ModelCall Call)> EmbedAsync(List<string> texts, RequestContext context, string? requestId, CancellationToken cancellationToken)
    {
        if (embedder is null) throw InferenceProblems.EmbedderUnavailable.Because("No embedder is configured.");
        if (embedder.Unavailability is { } why) throw InferenceProblems.EmbedderUnavailable.Because(why);
        var tokens = texts.Sum(text => (long)Words.Count(text));
        var call = await OpenAsync(context, new KnownModel(embedder.Model, ExtractiveResponder.Provider, null, null, null), texts, tokens, requestId, cancellationToken);
        try
        {
            // The model's own work is no overhead, wherever it runs.
            call.BeginWait();
            var vectors = new List<float[]>(texts.Count);
            foreach (var text in texts)
            {
                cancellationToken.ThrowIfCancellationRequested();
                vectors.Add(embedder.Embed(text) ?? throw InferenceProblems.EmbedderUnavailable.Because(embedder.Unavailability ?? "The embedder gave no vector."));
            }
            call.EndWait();
            call.FirstByte();
            call.Usage = new TokenUsage(tokens, 0);
            await calls.SettleAsync(call);
            return (vectors, tokens, call);
        }
        catch (Exception exception)
        {
            if (call.Usage.InputTokens is null) await calls.FailAsync(call, (exception as Problem)?.Code.Code ?? "client_closed", reached: false);
            throw;
        }
    }

    private async Task<ModelCall> OpenAsync(RequestContext context, KnownModel model, List<string> texts, long tokensMax, string? requestId, CancellationToken cancellationToken)
    {
        var digest = TextDigest.Of(string.Join('\0', texts));
        var call = await calls.PermitAsync(context, model, "embeddings", false, digest, tokensMax, 1, cancellationToken);
        call.RequestId = requestId ?? context.TraceId;
        await calls.OpenAsync(call);
        return call;
    }

    private static List<string> Texts(JsonField input)
    {
        var texts = new List<string>();
        if (input.IsText) texts.Add(input.Text()!);
        else if (input.IsList && input.Value.GetArrayLength() <= InputsMax)
            foreach (var item in input.Items())
                texts.Add(item.IsText ? item.Text()! : throw Problem.Invalid("input", "must hold strings; token lists of another model's tokenizer are not taken"));
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
