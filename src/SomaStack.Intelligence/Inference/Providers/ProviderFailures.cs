using System.ClientModel;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Anthropic.Exceptions;
using Microsoft.Extensions.AI;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Turns what a provider's client throws into this room's refusals; a caller's own cancellation stays one.</summary>
internal sealed class ProviderFailures(IChatClient inner, TimeProvider clock) : DelegatingChatClient(inner)
{
    public override async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        try
        {
            return await base.GetResponseAsync(messages, options, cancellationToken);
        }
        catch (Exception exception) when (Explain(exception, clock, cancellationToken) is { } problem)
        {
            throw problem;
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await using var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            try
            {
                if (!await updates.MoveNextAsync()) yield break;
            }
            catch (Exception exception) when (Explain(exception, clock, cancellationToken) is { } problem)
            {
                throw problem;
            }
            yield return updates.Current;
        }
    }

    /// <summary>Null for what is no failure of the provider.</summary>
    public static Problem? Explain(Exception exception, TimeProvider clock, CancellationToken cancellationToken) => exception switch
    {
        _ when cancellationToken.IsCancellationRequested => null,
        Problem => null,
        ClientResultException { Status: > 0 } refused => InferenceProblems.FromStatus((HttpStatusCode)refused.Status, Words(refused), RetryAfter(refused, clock), refused),
        ClientResultException { InnerException: { } cause } => Explain(cause, clock, cancellationToken) ?? InferenceProblems.Unavailable.Because("It could not be reached.", exception),
        AnthropicException failure => AnthropicFailures.Explain(failure, clock, cancellationToken),
        TimeoutException or OperationCanceledException => InferenceProblems.Timeout.Because("It did not answer in time.", exception),
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse } =>
            InferenceProblems.Garbled.Because("Its answer ended in the middle.", exception),
        HttpRequestException or ClientResultException => InferenceProblems.Unavailable.Because("It could not be reached.", exception),
        AggregateException { InnerException: { } cause } => Explain(cause, clock, cancellationToken),
        IOException => InferenceProblems.Garbled.Because("Its answer ended in the middle.", exception),
        JsonException or FormatException or InvalidOperationException or ArgumentException or KeyNotFoundException or NotSupportedException =>
            InferenceProblems.Garbled.Because("Its answer does not follow the API that it speaks.", exception),
        _ => null,
    };

    /// <summary>The refusal in a status other than success, with the provider's words and the pause that it asks for.</summary>
    public static Problem Refusal(HttpResponseMessage response, ReadOnlySpan<byte> body, TimeProvider clock) => InferenceProblems.FromStatus(
        response.StatusCode, ErrorShape.MessageOf(body), RetryAfter(response.Headers.TryGetValues("Retry-After", out var values) ? values.First() : null, clock));

    /// <summary>The seconds or the date in Retry-After.</summary>
    public static TimeSpan? RetryAfter(string? header, TimeProvider clock)
    {
        if (string.IsNullOrEmpty(header)) return null;
        if (double.TryParse(header, System.Globalization.CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 86_400) return TimeSpan.FromSeconds(seconds);
        return DateTimeOffset.TryParse(header, System.Globalization.CultureInfo.InvariantCulture, out var instant) && instant > clock.GetUtcNow() ? instant - clock.GetUtcNow() : null;
    }

    private static TimeSpan? RetryAfter(ClientResultException refused, TimeProvider clock) =>
        refused.GetRawResponse()?.Headers.TryGetValue("Retry-After", out var header) == true ? RetryAfter(header, clock) : null;

    private static string? Words(ClientResultException refused) =>
        refused.GetRawResponse()?.Content is { } body ? ErrorShape.MessageOf(body.ToMemory().Span) ?? refused.Message : refused.Message;
}
