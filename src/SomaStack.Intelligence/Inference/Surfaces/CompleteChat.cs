using System.Buffers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary><c>POST /v1/chat/completions</c>: OpenAI's surface over every model there is, each call governed and metered.</summary>
internal sealed class CompleteChat(Router router, ModelCalls calls, AnswerChat answer, PassThrough passThrough)
{
    private const long BodyBytesMax = 10 << 20;

    private static readonly ChatWire Wire = new();

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/chat/completions", static (HttpContext http, RequestContext context, CompleteChat handler) => handler.RunAsync(http, context))
            .Accepts<ChatCompletionRequest>("application/json")
            .Produces<ChatCompletion>()
            .Requires(Capability.InferenceInvoke)
            .WithOpenAiErrors()
            .WithBodyLimit(BodyBytesMax)
            .WithoutReplay()
            .WithoutTimeLimit();

    private async Task RunAsync(HttpContext http, RequestContext context)
    {
        if (!http.Request.HasJsonContentType()) throw PlatformProblems.UnsupportedMedia.Because("Send the chat request as application/json.");
        var reader = http.Request.BodyReader;
        var read = await reader.ReadAsync(http.RequestAborted);
        while (!read.IsCompleted)
        {
            if (read.Buffer.Length > BodyBytesMax) throw PlatformProblems.TooLarge.Because($"A chat request has at most {BodyBytesMax} bytes.");
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await reader.ReadAsync(http.RequestAborted);
        }
        // A small body lies in one segment and is never copied.
        ReadOnlyMemory<byte> body = read.Buffer.IsSingleSegment ? read.Buffer.First : read.Buffer.ToArray();
        try
        {
            await RunAsync(http, context, body);
        }
        finally
        {
            // Also after a refusal, or the connection could not be used again.
            reader.AdvanceTo(read.Buffer.End);
        }
    }

    private async Task RunAsync(HttpContext http, RequestContext context, ReadOnlyMemory<byte> body)
    {
        var envelope = Wire.Read(body.Span);
        var model = (await router.FindAsync(context, envelope.Model, "chat", http.RequestAborted)).Candidates[0];
        var digest = Convert.ToHexStringLower(SHA256.HashData(body.Span));
        var limit = envelope.OutputTokensMax * envelope.Choices;
        if (model.Provider == ExtractiveResponder.Provider)
        {
            var request = AnswerChat.Read(body.Span);
            var builtIn = await calls.PermitAsync(context, model, "chat", envelope.Stream, digest, body.Length, limit, http.RequestAborted);
            await answer.RunAsync(http, builtIn, request);
            return;
        }
        var call = await calls.PermitAsync(context, model, "chat", envelope.Stream, digest, body.Length, limit, http.RequestAborted);
        await passThrough.ForwardAsync(http, call, Wire, envelope, body);
    }
}
