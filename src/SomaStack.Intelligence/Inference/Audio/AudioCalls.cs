using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SomaStack.Governance.Billing.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Inference;

/// <summary>Sound as a caller sent it.</summary>
/// <param name="FileName">Letters, digits, '.', '-' and '_' only: providers tell the form by its ending.</param>
internal sealed record Recording(ReadOnlyMemory<byte> Bytes, string FileName);

/// <summary>What audio calls share: which model, and the governed call around it.</summary>
internal sealed class AudioCalls(ModelCalls calls, Router router, ModelDirectory directory, ProviderList providers, OfflineSpeech offline, TimeProvider clock)
{
    public const int AudioBytesMax = 25 << 20;

    private const int AnswerBytesMax = 16 << 20;

    /// <param name="role">transcription or speech.</param>
    /// <param name="own">The offline model of the role.</param>
    /// <exception cref="Problem">404 for an unknown model, 422 for one without audio, 503 when none is named and the offline one is not installed.</exception>
    public async ValueTask<KnownModel> FindAsync(RequestContext context, string? asked, string role, string own, string packages, CancellationToken cancellationToken)
    {
        if (asked is { Length: > 0 })
        {
            if (asked == own || asked == $"{ExtractiveResponder.Provider}/{own}") return offline.Find(own) ?? throw OfflineSpeech.Unavailable(own, packages);
            var named = (await router.FindAsync(context, asked, role, cancellationToken)).Candidates[0];
            return IsSpoken(named) ? named : throw Problem.Invalid("model", $"must be '{own}' or a model of an OpenAI-compatible provider; '{named.Id}' has no audio");
        }
        // A tenant's choice for the role comes first; the default model is one for chat and no such choice.
        var chosen = (await router.FindAsync(context, null, role, cancellationToken)).Candidates[0];
        if (chosen.Id != directory.Default && chosen.Qualified != directory.Default && IsSpoken(chosen)) return chosen;
        return offline.Find(own) ?? throw OfflineSpeech.Unavailable(own, packages);
    }

    public Provider? ProviderOf(KnownModel model) => providers.Of(model);

    public long? CostNanos(ModelCall call) => calls.CostNanos(call);

    /// <summary>As the other overload, for a caller over HTTP whose answer says what is known of the call.</summary>
    public Task<T> RunAsync<T>(HttpContext http, RequestContext context, KnownModel model, string purpose, string requestSha256, Func<ModelCall, Task<T>> work) =>
        RunAsync(context, model, purpose, requestSha256, AnswerHeaders.RequestOf(http), async call =>
        {
            AnswerHeaders.Announce(http, call);
            var result = await work(call);
            if (!http.Response.HasStarted) Announce(http, call);
            return result;
        }, http.RequestAborted);

    /// <summary>What is known of a call whose answer is about to leave; a cost that hangs on what is still to come is unknown.</summary>
    public void Announce(HttpContext http, ModelCall call) => AnswerHeaders.AnnounceWhole(http, call, calls.CostNanos(call));

    /// <summary>Gate, reservation and journal line before the work, settlement after it. Audio is not priced by tokens: what a provider does not count stays unknown.</summary>
    public async Task<T> RunAsync<T>(
        RequestContext context, KnownModel model, string purpose, string requestSha256, string? requestId, Func<ModelCall, Task<T>> work, CancellationToken cancellationToken)
    {
        var call = await calls.PermitAsync(context, model, purpose, false, requestSha256, 0, 0, cancellationToken, meets: ObligedCall.Notices);
        call.RequestId = requestId ?? context.TraceId;
        await calls.OpenAsync(call);
        T result;
        try
        {
            result = await work(call);
        }
        catch (Exception exception)
        {
            var problem = exception as Problem ?? ProviderFailures.Explain(exception, clock, cancellationToken);
            var reached = call.UpstreamStatus is >= 200 and < 300 || problem is null || problem.Code == InferenceProblems.Timeout;
            await calls.FailAsync(call, problem?.Code.Code ?? (cancellationToken.IsCancellationRequested ? "client_closed" : PlatformProblems.Internal.Code), reached);
            if (problem is null || ReferenceEquals(problem, exception)) throw;
            throw problem;
        }
        await calls.SettleAsync(call);
        return result;
    }

    /// <summary>Sends a request to the provider; the answer's head is there and says success.</summary>
    /// <exception cref="Problem">The provider refused.</exception>
    public async Task<HttpResponseMessage> SendAsync(ModelCall call, string path, HttpContent content, CancellationToken cancellationToken)
    {
        var provider = providers.Of(call.Model)!;
        using var request = provider.Request(HttpMethod.Post, path, content);
        call.BeginWait();
        var response = await provider.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        call.EndWait();
        call.UpstreamStatus = (int)response.StatusCode;
        if (response.IsSuccessStatusCode) return response;
        using (response)
        {
            throw ProviderFailures.Refusal(response, await BytesAsync(call, response, cancellationToken), clock);
        }
    }

    /// <summary>The whole body, up to a limit that no such answer comes near.</summary>
    public static async Task<byte[]> BytesAsync(ModelCall call, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        call.BeginWait();
        try
        {
            await response.Content.LoadIntoBufferAsync(AnswerBytesMax, cancellationToken);
            return await response.Content.ReadAsByteArrayAsync(cancellationToken);
        }
        finally
        {
            call.EndWait();
        }
    }

    /// <summary>What a provider that charges by tokens says; seconds, which others report, are no tokens.</summary>
    public static TokenUsage UsageOf(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json);
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("usage", out var usage) || usage.ValueKind != JsonValueKind.Object) return new TokenUsage(null, null);
            return new TokenUsage(Number(usage, "input_tokens"), Number(usage, "output_tokens"));
        }
        catch (JsonException)
        {
            return new TokenUsage(null, null);
        }
    }

    private bool IsSpoken(KnownModel model) => providers.Of(model) is { Kind: not ProviderKind.Anthropic };

    private static long? Number(JsonElement item, string name) => item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;
}
