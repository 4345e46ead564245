using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary><c>POST /v1/chat/completions</c>: OpenAI's surface over every model there is, each call governed and metered.</summary>
internal sealed class CompleteChat(Router router, ProviderList providers, ModelCalls calls, AnswerChat answer, PassThrough passThrough, InputBound bound, RequestScreen screen)
{
    private const long BodyBytesMax = 10 << 20;

    private static readonly ChatWire Wire = new();

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/chat/completions", static (HttpContext http, RequestContext context, CompleteChat handler) => RawBody.ReadAsync(http, BodyBytesMax, body => handler.RunAsync(http, context, body)))
            .Accepts<ChatCompletionRequest>("application/json")
            .Produces<ChatCompletion>()
            .Requires(Capability.InferenceInvoke)
            .WithOpenAiErrors()
            .WithBodyLimit(BodyBytesMax)
            .WithoutReplay()
            .WithoutTimeLimit();

    private async Task RunAsync(HttpContext http, RequestContext context, ReadOnlyMemory<byte> body)
    {
        var envelope = Wire.Read(body.Span);
        var screened = await screen.BodyAsync(context, body, http.RequestAborted);
        if (!screened.Body.Equals(body)) envelope = Wire.Read((body = screened.Body).Span);
        var route = await router.FindAsync(context, envelope.Model, "chat", http.RequestAborted);
        var model = route.Candidates[0];
        if (providers.Of(model)?.Speaks(WireFormat.Chat) != true)
        {
            await answer.RunAsync(http, context, envelope, body, screened.Taints);
            return;
        }
        var digest = Convert.ToHexStringLower(SHA256.HashData(body.Span));
        var outputMax = envelope.OutputTokensMax * envelope.Choices;
        var inputMax = await bound.OfChatAsync(context, route, body, outputMax ?? ModelCalls.OutputTokensAssumed);
        var call = await calls.PermitAsync(context, model, "chat", envelope.Stream, digest, inputMax, outputMax, http.RequestAborted, origin: new CallOrigin(screened.Taints));
        await passThrough.ForwardAsync(http, call, route, Wire, envelope, body, (other, attempts) => answer.RunAsync(http, context, envelope with { Model = other.Qualified }, body, screened.Taints, attempts));
    }
}
