using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Answers a chat request with the built-in responder, in OpenAI's shapes, whole or as a stream.</summary>
internal sealed class AnswerChat(IInference inference, ModelCalls calls, TimeProvider clock, IEvidenceSource? memory = null)
{
    private const int EvidenceLimit = 8;

    /// <exception cref="Problem">422 when the messages are not what the surface takes.</exception>
    public static ChatCompletionRequest Read(ReadOnlySpan<byte> body)
    {
        ChatCompletionRequest request;
        try
        {
            request = JsonSerializer.Deserialize(body, InferenceJson.Default.ChatCompletionRequest) ?? throw PlatformProblems.MalformedRequest.Because("The body is not a JSON object.");
        }
        catch (JsonException exception)
        {
            throw Problem.Invalid(exception.Path is { Length: > 2 } path ? path[2..] : "body", "has the wrong type");
        }
        Check.That(request.Messages is { Count: > 0 }, "messages", "must have at least one message").OrThrow();
        Check.That(request.Messages.All(message => message?.Role is "system" or "developer" or "user" or "assistant" or "tool"), "messages", "need a role: system, developer, user, assistant or tool")
            .And(request.MaxTokens is null or >= 1, "max_tokens", "must be at least 1")
            .And(request.N is null or 1, "n", "must be 1 for this model")
            .OrThrow();
        foreach (var message in request.Messages) TextOf(message.Content);
        return request;
    }

    public async Task RunAsync(HttpContext http, ModelCall call, ChatCompletionRequest request)
    {
        var cancellationToken = http.RequestAborted;
        var messages = request.Messages.Select(message => new ChatMessage(new ChatRole(message.Role), TextOf(message.Content))).ToList();
        var question = messages.LastOrDefault(message => message.Role == ChatRole.User)?.Text ?? "";
        await calls.OpenAsync(call);
        var started = false;
        try
        {
            var evidence = memory is null || question.Length == 0 ? [] : await memory.FindAsync(call.Context, question, EvidenceLimit, cancellationToken);
            var options = new ChatOptions
            {
                MaxOutputTokens = request.MaxCompletionTokens ?? request.MaxTokens,
                AdditionalProperties = new AdditionalPropertiesDictionary { [Evidence.Key] = evidence },
            };
            var client = inference.Resolve(call.Context, call.Model.Id).Client;
            started = true;
            if (call.Stream) await StreamAsync(http, call, request, client.GetStreamingResponseAsync(messages, options, cancellationToken), cancellationToken);
            else await WholeAsync(http, call, await client.GetResponseAsync(messages, options, cancellationToken), cancellationToken);
        }
        catch (Exception exception)
        {
            await calls.FailAsync(call, (exception as Problem)?.Code.Code ?? (cancellationToken.IsCancellationRequested ? "client_closed" : PlatformProblems.Internal.Code), reached: started);
            throw;
        }
        await calls.SettleAsync(call);
    }

    /// <summary>Quotations that a response or its last update carries.</summary>
    public static IReadOnlyList<Quotation>? QuotationsOf(AdditionalPropertiesDictionary? properties) =>
        properties?.TryGetValue(Quotation.Key, out var value) == true ? value as IReadOnlyList<Quotation> : null;

    public static TokenUsage UsageOf(UsageDetails? details) =>
        new(details?.InputTokenCount, details?.OutputTokenCount, details?.CachedInputTokenCount, details?.ReasoningTokenCount, AnthropicChat.CacheWritesOf(details));

    private async Task WholeAsync(HttpContext http, ModelCall call, ChatResponse response, CancellationToken cancellationToken)
    {
        call.FirstByte();
        call.Usage = UsageOf(response.Usage);
        var finish = response.FinishReason == ChatFinishReason.Length ? "length" : "stop";
        var quoted = QuotationsOf(response.AdditionalProperties) is { } quotations ? new QuotedAnswer(quotations, Words.Tokenizer) : null;
        var completion = new ChatCompletion(
            Id(call), "chat.completion", clock.GetUtcNow().ToUnixTimeSeconds(), call.Model.Id,
            [new ChatChoice(0, new ChatAnswerMessage("assistant", response.Text, quoted), finish)], Usage(call.Usage));
        Announce(http, call);
        await http.Response.WriteAsJsonAsync(completion, InferenceJson.Default.ChatCompletion, cancellationToken: cancellationToken);
        await http.Response.CompleteAsync();
    }

