using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Answers a chat request with a model that does not speak OpenAI's chat itself, in OpenAI's shapes, whole or as a stream.</summary>
internal sealed class AnswerChat(GovernedChat chat, TimeProvider clock)
{
    private static readonly ChatWire Wire = new();

    /// <param name="taints">Of the request, which was screened.</param>
    /// <param name="attempts">Those that the request has already had.</param>
    public async Task RunAsync(HttpContext http, RequestContext context, Envelope envelope, ReadOnlyMemory<byte> body, IReadOnlyList<string> taints, int attempts = 0)
    {
        var (messages, options) = ChatRequestReader.Read(body);
        var digest = Convert.ToHexStringLower(SHA256.HashData(body.Span));
        var request = new ModelRequest(envelope.Model, messages, options, "chat", digest, InputBound.Of(body.Span)) { RequestId = AnswerHeaders.RequestOf(http), AttemptsBefore = attempts, Taints = taints, Watched = true };
        await using var opened = await chat.OpenAsync(context, request, envelope.Stream, http.RequestAborted);
        if (envelope.Stream) await StreamAsync(http, opened, envelope.WantsUsage);
        else await WholeAsync(http, opened);
    }

    /// <summary>Quotations that a response or its last update carries.</summary>
    public static IReadOnlyList<Quotation>? QuotationsOf(AdditionalPropertiesDictionary? properties) =>
        properties?.TryGetValue(Quotation.Key, out var value) == true ? value as IReadOnlyList<Quotation> : null;

    public static TokenUsage UsageOf(UsageDetails? details) =>
        new(details?.InputTokenCount, details?.OutputTokenCount, details?.CachedInputTokenCount, details?.ReasoningTokenCount, AnthropicChat.CacheWritesOf(details))
        {
            CacheWriteHourTokens = AnthropicChat.HourWritesOf(details),
        };

    /// <summary>What is known of the call before the answer's body; the price of a stream is not known yet.</summary>
    internal static void Announce(HttpContext http, GovernedStream opened)
    {
        if (opened.Call.Stream) AnswerHeaders.AnnounceStream(http, opened.Call);
        else AnswerHeaders.AnnounceWhole(http, opened.Call, opened.Receipt.CostNanos);
    }

    /// <summary>The cost of a stream that is complete, as <see cref="PassThrough"/> tells it.</summary>
    internal static void TellCost(HttpContext http, GovernedStream opened)
    {
        var cost = opened.Receipt.CostNanos;
        if (cost is not null) http.Response.BodyWriter.Write(Encoding.UTF8.GetBytes($": cost {AnswerHeaders.CostText(opened.Call, cost)}\n\n"));
        AnswerHeaders.TrailCost(http, opened.Call, cost);
    }

    internal static Problem Cut() => InferenceProblems.Garbled.Because("Its answer ended before it was complete.");

    private async Task WholeAsync(HttpContext http, GovernedStream opened)
    {
        var parts = new ChatParts();
        await foreach (var update in opened.ReadAsync()) parts.Add(update);
        var finish = parts.FinishReason ?? throw Cut();
        var call = opened.Call;
        var completion = new ChatCompletion(Id(call), "chat.completion", clock.GetUtcNow().ToUnixTimeSeconds(), call.Model.Id, [new ChatChoice(0, parts.Message, finish)], ChatParts.UsageOf(call.Usage));
        Announce(http, opened);
        await http.Response.WriteAsJsonAsync(completion, InferenceJson.Default.ChatCompletion, cancellationToken: http.RequestAborted);
        await http.Response.CompleteAsync();
    }

    private async Task StreamAsync(HttpContext http, GovernedStream opened, bool wantsUsage)
    {
        var (call, output, created, parts) = (opened.Call, http.Response.BodyWriter, clock.GetUtcNow().ToUnixTimeSeconds(), new ChatParts());
        void Send(ChatDelta delta, string? finish) =>
            Write(output, new ChatChunk(Id(call), "chat.completion.chunk", created, call.Model.Id, [new ChatChunkChoice(0, delta, finish)]));
        Announce(http, opened);
        try
        {
            Send(new ChatDelta("assistant", ""), null);
            await foreach (var update in opened.ReadAsync())
            {
                foreach (var delta in parts.Add(update)) Send(delta, null);
                await output.FlushAsync(http.RequestAborted);
            }
            Send(new ChatDelta(Somastack: parts.Quoted), parts.FinishReason ?? throw Cut());
            if (wantsUsage && ChatParts.UsageOf(call.Usage) is { } usage) Write(output, new ChatChunk(Id(call), "chat.completion.chunk", created, call.Model.Id, [], usage));
            TellCost(http, opened);
            output.Write("data: [DONE]\n\n"u8);
        }
        catch (Problem cut)
        {
            // The status has left: the stream says itself that it is not complete, and never ends with the end mark.
            output.Write(Wire.ErrorEvent(cut, call.Context.TraceId));
        }
        await output.FlushAsync(http.RequestAborted);
        await http.Response.CompleteAsync();
    }

    private static void Write(IBufferWriter<byte> output, ChatChunk chunk)
    {
        output.Write("data: "u8);
        output.Write(JsonSerializer.SerializeToUtf8Bytes(chunk, InferenceJson.Default.ChatChunk));
        output.Write("\n\n"u8);
    }

    private static string Id(ModelCall call) => "chatcmpl-" + call.Id;
}
