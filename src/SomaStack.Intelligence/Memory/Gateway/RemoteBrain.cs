using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using SomaStack.Intelligence.Memory.Contracts;
using SomaStack.Platform;

namespace SomaStack.Intelligence.Memory;

/// <summary>
/// The brain in another process, over HTTP. Its address is the operator's, so it may be anywhere; every other rule of outgoing calls holds.
/// </summary>
internal sealed class RemoteBrain(SomaOptions options, BrainTokens tokens, TimeProvider clock) : IBrain, IDisposable
{
    /// <summary>Calls at once, and with them connections: HTTP/1.1 has one call a connection.</summary>
    private const int CallsMax = 64;

    /// <summary>Exports are the largest answers.</summary>
    private const long BytesMax = 1L << 30;

    /// <summary>Below the edge's own limit, so that a caller hears that the brain was late and not that we were.</summary>
    private static readonly TimeSpan Hurried = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Unhurried = TimeSpan.FromMinutes(10);

    private readonly Uri _base = BaseOf(options.Brain!);
    private readonly SemaphoreSlim _calls = new(CallsMax);
    private readonly Breaker _breaker = new(clock);
    private readonly HttpClient _quick = OutgoingHttp.Create(new OutgoingLimits(Hurried, BytesMax, Redirects: 0), BaseOf(options.Brain!));
    private readonly HttpClient _slow = OutgoingHttp.Create(new OutgoingLimits(Unhurried, BytesMax, Redirects: 0), BaseOf(options.Brain!));

    public BreakerState Breaker => _breaker.State;

    public string State => Breaker == BreakerState.Closed ? "reachable" : "unreachable";

    public int Room => Breaker switch { BreakerState.Closed => int.MaxValue, BreakerState.HalfOpen => 1, _ => 0 };

    /// <summary>Sends a request; the answer's body is read by the caller.</summary>
    /// <param name="path">With its query.</param>
    /// <exception cref="BrainUnreachableException">No answer, or one that only something in front of a brain that is away gives.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, string path, bool hurried, CancellationToken cancellationToken)
    {
        request.RequestUri = new Uri(_base, path);
        if (!_breaker.TryEnter()) throw new BrainUnreachableException("It did not answer the last calls.", sent: false);
        if (!await EnterAsync(cancellationToken))
        {
            _breaker.Abandoned();
            throw new BrainUnreachableException($"{CallsMax} calls wait for it.", sent: false);
        }
        try
        {
            var response = await (hurried ? _quick : _slow).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (IsFromAbove(response))
            {
                var status = (int)response.StatusCode;
                response.Dispose();
                throw Unreachable($"Something before it answered {status}.", sent: true, null);
            }
            _breaker.Succeeded();
            return response;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException || exception is Problem)
        {
            var refused = exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } or Problem { Code.Code: "address_refused" };
            throw Unreachable("It does not answer.", sent: !refused, exception);
        }
        catch (OperationCanceledException)
        {
            _breaker.Abandoned();
            throw;
        }
        finally
        {
            _calls.Release();
        }
    }

    public async Task<BrainAnswer> ApplyAsync(BufferedItem item, CancellationToken cancellationToken)
    {
        string token;
        try
        {
            token = await tokens.ForAsync(item.Tenant, item.Item.Principal, item.Item.Capabilities, cancellationToken);
        }
        catch (Problem problem)
        {
            return new BrainAnswer((int)problem.Code.Kind, problem.Code.Code, problem.Detail, problem.RetryAfter);
        }
        using var request = Post(token, item.Item.Body);
        request.Headers.TryAddWithoutValidation("Idempotency-Key", item.Item.IdempotencyKey);
        request.Headers.TryAddWithoutValidation("X-Client-Type", item.Item.ClientType is "system" ? "sdk" : item.Item.ClientType);
        using var response = await SendAsync(request, item.Item.Path, hurried: true, cancellationToken);
        var wait = response.Headers.RetryAfter?.Delta;
        if (response.IsSuccessStatusCode) return new BrainAnswer((int)response.StatusCode);
        var (code, detail) = await ProblemOfAsync(response, cancellationToken);
        return new BrainAnswer((int)response.StatusCode, code, detail, wait);
    }

    /// <summary>Asks a memory route as a principal of ours.</summary>
    public async Task<HttpResponseMessage> AskAsync(RequestContext context, string path, string body, CancellationToken cancellationToken)
    {
        var token = await tokens.ForAsync(context.Tenant, context.Principal.Id, BrainTokens.UsefulOf(context), cancellationToken);
        using var request = Post(token, body);
        return await SendAsync(request, path, hurried: true, cancellationToken);
    }

    public void Dispose()
    {
        _quick.Dispose();
        _slow.Dispose();
        _calls.Dispose();
    }

    internal static async Task<(string? Code, string? Detail)> ProblemOfAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            using var problem = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
            return problem.RootElement.ValueKind == JsonValueKind.Object
                ? (Text(problem.RootElement, "code"), Text(problem.RootElement, "detail"))
                : (null, null);
        }
        catch (JsonException)
        {
            return (null, null);
        }
    }

    private static string? Text(JsonElement element, string name) => element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static HttpRequestMessage Post(string token, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, (Uri?)null) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    }

    /// <summary>Our own refusals are problem details; a bare 502, 503 or 504 comes from a proxy whose brain is away.</summary>
    private static bool IsFromAbove(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout
        && response.Content.Headers.ContentType?.MediaType != "application/problem+json";

    private async Task<bool> EnterAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _calls.WaitAsync(TimeSpan.FromSeconds(2), cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _breaker.Abandoned();
            throw;
        }
    }

    private BrainUnreachableException Unreachable(string message, bool sent, Exception? cause)
    {
        _breaker.Failed();
        return new BrainUnreachableException(message, sent, cause);
    }

    private static Uri BaseOf(string address) => new(address.TrimEnd('/') + "/");
}
