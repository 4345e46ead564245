using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SomaStack.Client;

/// <summary>One logical call. Its content is made anew for each attempt; its idempotency key is the same for all of them.</summary>
internal sealed record Call(HttpMethod Method, string Path)
{
    public Func<HttpContent>? Content { get; init; }

    public string? IdempotencyKey { get; init; }

    public string? IfMatch { get; init; }

    /// <summary>The approval that is spent with this call.</summary>
    public string? Approval { get; init; }

    /// <summary>The ETag that the caller holds; then 304 without a body is an answer too.</summary>
    public string? IfNoneMatch { get; init; }

    public long? LastEventId { get; init; }

    /// <summary>Answers with the open body instead of a whole one.</summary>
    public bool Streams { get; init; }

    /// <summary>False when the content can be sent only once.</summary>
    public bool Repeats { get; init; } = true;

    /// <summary>For calls that may well take longer than others, such as a model's answer.</summary>
    public TimeSpan? Patience { get; init; }

    public static Call Get(string path) => new(HttpMethod.Get, path);

    /// <summary>A question that has a body; it writes nothing, so it needs no key.</summary>
    public static Call Ask<T>(string path, T body, JsonTypeInfo<T> shape) => new(HttpMethod.Post, path) { Content = () => JsonContent.Create(body, shape) };

    public static Call Post<T>(string path, T body, JsonTypeInfo<T> shape, string? key = null) =>
        new(HttpMethod.Post, path) { Content = () => JsonContent.Create(body, shape), IdempotencyKey = key ?? Guid.CreateVersion7().ToString() };
}

/// <summary>Sends calls: headers, attempts with waits between them, refusals as exceptions.</summary>
internal sealed class Transport(HttpClient http, SomaClientOptions options, AuthenticationHeaderValue? credential)
{
    private static readonly ProductInfoHeaderValue Product = new("somastack-dotnet", typeof(Transport).Assembly.GetName().Version?.ToString(3) ?? "0");

    public SomaClientOptions Options => options;

    public async Task<T> JsonAsync<T>(Call call, JsonTypeInfo<T> shape, CancellationToken cancellationToken) => (await TaggedAsync(call, shape, cancellationToken)).Value;

    /// <summary>The answer with its ETag.</summary>
    public async Task<(T Value, string? ETag)> TaggedAsync<T>(Call call, JsonTypeInfo<T> shape, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(call, cancellationToken);
        var value = await response.Content.ReadFromJsonAsync(shape, cancellationToken) ?? throw new InvalidDataException("The answer was null.");
        return (value, response.Headers.ETag?.ToString());
    }

    /// <summary>The answer with its ETag, or null when the caller holds it already.</summary>
    public async Task<(T Value, string? ETag)?> ChangedAsync<T>(Call call, JsonTypeInfo<T> shape, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(call, cancellationToken);
        if (response.StatusCode == System.Net.HttpStatusCode.NotModified) return null;
        return (await response.Content.ReadFromJsonAsync(shape, cancellationToken) ?? throw new InvalidDataException("The answer was null."), response.Headers.ETag?.ToString());
    }

    public async Task NothingAsync(Call call, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(call, cancellationToken);
    }

    /// <exception cref="SomaException">When the server refuses and repeating does not help.</exception>
    /// <exception cref="HttpRequestException">When it cannot be reached.</exception>
    /// <exception cref="TimeoutException">When the last attempt took too long.</exception>
    public async Task<HttpResponseMessage> SendAsync(Call call, CancellationToken cancellationToken)
    {
        var patient = call.Patience is { } patience ? options with { Deadline = patience, AttemptTimeout = patience } : options;
        var started = options.Clock.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            Exception failure;
            try
            {
                var left = patient.Deadline - options.Clock.GetElapsedTime(started);
                var response = await OnceAsync(call, left < patient.AttemptTimeout ? left : patient.AttemptTimeout, cancellationToken);
                if (response.IsSuccessStatusCode || response.StatusCode == System.Net.HttpStatusCode.NotModified && call.IfNoneMatch is not null) return response;
                using (response) failure = await RefusalAsync(response, cancellationToken);
            }
            catch (HttpRequestException unreachable)
            {
                failure = unreachable;
            }
            catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
            {
                failure = new TimeoutException("The server did not answer in time.", late);
            }
            var refusal = failure as SomaException;
            var outcome = new RetryRule.Outcome(refusal?.Status, refusal?.Code, refusal?.RetryAfter);
            var wait = call.Repeats ? RetryRule.Next(patient, attempt, outcome, options.Clock.GetElapsedTime(started)) : null;
            if (wait is null) throw failure;
            await Task.Delay(wait.Value, options.Clock, cancellationToken);
        }
    }

    private async Task<HttpResponseMessage> OnceAsync(Call call, TimeSpan left, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(call.Method, Address(call.Path)) { Content = call.Content?.Invoke() };
        if (credential is not null) request.Headers.Authorization = credential;
        if (options.Tenant is not null) request.Headers.TryAddWithoutValidation("X-Tenant-ID", options.Tenant);
        if (options.UserAgent is not null) request.Headers.TryAddWithoutValidation("User-Agent", options.UserAgent);
        request.Headers.UserAgent.Add(Product);
        if (call.IdempotencyKey is not null) request.Headers.TryAddWithoutValidation("Idempotency-Key", call.IdempotencyKey);
        if (call.Approval is not null) request.Headers.TryAddWithoutValidation("Soma-Approval", call.Approval);
        if (call.IfMatch is not null) request.Headers.TryAddWithoutValidation("If-Match", call.IfMatch);
        if (call.IfNoneMatch is not null) request.Headers.TryAddWithoutValidation("If-None-Match", call.IfNoneMatch);
        if (call.LastEventId is { } last) request.Headers.TryAddWithoutValidation("Last-Event-ID", last.ToString(System.Globalization.CultureInfo.InvariantCulture));
        using var limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        return await http.SendAsync(request, call.Streams ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead, either.Token);
    }

    /// <summary>The base may have a path of its own, e.g. behind a proxy.</summary>
    private Uri Address(string path) => new((http.BaseAddress ?? throw new InvalidOperationException("The HttpClient needs a BaseAddress.")).AbsoluteUri.TrimEnd('/') + path);

    private async Task<SomaException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        ProblemBody? problem = null;
        try
        {
            problem = await response.Content.ReadFromJsonAsync(ClientJson.Default.ProblemBody, cancellationToken);
        }
        catch (Exception unreadable) when (unreadable is JsonException or HttpRequestException or IOException or InvalidOperationException)
        {
            // Not our server, or a proxy before it.
        }
        var retryAfter = response.Headers.TryGetValues("Retry-After", out var values) ? RetryRule.RetryAfter(values.First(), options.Clock.GetUtcNow()) : null;
        return new SomaException(
            (int)response.StatusCode, problem?.Code ?? "http_" + (int)response.StatusCode, problem?.Detail ?? problem?.Title ?? response.ReasonPhrase ?? "The server refused.",
            problem?.TraceId, retryAfter)
        {
            Remedy = problem?.Remedy,
            Reasons = problem?.Reasons ?? [],
            Errors = problem?.Errors ?? [],
        };
    }
}
