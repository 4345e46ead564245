using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>
/// Idempotency-Key: the same key and body get the first answer again, for 24 hours; while the first request runs, others hear 409.
/// A request whose server died runs again: the ids of what it makes derive from the key, so it meets what it wrote before.
/// Server errors, 408 and 429 are not kept, since trying again is the remedy for them.
/// </summary>
internal sealed partial class Replays(RequestDelegate next, RequestDelegate answering, ReplayStore store, ILogger<Replays> log)
{
    public const int BodyMax = 256 << 10;
    private const int KeyMax = 255;

    private static readonly string[] KeptHeaders = [HeaderNames.ContentType, HeaderNames.ETag, HeaderNames.Location, HeaderNames.CacheControl, HeaderNames.WWWAuthenticate, ApprovalHeader.Name];

    public Task InvokeAsync(HttpContext http)
    {
        if (!http.Request.Headers.TryGetValue("Idempotency-Key", out var sent)) return next(http);
        if (http.Features.Get<RequestContext>() is not { } context || http.GetEndpoint()!.Metadata.GetMetadata<NotReplayed>() is not null) return next(http);
        if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method)) return next(http);
        if (sent is not [{ Length: > 0 and <= KeyMax } key] || key.AsSpan().ContainsAnyExceptInRange('!', '~'))
            throw Problem.Invalid("Idempotency-Key", $"must be one value of 1 to {KeyMax} visible ASCII characters");
        return AnswerAsync(http, context, key);
    }

    private async Task AnswerAsync(HttpContext http, RequestContext context, string key)
    {
        var body = await BufferedBody.ReadAsync(http);
        var request = $"{http.Request.Method} {http.Request.Path}{http.Request.QueryString}";
        // Asking again with an approval is another request: it must not get the answer that asked for one.
        if (context.Approval is { } approval) key += "\n" + approval;
        var claimed = new ReplayKey(context.Tenant, context.Principal.Id, key, request, Convert.ToHexStringLower(SHA256.HashData(body)));
        // A little more than the edge lets the request run; what has no time limit gets ten minutes.
        var lease = http.GetEndpoint()!.Metadata.GetMetadata<Unhurried>() is null ? Limits.Time + TimeSpan.FromSeconds(10) : TimeSpan.FromMinutes(10);
        var claim = await store.ClaimAsync(claimed, lease, http.RequestAborted);
        if (claim.Answer is { } answer)
        {
            await RepeatAsync(http, answer);
            return;
        }
        if (!claim.IsMine) throw new Problem(EdgeProblems.KeyRunning, "The first request with this key has not been answered yet.") { RetryAfter = claim.RetryAfter };
        http.Features.Set(context with { IdempotencyKey = $"{request}\n{key}" });
        await RunAsync(http, claimed);
    }

    private async Task RunAsync(HttpContext http, ReplayKey key)
    {
        var original = http.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        var recording = new Recording(original.Stream, BodyMax);
        var recorded = new StreamResponseBodyFeature(recording, original);
        http.Features.Set<IHttpResponseBodyFeature>(recorded);
        var finished = false;
        try
        {
            await answering(http);
            await recorded.CompleteAsync();
            finished = true;
        }
        finally
        {
            http.Features.Set(original);
            await SettleAsync(http, key, finished && recording.IsComplete && !http.RequestAborted.IsCancellationRequested ? recording.Bytes() : null);
        }
        if (recording.IsComplete) await original.Stream.WriteAsync(recording.Bytes(), CancellationToken.None);
    }

    private async Task SettleAsync(HttpContext http, ReplayKey key, byte[]? body)
    {
        try
        {
            var status = http.Response.StatusCode;
            if (body is null || status is >= 500 or StatusCodes.Status408RequestTimeout or StatusCodes.Status429TooManyRequests) await store.ReleaseAsync(key);
            else await store.KeepAsync(key, new KeptAnswer(status, HeaderLines(http.Response.Headers), body));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The work is done and its answer is true; the lease will run out, and a retry meets the rows by their derived ids.
            NotKept(log, exception, Frame.TraceId(http));
        }
    }

    private static async Task RepeatAsync(HttpContext http, KeptAnswer answer)
    {
        http.Response.StatusCode = answer.Status;
        foreach (var line in answer.Headers.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = line.IndexOf(": ", StringComparison.Ordinal);
            http.Response.Headers[line[..colon]] = line[(colon + 2)..];
        }
        http.Response.Headers["Idempotency-Replayed"] = "true";
        EdgeMetrics.Replays.Add(1);
        http.Response.ContentLength = answer.Body.Length;
        if (answer.Body.Length > 0) await http.Response.Body.WriteAsync(answer.Body, http.RequestAborted);
    }

    private static string HeaderLines(IHeaderDictionary headers)
    {
        var lines = new StringBuilder();
        foreach (var name in KeptHeaders)
            if (headers.TryGetValue(name, out var values)) lines.Append(name).Append(": ").Append(values.ToString()).Append('\n');
        return lines.ToString();
    }

    [LoggerMessage(1, LogLevel.Warning, "An answer could not be kept for its Idempotency-Key (trace {TraceId}).")]
    private static partial void NotKept(ILogger log, Exception exception, string traceId);
}