    private async Task StreamAsync(HttpContext http, ModelCall call, ChatCompletionRequest request, IAsyncEnumerable<ChatResponseUpdate> updates, CancellationToken cancellationToken)
    {
        var created = clock.GetUtcNow().ToUnixTimeSeconds();
        ChatChunk Chunk(ChatDelta delta, string? finish) => new(Id(call), "chat.completion.chunk", created, call.Model.Id, [new ChatChunkChoice(0, delta, finish)]);
        Announce(http, call);
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache";
        await SendAsync(http, Chunk(new ChatDelta("assistant", ""), null), cancellationToken);
        await foreach (var update in updates)
        {
            call.FirstByte();
            if (update.Text.Length > 0)
            {
                call.Chunks++;
                await SendAsync(http, Chunk(new ChatDelta(Content: update.Text), null), cancellationToken);
            }
            if (update.FinishReason is not { } finish) continue;
            call.Usage = UsageOf(update.Contents.OfType<UsageContent>().FirstOrDefault()?.Details);
            var quoted = QuotationsOf(update.AdditionalProperties) is { } quotations ? new QuotedAnswer(quotations, Words.Tokenizer) : null;
            await SendAsync(http, Chunk(new ChatDelta(Somastack: quoted), finish == ChatFinishReason.Length ? "length" : "stop"), cancellationToken);
        }
        if (request.StreamOptions?.IncludeUsage == true)
            await SendAsync(http, new ChatChunk(Id(call), "chat.completion.chunk", created, call.Model.Id, [], Usage(call.Usage)), cancellationToken);
        await http.Response.Body.WriteAsync("data: [DONE]\n\n"u8.ToArray(), cancellationToken);
        await http.Response.CompleteAsync();
    }

    private static async Task SendAsync(HttpContext http, ChatChunk chunk, CancellationToken cancellationToken)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(chunk, InferenceJson.Default.ChatChunk);
        byte[] whole = [.. "data: "u8, .. json, .. "\n\n"u8];
        await http.Response.Body.WriteAsync(whole, cancellationToken);
        await http.Response.Body.FlushAsync(cancellationToken);
    }

    private void Announce(HttpContext http, ModelCall call)
    {
        http.Response.Headers["x-somastack-call-id"] = call.Id;
        http.Response.Headers["x-somastack-overhead-ms"] = call.OverheadMs.ToString("0.###", System.Globalization.CultureInfo.InvariantCulture);
        if (!call.Stream && call.Price is { } price && calls.CostNanos(call) is { } cost) http.Response.Headers["x-somastack-cost"] = ModelCall.Money(cost, price.Currency);
    }

    private static string Id(ModelCall call) => "chatcmpl-" + call.Id;

    // The built-in responder always counts.
    private static ChatUsage Usage(TokenUsage usage) => new(usage.InputTokens ?? 0, usage.OutputTokens ?? 0, (usage.InputTokens ?? 0) + (usage.OutputTokens ?? 0));

    private static string TextOf(JsonElement? content)
    {
        if (content is not { } value || value.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined) return "";
        if (value.ValueKind == JsonValueKind.String) return value.GetString()!;
        if (value.ValueKind != JsonValueKind.Array) throw Problem.Invalid("messages.content", "must be a string or a list of parts");
        var text = new System.Text.StringBuilder();
        foreach (var part in value.EnumerateArray())
            if (part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out var piece) && piece.ValueKind == JsonValueKind.String) text.Append(piece.GetString());
        return text.ToString();
    }
}
