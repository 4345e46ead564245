using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Governance.Approvals.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// Memory routes on a replica whose brain is another process. A request goes there as it is, with its caller's credential. While the brain is away
/// writes wait in the buffer, recall says that it knows nothing and why, and the rest is refused with 503.
/// </summary>
internal sealed class Forward(RemoteBrain brain, Buffers buffers, TimeProvider clock, IOptions<JsonOptions> json)
{
    private static readonly string[] Sent =
        [HeaderNames.Accept, HeaderNames.IfMatch, HeaderNames.IfNoneMatch, "Prefer", "Idempotency-Key", ApprovalHeader.Name, "X-Client-Type", "X-Request-Id"];

    private static readonly string[] Returned =
        [HeaderNames.ContentType, HeaderNames.ETag, HeaderNames.Location, HeaderNames.CacheControl, HeaderNames.RetryAfter, HeaderNames.WWWAuthenticate, "Idempotency-Replayed", "Preference-Applied", ApprovalHeader.Name];

    /// <summary>The routes of the room as they are, or, where the brain is remote, the same routes with this in front of every handler.</summary>
    public static IEndpointRouteBuilder Wrap(IEndpointRouteBuilder routes)
    {
        if (!Gateway.IsRemote(routes.ServiceProvider.GetRequiredService<SomaOptions>())) return routes;
        var group = routes.MapGroup("");
        ((IEndpointConventionBuilder)group).Add(static endpoint =>
        {
            endpoint.RequestDelegate = static http => http.RequestServices.GetRequiredService<Forward>().InvokeAsync(http);
            // The brain keeps the answers: one place must know whether a key was used.
            endpoint.Metadata.Add(new NotReplayed());
        });
        return group;
    }

    private Task InvokeAsync(HttpContext http)
    {
        var context = http.Features.GetRequiredFeature<RequestContext>();
        if (HttpMethods.IsPost(http.Request.Method))
        {
            var path = http.Request.Path.Value!;
            if (BufferedOps.OpOf(path) is { } op) return WriteAsync(http, context, op, path);
            if (DegradedAnswers.Has(path)) return ReadAsync(http, context, path);
        }
        return PassOrRefuseAsync(http);
    }

    private async Task PassOrRefuseAsync(HttpContext http)
    {
        try
        {
            await PassAsync(http, null, null);
        }
        catch (BrainUnreachableException exception)
        {
            throw new Problem(GatewayProblems.Unreachable, "The memory service does not answer, and this cannot wait for it.", exception) { RetryAfter = GatewayProblems.TryAgain };
        }
    }

    private async Task ReadAsync(HttpContext http, RequestContext context, string path)
    {
        var body = await BytesAsync(http);
        try
        {
            await PassAsync(http, body, null);
        }
        catch (BrainUnreachableException)
        {
            using var document = Parse(body);
            await DegradedAnswers.WriteAsync(http, context, path, document.RootElement);
        }
    }

    private async Task WriteAsync(HttpContext http, RequestContext context, string op, string path)
    {
        var body = await BytesAsync(http);
        using var document = Parse(body);
        var given = KeyOf(http);
        var key = given ?? "gw-" + Ids.New(clock);
        var id = Ids.Derive($"gateway\n{context.Tenant}\n{context.Principal.Id}\n{path}\n{key}");
        var orderKey = BufferedOps.OrderKey(op, document.RootElement, id);
        var sent = false;
        var reason = "behind_queued_writes";
        // A repeat of what was accepted here is answered here. What waits goes first: a later write of its key does not overtake it.
        var accepted = given is not null && await buffers.FindAsync(context.Tenant, id, http.RequestAborted) is not null;
        if (!accepted && !await buffers.IsWaitingAsync(context.Tenant, orderKey, http.RequestAborted))
        {
            try
            {
                await PassAsync(http, body, key);
                return;
            }
            catch (BrainUnreachableException exception)
            {
                (sent, reason) = (exception.Sent, GatewayProblems.Unreachable.Code);
            }
        }
        var request = new QueuedRequest(op, path, key, id, orderKey, document.RootElement);
        await QueuedAnswers.WriteAsync(http, await QueueAsync(context, request, sent, reason, http.RequestAborted));
    }

