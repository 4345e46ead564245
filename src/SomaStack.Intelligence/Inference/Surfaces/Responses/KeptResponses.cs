using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>
/// <c>GET</c> and <c>DELETE /v1/responses/{id}</c>, and <c>POST /v1/responses/input_tokens</c>: passed on to OpenAI, which keeps answers.
/// All tenants share the operator's key there, so whose answer it is is kept here: nobody reaches one of another tenant.
/// </summary>
internal sealed class KeptResponses(ProviderList providers, Router router, ResponseStore store, TimeProvider clock)
{
    private const int BodyBytesMax = 10 << 20;
    private const int AnswerBytesMax = 64 << 20;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/responses/{id}", static (string id, HttpContext http, RequestContext context, KeptResponses handler) => handler.ForwardAsync(http, context, HttpMethod.Get, id))
            .Produces<ResponseAnswer>().Requires(Capability.InferenceInvoke).WithOpenAiErrors();
        routes.MapDelete("/v1/responses/{id}", static (string id, HttpContext http, RequestContext context, KeptResponses handler) => handler.ForwardAsync(http, context, HttpMethod.Delete, id))
            .Requires(Capability.InferenceInvoke).WithOpenAiErrors();
        routes.MapPost("/v1/responses/input_tokens", static (HttpContext http, RequestContext context, KeptResponses handler) => RawBody.ReadAsync(http, BodyBytesMax, body => handler.CountAsync(http, context, body)))
            .Accepts<ResponsesRequest>("application/json").Requires(Capability.InferenceInvoke).WithOpenAiErrors().WithBodyLimit(BodyBytesMax).WithoutReplay();
    }

    public Task OwnAsync(RequestContext context, string id, string provider) => store.AddAsync(context.Tenant, id, provider, clock.NowMicros());

    /// <summary>The provider that keeps it; null when it is no answer of this tenant.</summary>
    public Task<string?> ProviderOfAsync(RequestContext context, string id, CancellationToken cancellationToken) => store.ProviderOfAsync(context.Tenant, id, cancellationToken);

    private async Task ForwardAsync(HttpContext http, RequestContext context, HttpMethod method, string id)
    {
        if (!providers.All.Any(static provider => provider.Speaks(WireFormat.Responses))) throw PlatformProblems.NotBuilt.Because("No configured provider keeps responses, and this server keeps none itself.");
        if (http.Request.QueryString.HasValue) throw Problem.Invalid("query", "must be empty: only the kept answer itself is passed on");
        var name = await store.ProviderOfAsync(context.Tenant, id, http.RequestAborted);
        var provider = providers.All.FirstOrDefault(one => one.Name == name) ?? throw PlatformProblems.NotFound.Because("There is no such response.");
        using var request = provider.Request(method, "responses/" + Uri.EscapeDataString(id));
        var (status, body) = await ReadAsync(provider, request, http.RequestAborted);
        // Before the answer leaves: whoever has read that it is gone must not find it again.
        if (status < 300 && method == HttpMethod.Delete) await store.RemoveAsync(context.Tenant, id);
        await WriteAsync(http, status, body);
    }

    /// <summary>Counting makes no answer, so nothing is reserved or booked.</summary>
    private async Task CountAsync(HttpContext http, RequestContext context, ReadOnlyMemory<byte> body)
    {
        var envelope = ResponsesEnvelope.Read(body.Span);
        var model = (await router.FindAsync(context, envelope.Model, "chat", http.RequestAborted)).Candidates[0];
        if (providers.Of(model) is not { } provider || !provider.Speaks(WireFormat.Responses))
            throw PlatformProblems.NotBuilt.Because("Input tokens are counted by OpenAI's own server alone; this model's provider does not count before the call.");
        if (envelope.Conversation) throw Problem.Invalid("conversation", "is not served here");
        if (envelope.Previous is { } previous && await store.ProviderOfAsync(context.Tenant, previous, http.RequestAborted) != provider.Name)
            throw Problem.Invalid("previous_response_id", "names no answer of this tenant and provider");
        using var request = provider.Request(HttpMethod.Post, "responses/input_tokens", new ReadOnlyMemoryContent(envelope.Forward(body, model.Id)) { Headers = { ContentType = Json } });
        var (status, answer) = await ReadAsync(provider, request, http.RequestAborted);
        await WriteAsync(http, status, answer);
    }

    private static async Task WriteAsync(HttpContext http, int status, byte[] body)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body, http.RequestAborted);
    }

    /// <returns>What the provider answered; a refusal that it words is passed on.</returns>
    private async Task<(int Status, byte[] Body)> ReadAsync(Provider provider, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await provider.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.Content.Headers.ContentLength > AnswerBytesMax) throw InferenceProblems.Garbled.Because("Its answer is too long.");
            await response.Content.LoadIntoBufferAsync(AnswerBytesMax, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            if (response.IsSuccessStatusCode) return ResponsesShape.Read(body) is null ? throw InferenceProblems.Garbled.Because("Its answer is not what was asked for.") : (200, body);
            var problem = ProviderFailures.Refusal(response, body, clock);
            return problem.Code == InferenceProblems.Rejected && ErrorShape.IsOpenAi(body) ? ((int)response.StatusCode, body) : throw problem;
        }
        catch (Exception exception) when (ProviderFailures.Explain(exception, clock, cancellationToken) is { } problem)
        {
            throw problem;
        }
    }
}
