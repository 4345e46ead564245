using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary><c>POST /v1/responses</c>: OpenAI's surface over every model there is, each call governed and metered.</summary>
internal sealed class CreateResponse(Router router, ProviderList providers, ModelCalls calls, AnswerResponse answer, PassThrough passThrough, KeptResponses kept, RequestScreen screen)
{
    private const long BodyBytesMax = 10 << 20;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/responses", static (HttpContext http, RequestContext context, CreateResponse handler) => RawBody.ReadAsync(http, BodyBytesMax, body => handler.RunAsync(http, context, body)))
            .Accepts<ResponsesRequest>("application/json")
            .Produces<ResponseAnswer>()
            .Requires(Capability.InferenceInvoke)
            .WithOpenAiErrors()
            .WithBodyLimit(BodyBytesMax)
            .WithoutReplay()
            .WithoutTimeLimit();

    private async Task RunAsync(HttpContext http, RequestContext context, ReadOnlyMemory<byte> body)
    {
        var envelope = ResponsesEnvelope.Read(body.Span);
        var screened = await screen.BodyAsync(context, body, http.RequestAborted);
        if (!screened.Body.Equals(body)) envelope = ResponsesEnvelope.Read((body = screened.Body).Span);
        var route = await router.FindAsync(context, envelope.Model, "chat", http.RequestAborted);
        var model = route.Candidates[0];
        var provider = providers.Of(model);
        if (provider?.Speaks(WireFormat.Responses) != true)
        {
            await answer.RunAsync(http, context, envelope, body, screened.Taints);
            return;
        }
        await CheckAsync(context, envelope, provider, http.RequestAborted);
        var wire = new ResponsesWire();
        var digest = Convert.ToHexStringLower(SHA256.HashData(body.Span));
        var call = await calls.PermitAsync(context, model, "chat", envelope.Stream, digest, InputBound.Of(body.Span), envelope.OutputTokensMax, http.RequestAborted, origin: new CallOrigin(screened.Taints));
        string? owned = null;
        async Task OwnAsync()
        {
            if (wire.ResponseId is not { } id || id == owned) return;
            await kept.OwnAsync(context, owned = id, provider.Name);
        }
        // Before the caller can know the id, so that it may ask for the answer at once.
        http.Response.OnStarting(OwnAsync);
        try
        {
            await passThrough.ForwardAsync(http, call, route, wire, envelope, body, (other, attempts) => answer.RunAsync(http, context, envelope with { Model = other.Qualified }, body, screened.Taints, attempts));
        }
        finally
        {
            // A stream may have begun before its id came.
            await OwnAsync();
        }
    }

    private async Task CheckAsync(RequestContext context, ResponsesEnvelope envelope, Provider provider, CancellationToken cancellationToken)
    {
        // What nobody reads to its end reports its usage to nobody.
        if (envelope is { Background: true, Stream: false }) throw Problem.Invalid("background", "needs \"stream\": true here, or what the answer costs could not be booked");
        // Conversations are made through another API, which is not served here: whose this one is cannot be known.
        if (envelope.Conversation) throw Problem.Invalid("conversation", "is not served here; use previous_response_id or send the earlier turns in input");
        if (envelope.Previous is { } previous && await kept.ProviderOfAsync(context, previous, cancellationToken) != provider.Name)
            throw Problem.Invalid("previous_response_id", "names no answer of this tenant and provider");
    }
}

/// <summary>What we read of a request of the responses API; OpenAI is sent all of it.</summary>
/// <param name="Input">A string or a list of items.</param>
internal sealed record ResponsesRequest(
    JsonElement Input, string? Model = null, bool? Stream = null, string? Instructions = null, long? MaxOutputTokens = null, double? Temperature = null, double? TopP = null,
    IReadOnlyList<JsonElement>? Tools = null, JsonElement? ToolChoice = null, JsonElement? Text = null, JsonElement? Reasoning = null, bool? ParallelToolCalls = null,
    string? PreviousResponseId = null, bool? Background = null);

/// <summary>The part of a response object that every provider's answer has here.</summary>
internal sealed record ResponseAnswer(string Id, string Object, long CreatedAt, string Status, string Model, IReadOnlyList<JsonElement> Output, ResponseUsage? Usage, JsonElement? Error, JsonElement? IncompleteDetails);

internal sealed record ResponseUsage(long InputTokens, long OutputTokens, long TotalTokens);

/// <summary>The event that tells why a stream was cut.</summary>
internal sealed record ResponseErrorEvent(string Type, string Code, string Message, string? Param, string TraceId);