    /// <param name="sent">True when the brain may have seen it: then it is repeated to the letter, so that its key still fits.</param>
    private async Task<QueuedAnswer> QueueAsync(RequestContext context, QueuedRequest request, bool sent, string reason, CancellationToken cancellationToken)
    {
        var made = QueuedAnswers.Made(context, request, json.Value.SerializerOptions, clock.GetUtcNow());
        var raw = request.Body.GetRawText();
        var item = new BufferItem(
            request.Id, request.OrderKey, request.Op, request.Path, request.Key, sent ? raw : BufferedOps.Stamped(request.Op, request.Body, clock.GetUtcNow()),
            BufferedOps.Digest(request.Path, raw), context.Principal.Id, BrainTokens.UsefulOf(context), context.ClientType, context.TraceId, request.Key);
        var receipt = (await buffers.AddAsync(context.Tenant, [item], cancellationToken))[0];
        if (!receipt.IsDuplicate) GatewayMetrics.Taken(1);
        return new QueuedAnswer(request, made, receipt.State, reason);
    }

    private async Task PassAsync(HttpContext http, byte[]? body, string? key)
    {
        using var request = new HttpRequestMessage(new HttpMethod(http.Request.Method), (Uri?)null);
        if (body is not null) request.Content = new ByteArrayContent(body);
        else if (http.Request.ContentLength is > 0 || http.Request.Headers.TransferEncoding.Count > 0) request.Content = new StreamContent(http.Request.Body);
        if (request.Content is { } content && http.Request.ContentType is { } type) content.Headers.TryAddWithoutValidation(HeaderNames.ContentType, type);
        foreach (var name in Sent)
            if (http.Request.Headers.TryGetValue(name, out var values)) request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
        if (key is not null && !request.Headers.Contains("Idempotency-Key")) request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        request.Headers.TryAddWithoutValidation(HeaderNames.Authorization, CredentialOf(http));
        // The ids of buffered writes follow from path and key alone.
        var query = key is null ? http.Request.QueryString.ToUriComponent() : "";
        var address = http.Request.Path.ToUriComponent().TrimStart('/') + query;
        using var response = await brain.SendAsync(request, address, http.GetEndpoint()!.Metadata.GetMetadata<Unhurried>() is null, http.RequestAborted);
        http.Response.StatusCode = (int)response.StatusCode;
        foreach (var name in Returned)
            if (response.Headers.NonValidated.TryGetValues(name, out var values) || response.Content.Headers.NonValidated.TryGetValues(name, out values)) http.Response.Headers[name] = values.ToArray();
        if (response.Content.Headers.ContentLength is { } length) http.Response.ContentLength = length;
        await using var stream = await response.Content.ReadAsStreamAsync(http.RequestAborted);
        await stream.CopyToAsync(http.Response.Body, http.RequestAborted);
    }

    /// <summary>The edge has verified it. A cookie counts there only for what changes nothing; the brain takes the same credential as a bearer.</summary>
    private static string CredentialOf(HttpContext http) =>
        http.Request.Headers.Authorization is [{ } value] ? value : "Bearer " + http.Request.Cookies["soma_session"];

    private static string? KeyOf(HttpContext http)
    {
        if (!http.Request.Headers.TryGetValue("Idempotency-Key", out var sent)) return null;
        return sent is [{ Length: > 0 and <= 255 } key] && !key.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? key
            : throw Problem.Invalid("Idempotency-Key", "must be one value of 1 to 255 visible ASCII characters");
    }

    private static async Task<byte[]> BytesAsync(HttpContext http)
    {
        // The edge has read it already, within the route's limit.
        using var copy = new MemoryStream();
        await http.Request.Body.CopyToAsync(copy, http.RequestAborted);
        return copy.ToArray();
    }

    private static JsonDocument Parse(byte[] body)
    {
        try
        {
            return JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 64, AllowDuplicateProperties = false });
        }
        catch (JsonException exception)
        {
            throw new BadHttpRequestException("The body is not JSON.", StatusCodes.Status400BadRequest, exception);
        }
    }
}
