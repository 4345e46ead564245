using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary><c>POST /v1/messages</c>: Anthropic's surface over every model there is, each call governed and metered.</summary>
internal sealed class CreateMessage(Router router, ProviderList providers, ModelCalls calls, AnswerMessages answer, PassThrough passThrough, RequestScreen screen)
{
    /// <summary>As much as Anthropic takes.</summary>
    private const long BodyBytesMax = 32 << 20;

    private static readonly MessagesWire Wire = new();

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/messages", static (HttpContext http, RequestContext context, CreateMessage handler) =>
                RawBody.ReadAsync(http, BodyBytesMax, body => handler.RunAsync(http, context, body)))
            .Accepts<MessagesRequestBody>("application/json")
            .Requires(Capability.InferenceInvoke)
            .WithAnthropicErrors()
            .WithBodyLimit(BodyBytesMax)
            .WithoutReplay()
            .WithoutTimeLimit();

    /// <summary>The request with what the caller's headers and address say of it.</summary>
    /// <exception cref="Problem">422 for headers that cannot be passed on.</exception>
    public static MessagesEnvelope Read(HttpContext http, ReadOnlySpan<byte> body)
    {
        var envelope = MessagesEnvelope.Read(body);
        return envelope with
        {
            Version = Header(http, "anthropic-version", 32),
            Beta = Header(http, "anthropic-beta", 1024),
            IsBeta = http.Request.Query["beta"] == "true",
        };
    }

    private async Task RunAsync(HttpContext http, RequestContext context, ReadOnlyMemory<byte> body)
    {
        http.Response.Headers["request-id"] = context.TraceId;
        var envelope = Read(http, body.Span);
        var screened = await screen.BodyAsync(context, body, http.RequestAborted);
        if (!screened.Body.Equals(body)) envelope = Read(http, (body = screened.Body).Span);
        var route = await router.FindAsync(context, envelope.Model, "chat", http.RequestAborted);
        var model = route.Candidates[0];
        var digest = Convert.ToHexStringLower(SHA256.HashData(body.Span));
        if (providers.Of(model)?.Speaks(WireFormat.Messages) != true)
        {
            await answer.RunAsync(http, context, envelope, MessagesReading.Read(body.Span, needsLimit: true), digest, InputBound.Of(body.Span), screened.Taints);
            return;
        }
        var call = await calls.PermitAsync(context, model, "chat", envelope.Stream, digest, InputBound.Of(body.Span), envelope.OutputTokensMax, http.RequestAborted, origin: new CallOrigin(screened.Taints));
        await passThrough.ForwardAsync(http, call, route, Wire, envelope, body, (other, attempts) => answer.RunAsync(
            http, context, envelope with { Model = other.Qualified }, MessagesReading.Read(body.Span, needsLimit: true), digest, InputBound.Of(body.Span), screened.Taints, attempts));
    }

    private static string? Header(HttpContext http, string name, int lengthMax)
    {
        var sent = http.Request.Headers[name].ToString();
        if (sent.Length == 0) return null;
        return sent.Length <= lengthMax && !sent.AsSpan().ContainsAnyExceptInRange(' ', '~') ? sent : throw Problem.Invalid(name, $"must have at most {lengthMax} plain characters");
    }
}

/// <summary>What a Messages request is made of; a provider that speaks the format reads more, and is sent all of it.</summary>
/// <param name="MaxTokens">At least 1.</param>
/// <param name="Messages">Each with <c>role</c> and <c>content</c>.</param>
/// <param name="System">Text, or a list of text blocks.</param>
internal sealed record MessagesRequestBody(
    int MaxTokens, IReadOnlyList<JsonElement> Messages, string? Model = null, bool? Stream = null, JsonElement? System = null, IReadOnlyList<JsonElement>? Tools = null,
    JsonElement? ToolChoice = null, IReadOnlyList<string>? StopSequences = null, double? Temperature = null, double? TopP = null);
