using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Answers a Messages request with a model whose server does not speak the format.</summary>
internal sealed class AnswerMessages(GovernedChat chat, TimeProvider clock)
{
    /// <summary>A reader is told that often that the model is still at work.</summary>
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(15);

    private static readonly MessagesWire Wire = new();

    /// <param name="bytes">Length of the request: an upper bound of its tokens.</param>
    /// <param name="taints">Of the request, which was screened.</param>
    /// <param name="attempts">Those that the request has already had.</param>
    public async Task RunAsync(HttpContext http, RequestContext context, MessagesEnvelope envelope, MessagesRequest request, string digest, long bytes, IReadOnlyList<string> taints, int attempts = 0)
    {
        var asked = new ModelRequest(envelope.Model, request.Messages, request.Options, "chat", digest, bytes) { RequestId = AnswerHeaders.RequestOf(http), AttemptsBefore = attempts, Taints = taints, Watched = true };
        await using var opened = await chat.OpenAsync(context, asked, envelope.Stream, http.RequestAborted);
        if (envelope.Stream) await StreamAsync(http, context, opened);
        else await WholeAsync(http, opened);
    }

    private static async Task WholeAsync(HttpContext http, GovernedStream opened)
    {
        var response = await opened.ReadAsync().ToChatResponseAsync(CancellationToken.None);
        if (response.FinishReason is null) throw Cut();
        // Joining updates leaves their properties on the message.
        if (response.Messages.Count > 0) response.AdditionalProperties ??= response.Messages[^1].AdditionalProperties;
        AnswerChat.Announce(http, opened);
        http.Response.ContentType = "application/json";
        MessagesJson.Whole(http.Response.BodyWriter, IdOf(opened.Call), opened.Call.Model.Id, response, opened.Call.Usage);
        await http.Response.CompleteAsync();
    }

    private async Task StreamAsync(HttpContext http, RequestContext context, GovernedStream opened)
    {
        AnswerChat.Announce(http, opened);
        var output = http.Response.BodyWriter;
        var events = new MessagesWriter(output, IdOf(opened.Call), opened.Call.Model.Id);
        Problem? cut = null;
        try
        {
            events.Begin();
            await using var updates = opened.ReadAsync().GetAsyncEnumerator();
            while (await NextAsync(http, updates, events))
            {
                events.Add(updates.Current);
                await FlushAsync(http, opened.Call);
            }
            if (!events.IsFinished) cut = Cut();
        }
        catch (Problem problem)
        {
            cut = problem;
        }
        if (cut is null)
        {
            AnswerChat.TellCost(http, opened);
            events.End(opened.Call.Usage);
        }
        else await output.WriteAsync(Wire.ErrorEvent(cut, context.TraceId), http.RequestAborted);
        await http.Response.CompleteAsync();
    }

    /// <summary>Waits for the next piece of the answer, telling the reader now and then that it may still come.</summary>
    private async ValueTask<bool> NextAsync(HttpContext http, IAsyncEnumerator<ChatResponseUpdate> updates, MessagesWriter events)
    {
        var moving = updates.MoveNextAsync();
        if (moving.IsCompleted) return await moving;
        var next = moving.AsTask();
        while (true)
        {
            try
            {
                return await next.WaitAsync(PingEvery, clock);
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                events.Ping();
                await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
            }
        }
    }

    private static async ValueTask FlushAsync(HttpContext http, ModelCall call)
    {
        call.BeginWait();
        await http.Response.BodyWriter.FlushAsync(http.RequestAborted);
        call.EndWait();
    }

    private static Problem Cut() => InferenceProblems.Garbled.Because("Its answer ended before it was complete.");

    private static string IdOf(ModelCall call) => "msg_" + call.Id;
}
