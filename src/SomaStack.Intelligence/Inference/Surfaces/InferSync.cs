using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.AI;
using SomaStack.Intelligence.Inference.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>The roadmap's <c>POST /infer_sync</c> (also <c>/v1/infer_sync</c>, <c>/v1/infer/sync</c>): one prompt in, one completion out, over any model.</summary>
internal sealed class InferSync(GovernedChat chat, RequestScreen screen)
{
    private const int PromptLengthMax = 100_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var path in (ReadOnlySpan<string>)["/infer_sync", "/v1/infer_sync", "/v1/infer/sync"])
            routes.MapPost(path, static async (InferRequest request, RequestContext context, InferSync handler, HttpContext http) =>
                    TypedResults.Ok(await handler.RunAsync(request, context, http)))
                .Requires(Capability.InferenceInvoke)
                .WithoutTimeLimit();
    }

    private async Task<InferAnswer> RunAsync(InferRequest request, RequestContext context, HttpContext http)
    {
        Check.That(!string.IsNullOrWhiteSpace(request.Prompt) && request.Prompt.Length <= PromptLengthMax, "prompt", $"must have 1 to {PromptLengthMax} characters and not be blank")
            .And(request.MaxTokens is null or (>= 1 and <= 100_000), "max_tokens", "must be from 1 to 100000")
            .And(request.Temperature is null or (>= 0 and <= 2), "temperature", "must be from 0 to 2")
            .OrThrow();
        var taints = await screen.WordsAsync(context, [request.Prompt], http.RequestAborted);
        var bytes = Encoding.UTF8.GetBytes(request.Prompt);
        var options = new ChatOptions { MaxOutputTokens = request.MaxTokens, Temperature = (float?)request.Temperature };
        ModelCall? call = null;
        var digest = Convert.ToHexStringLower(SHA256.HashData(bytes));
        var asked = new ModelRequest(request.Model, [new ChatMessage(ChatRole.User, request.Prompt)], options, "infer", digest, bytes.Length)
        {
            RequestId = AnswerHeaders.RequestOf(http),
            Announce = attempt => call = attempt,
            Taints = taints,
            Watched = true,
        };
        var (response, receipt) = await chat.AnswerAsync(context, asked, http.RequestAborted);
        if (call is not null) AnswerHeaders.AnnounceWhole(http, call, receipt.CostNanos);
        var usage = new InferUsage(receipt.InputTokens, receipt.OutputTokens, receipt.InputTokens + receipt.OutputTokens);
        return new InferAnswer(receipt.Model, receipt.Provider, response.Text, response.Text, usage, AnswerChat.QuotationsOf(response.AdditionalProperties) ?? [], receipt.CallId);
    }
}
