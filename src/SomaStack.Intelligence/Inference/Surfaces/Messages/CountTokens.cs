using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.AI;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <param name="Messages">Each with <c>role</c> and <c>content</c>.</param>
internal sealed record CountTokensBody(IReadOnlyList<JsonElement> Messages, string? Model = null, JsonElement? System = null, IReadOnlyList<JsonElement>? Tools = null);

/// <param name="Somastack">How it was counted; an addition to Anthropic's shape that its clients ignore.</param>
internal sealed record MessagesTokenCount(long InputTokens, CountedBy Somastack);

/// <param name="IsEstimate">True where no tokenizer of the model is at hand.</param>
internal sealed record CountedBy(string Tokenizer, bool IsEstimate);

/// <summary><c>POST /v1/messages/count_tokens</c>: what a Messages request would come to. The provider counts where it can; nothing is charged.</summary>
internal sealed class CountTokens(Router router, ProviderList providers, ModelCalls calls, TimeProvider clock)
{
    private const long BodyBytesMax = 32 << 20;
    private const int AnswerBytesMax = 1 << 20;

    private static readonly MessagesWire Wire = new();
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/messages/count_tokens", static (HttpContext http, RequestContext context, CountTokens handler) =>
                RawBody.ReadAsync(http, BodyBytesMax, body => handler.RunAsync(http, context, body)))
            .Accepts<CountTokensBody>("application/json")
            .Requires(Capability.InferenceInvoke)
            .WithAnthropicErrors()
            .WithBodyLimit(BodyBytesMax)
            .WithoutReplay();

    private async Task RunAsync(HttpContext http, RequestContext context, ReadOnlyMemory<byte> body)
    {
        http.Response.Headers["request-id"] = context.TraceId;
        var envelope = CreateMessage.Read(http, body.Span);
        var model = (await router.FindAsync(context, envelope.Model, "chat", http.RequestAborted)).Candidates[0];
        if (providers.Of(model) is { } provider && provider.Speaks(WireFormat.Messages))
        {
            // The text leaves the house, so the gate is asked; no call is opened, since the provider charges nothing for counting.
            await calls.PermitAsync(context, model, "count_tokens", false, Convert.ToHexStringLower(SHA256.HashData(body.Span)), body.Length, 0, http.RequestAborted, mayAsk: false);
            await ForwardAsync(http, provider, model, envelope, body);
            return;
        }
        var request = MessagesReading.Read(body.Span, needsLimit: false);
        var count = model.Provider == ExtractiveResponder.Provider ? Exact(request) : Estimate(request);
        await http.Response.WriteAsJsonAsync(count, InferenceJson.Default.MessagesTokenCount, cancellationToken: http.RequestAborted);
    }

    private async Task ForwardAsync(HttpContext http, Provider provider, KnownModel model, MessagesEnvelope envelope, ReadOnlyMemory<byte> body)
    {
        try
        {
            var content = new ReadOnlyMemoryContent(envelope.Forward(body, model.Id)) { Headers = { ContentType = Json } };
            using var request = provider.Request(HttpMethod.Post, Provider.PathOf(WireFormat.Messages) + "/count_tokens", content);
            envelope.Prepare(request);
            using var response = await provider.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, http.RequestAborted);
            await response.Content.LoadIntoBufferAsync(AnswerBytesMax, http.RequestAborted);
            var answer = await response.Content.ReadAsByteArrayAsync(http.RequestAborted);
            if (response.IsSuccessStatusCode && !IsCount(answer)) throw InferenceProblems.Garbled.Because("Its answer is no count of tokens.");
            if (!response.IsSuccessStatusCode) Refuse(http, response, answer);
            http.Response.ContentType = "application/json";
            http.Response.ContentLength = answer.Length;
            await http.Response.BodyWriter.WriteAsync(answer, http.RequestAborted);
        }
        catch (Exception exception) when (ProviderFailures.Explain(exception, clock, http.RequestAborted) is { } problem)
        {
            throw problem;
        }
    }

    /// <summary>What concerns the request is the caller's to read; what concerns our key or the server's health is ours to word.</summary>
    private void Refuse(HttpContext http, HttpResponseMessage response, byte[] answer)
    {
        var problem = ProviderFailures.Refusal(response, answer, clock);
        if (problem.Code != InferenceProblems.Rejected || !Wire.IsRefusal(answer)) throw problem;
        http.Response.StatusCode = response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.RequestEntityTooLarge ? (int)response.StatusCode : 400;
    }

    private static bool IsCount(byte[] answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer);
            return MessagesReading.Field(document.RootElement, "input_tokens") is { ValueKind: JsonValueKind.Number };
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>As the built-in responder counts; what it finds in memory when it is asked comes on top.</summary>
    private static MessagesTokenCount Exact(MessagesRequest request)
    {
        var count = 0L;
        foreach (var message in request.Messages) count += Words.Count(message.Text);
        return new MessagesTokenCount(count, new CountedBy(Words.Tokenizer, IsEstimate: false));
    }

    /// <summary>Of text and tools. What an image comes to differs from model to model and is not guessed.</summary>
    private static MessagesTokenCount Estimate(MessagesRequest request)
    {
        var bytes = 0;
        foreach (var message in request.Messages)
            foreach (var content in message.Contents)
                bytes += content switch
                {
                    TextContent text => Encoding.UTF8.GetByteCount(text.Text),
                    FunctionCallContent call => Encoding.UTF8.GetByteCount(call.Name) + Encoding.UTF8.GetByteCount(MessagesJson.Arguments(call)),
                    FunctionResultContent { Result: string result } => Encoding.UTF8.GetByteCount(result),
                    _ => 0,
                };
        foreach (var tool in request.Options.Tools ?? [])
            if (tool is AIFunctionDeclaration declared)
                bytes += Encoding.UTF8.GetByteCount(declared.Name) + Encoding.UTF8.GetByteCount(declared.Description) + Encoding.UTF8.GetByteCount(declared.JsonSchema.GetRawText());
        return new MessagesTokenCount(TokenEstimate.OfBytes(bytes), new CountedBy($"utf8-bytes/{TokenEstimate.BytesPerToken}", IsEstimate: true));
    }
}
