using System.Net;

namespace SomaStack.Platform;

/// <summary>Follows redirects only after checking them anew, and holds the answer to its caps.</summary>
internal sealed class OutgoingHandler(HttpMessageHandler inner, OutgoingLimits limits) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(limits.Total);
        try
        {
            var response = await FollowAsync(request, deadline.Token);
            response.Content = new CappedContent(response.Content, limits.Bytes, deadline);
            return response;
        }
        catch (Exception exception)
        {
            var late = deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested;
            deadline.Dispose();
            if (late) throw PlatformProblems.Timeout.Because("An outside server did not answer in time.", exception);
            if (exception is HttpRequestException { InnerException: Problem refusal }) throw refusal;
            throw;
        }
    }

    private async Task<HttpResponseMessage> FollowAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var only = request.Options.TryGetValue(OutgoingHttp.OnlyOrigins, out var origins) ? origins : null;
        for (var redirects = 0; ; redirects++)
        {
            OutgoingHttp.CheckAddress(request.RequestUri);
            OutgoingHttp.CheckOrigin(request.RequestUri!, only);
            var response = await base.SendAsync(request, cancellationToken);
            if (!IsRedirect(response) || (request.Method != HttpMethod.Get && request.Method != HttpMethod.Head)) return response;
            var from = request.RequestUri!;
            var to = new Uri(from, response.Headers.Location!);
            response.Dispose();
            if (redirects == limits.Redirects) throw PlatformProblems.AddressRefused.Because($"More than {limits.Redirects} redirects.");
            if (from.Scheme == "https" && to.Scheme != "https") throw PlatformProblems.AddressRefused.Because("A redirect from https to http is not followed.");
            request = Again(request, to, sameOrigin: from.GetLeftPart(UriPartial.Authority) == to.GetLeftPart(UriPartial.Authority));
        }
    }

    private static bool IsRedirect(HttpResponseMessage response) =>
        response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect
        && response.Headers.Location is not null;

    /// <summary>Another origin gets only what is no secret: what it accepts, not who we are.</summary>
    private static HttpRequestMessage Again(HttpRequestMessage request, Uri to, bool sameOrigin)
    {
        var again = new HttpRequestMessage(request.Method, to) { Version = request.Version, VersionPolicy = request.VersionPolicy };
        foreach (var (name, values) in request.Headers)
            if (name != "Host" && (sameOrigin || name is "Accept" or "Accept-Language" or "User-Agent" or "traceparent")) again.Headers.TryAddWithoutValidation(name, values);
        return again;
    }
}

/// <summary>The answer's content, which fails when it grows past its cap or its deadline.</summary>
internal sealed class CappedContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly long _limit;
    private readonly CancellationTokenSource _deadline;

    public CappedContent(HttpContent inner, long limit, CancellationTokenSource deadline)
    {
        (_inner, _limit, _deadline) = (inner, limit, deadline);
        foreach (var (name, values) in inner.Headers) Headers.TryAddWithoutValidation(name, values);
    }

    protected override async Task<Stream> CreateContentReadStreamAsync() => new CappedStream(await _inner.ReadAsStreamAsync(_deadline.Token), _limit, _deadline.Token);

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => new CappedStream(_inner.ReadAsStream(cancellationToken), _limit, _deadline.Token);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await using var capped = await CreateContentReadStreamAsync();
        await capped.CopyToAsync(stream, _deadline.Token);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _inner.Headers.ContentLength ?? 0;
        return _inner.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
            _deadline.Dispose();
        }
        base.Dispose(disposing);
    }
}
