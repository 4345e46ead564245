using System.Buffers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Answers a request of the responses API with a model that does not speak it itself, whole or as a stream. It keeps nothing.</summary>
internal sealed class AnswerResponse(GovernedChat chat, TimeProvider clock)
{
    /// <param name="taints">Of the request, which was screened.</param>
    /// <param name="attempts">Those that the request has already had.</param>
    public async Task RunAsync(HttpContext http, RequestContext context, ResponsesEnvelope envelope, ReadOnlyMemory<byte> body, IReadOnlyList<string> taints, int attempts = 0)
    {
        var root = JsonField.Root(body);
        var (messages, options) = ResponsesRequestReader.Read(root);
        var digest = Convert.ToHexStringLower(SHA256.HashData(body.Span));
        var request = new ModelRequest(envelope.Model, messages, options, "chat", digest, InputBound.Of(body.Span)) { RequestId = AnswerHeaders.RequestOf(http), AttemptsBefore = attempts, Taints = taints, Watched = true };
        await using var opened = await chat.OpenAsync(context, request, envelope.Stream, http.RequestAborted);
        var call = opened.Call;
        var parts = new ResponseParts(call.Id, clock.GetUtcNow().ToUnixTimeSeconds(), call.Model.Id, root, envelope.Stream ? http.Response.BodyWriter : null);
        if (envelope.Stream) await StreamAsync(http, opened, parts);
        else await WholeAsync(http, opened, parts);
    }

    private static async Task WholeAsync(HttpContext http, GovernedStream opened, ResponseParts parts)
    {
        await foreach (var update in opened.ReadAsync()) parts.Add(update);
        if (parts.Finish is null) throw AnswerChat.Cut();
        AnswerChat.Announce(http, opened);
        var bytes = parts.ToBytes(opened.Call.Usage);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = bytes.Length;
        await http.Response.BodyWriter.WriteAsync(bytes, http.RequestAborted);
        await http.Response.CompleteAsync();
    }

    private static async Task StreamAsync(HttpContext http, GovernedStream opened, ResponseParts parts)
    {
        var output = http.Response.BodyWriter;
        AnswerChat.Announce(http, opened);
        try
        {
            parts.Begin();
            await foreach (var update in opened.ReadAsync())
            {
                parts.Add(update);
                await output.FlushAsync(http.RequestAborted);
            }
            if (parts.Finish is null) throw AnswerChat.Cut();
            AnswerChat.TellCost(http, opened);
            parts.End(opened.Call.Usage);
        }
        catch (Problem cut)
        {
            // The status has left: the stream says itself that it is not complete, and never ends as completed.
            output.Write(new ResponsesWire().ErrorEvent(cut, opened.Call.Context.TraceId));
        }
        await output.FlushAsync(http.RequestAborted);
        await http.Response.CompleteAsync();
    }
}
