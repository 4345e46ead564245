using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>Why a request was cancelled: the client went, or its time was up.</summary>
internal sealed record Deadline(CancellationToken Client, CancellationToken Both)
{
    public bool IsOver => Both.IsCancellationRequested && !Client.IsCancellationRequested;
}

/// <summary>Bounds what one request may take: requests at once, address, headers, body, time. Health probes and the scraper pass always.</summary>
internal sealed class Limits(RequestDelegate next, SomaOptions options)
{
    public const int AddressMax = 8 << 10;
    public const int HeadersMax = 32 << 10;
    public static readonly TimeSpan Time = TimeSpan.FromSeconds(30);

    private int _inFlight;
    private int _streaming;

    public Task InvokeAsync(HttpContext http)
    {
        if (http.GetEndpoint() is not RouteEndpoint endpoint || IsProbe(endpoint)) return next(http);
        CheckAddress(http.Request);
        LimitBody(http, endpoint);
        if (endpoint.Metadata.GetMetadata<CountsItself>() is not null) return next(http);
        // Streams wait for their listener, so they are counted apart and cannot crowd out short requests.
        return endpoint.Metadata.GetMetadata<Unhurried>() is null ? HurryAsync(http) : StreamAsync(http);
    }

    private async Task HurryAsync(HttpContext http)
    {
        using var time = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        time.CancelAfter(Time);
        http.Features.Set(new Deadline(http.RequestAborted, time.Token));
        http.RequestAborted = time.Token;
        EnterOrRefuse(ref _inFlight);
        try
        {
            await next(http);
        }
        finally
        {
            Leave(ref _inFlight);
        }
    }

    private async Task StreamAsync(HttpContext http)
    {
        EnterOrRefuse(ref _streaming);
        try
        {
            await next(http);
        }
        finally
        {
            Leave(ref _streaming);
        }
    }

    private void EnterOrRefuse(ref int count)
    {
        if (Interlocked.Increment(ref count) > options.MaxInFlight)
        {
            Interlocked.Decrement(ref count);
            throw new Problem(PlatformProblems.Busy, $"The server answers {options.MaxInFlight} requests at once, and it does now.") { RetryAfter = TimeSpan.FromSeconds(1) };
        }
        EdgeMetrics.InFlight.Add(1);
    }

    private static void Leave(ref int count)
    {
        Interlocked.Decrement(ref count);
        EdgeMetrics.InFlight.Add(-1);
    }

    private static bool IsProbe(RouteEndpoint endpoint) => endpoint.RoutePattern.RawText is "/livez" or "/readyz" or "/healthz" or "/metrics";

    private static void CheckAddress(HttpRequest request)
    {
        if (request.Path.Value!.Length + request.QueryString.Value!.Length > AddressMax)
            throw EdgeProblems.AddressTooLong.Because($"Path and query may have {AddressMax} bytes together.");
        var size = 0;
        foreach (var (name, values) in request.Headers)
            foreach (var value in values) size += name.Length + (value?.Length ?? 0) + 4;
        if (size > HeadersMax) throw EdgeProblems.HeadersTooLarge.Because($"All headers may have {HeadersMax} bytes together.");
    }

    /// <summary>A declared length is refused before a byte is read; a chunked body when it has grown past the limit.</summary>
    private static void LimitBody(HttpContext http, RouteEndpoint endpoint)
    {
        var limit = BodyLimitOf(endpoint);
        if (http.Request.ContentLength > limit) throw TooLarge(limit);
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature) feature.MaxRequestBodySize = limit;
    }

    public static long BodyLimitOf(Endpoint? endpoint) => (endpoint?.Metadata.GetMetadata<BodyLimit>() ?? BodyLimit.Default).Bytes;

    public static Problem TooLarge(long limit) => PlatformProblems.TooLarge.Because($"The body may have {limit.ToString(CultureInfo.InvariantCulture)} bytes here.");
}
