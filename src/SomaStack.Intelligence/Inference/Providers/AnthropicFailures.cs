using Anthropic.Exceptions;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Turns a refusing status into this room's refusal while its headers are at hand: the official client's exceptions no longer have them.</summary>
internal sealed class AnthropicRefusals : DelegatingHandler
{
    private const int BodyLimit = 1 << 20;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.IsSuccessStatusCode) return response;
        using (response)
        {
            await response.Content.LoadIntoBufferAsync(BodyLimit, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            throw ProviderFailures.Refusal(response, body, TimeProvider.System);
        }
    }
}

/// <summary>What Anthropic's official client throws, as this room's refusals.</summary>
internal static class AnthropicFailures
{
    public static Problem? Explain(AnthropicException exception, TimeProvider clock, CancellationToken cancellationToken) => exception switch
    {
        AnthropicSseException failed => InStream(failed),
        AnthropicIOException { InnerException: { } cause } => ProviderFailures.Explain(cause, clock, cancellationToken),
        _ => InferenceProblems.Garbled.Because("Its answer does not follow the API that it speaks.", exception),
    };

    /// <summary>An <c>error</c> event: the status had already been 200.</summary>
    private static Problem InStream(AnthropicSseException failed)
    {
        var said = $"It said in its stream: {failed.ApiMessage ?? "nothing"}";
        return failed.Type?.Raw() switch
        {
            // What it says here may repeat a part of the key.
            "authentication_error" or "permission_error" or "billing_error" => InferenceProblems.Unauthorized.Because("It refused in its stream.", failed),
            "invalid_request_error" or "not_found_error" or "request_too_large" => InferenceProblems.Rejected.Because(said, failed),
            "rate_limit_error" => InferenceProblems.RateLimited.Because(said, failed),
            "timeout_error" => InferenceProblems.Timeout.Because(said, failed),
            _ => InferenceProblems.Unavailable.Because(said, failed),
        };
    }
}
