using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <param name="Model">Any name: what is not of an OpenAI family is estimated.</param>
/// <param name="Messages">In OpenAI's shape; either this or <paramref name="Text"/>.</param>
/// <param name="Tools">In OpenAI's shape, with <paramref name="Messages"/>.</param>
internal sealed record CountTextRequest(string Model, JsonElement? Messages = null, string? Text = null, JsonElement? Tools = null);

/// <param name="Method">exact or estimate.</param>
/// <param name="ImageTokensMax">The part of <paramref name="Tokens"/> that images were taken for; null without images.</param>
internal sealed record CountTextAnswer(string Model, long Tokens, string Method, string Tokenizer, long? ImageTokensMax);

/// <summary><c>POST /v1/tokens/count</c>: how many tokens a text or a chat request has, before it is sent. Asks no provider and costs nothing.</summary>
internal sealed class CountText(TokenCounter counter)
{
    private const int ModelLengthMax = 200;
    private const int TextLengthMax = 1_000_000;

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/v1/tokens/count", static async (CountTextRequest request, CountText handler) => TypedResults.Ok(await handler.RunAsync(request)))
            .Requires(Capability.InferenceInvoke)
            .WithBodyLimit(4 << 20)
            .WithoutReplay();

    private async Task<CountTextAnswer> RunAsync(CountTextRequest request)
    {
        var isArray = request.Messages is { ValueKind: JsonValueKind.Array };
        Check.That(request.Model.Length is > 0 and <= ModelLengthMax, "model", $"must have 1 to {ModelLengthMax} characters")
            .And(request.Text is not null != isArray, "messages", "or 'text' must be given, one of them: 'messages' is a list, 'text' is a string")
            .And(request.Text is null or { Length: <= TextLengthMax }, "text", $"must have at most {TextLengthMax} characters")
            .And(request.Tools is null or { ValueKind: JsonValueKind.Array or JsonValueKind.Null }, "tools", "must be a list")
            .And(!isArray || request.Messages!.Value.EnumerateArray().All(static message => message.ValueKind == JsonValueKind.Object), "messages", "must hold objects")
            .OrThrow();
        var count = isArray ? await counter.CountMessagesAsync(request.Model, request.Messages!.Value, request.Tools) : await counter.CountTextAsync(request.Model, request.Text!);
        return new CountTextAnswer(request.Model, count.Tokens, count.IsExact ? "exact" : "estimate", count.Encoding, count.ImageTokensMax);
    }
}
