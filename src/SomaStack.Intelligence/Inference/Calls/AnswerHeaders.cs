using System.Globalization;
using Microsoft.AspNetCore.Http;
using SomaStack.Governance.Billing.Contracts;

namespace SomaStack.Intelligence.Inference;

/// <summary>What every answer of a model says of its call, whatever format it is in.</summary>
internal static class AnswerHeaders
{
    public const string CallId = "x-somastack-call-id";
    public const string RequestId = "x-somastack-request-id";
    public const string OverheadMs = "x-somastack-overhead-ms";
    public const string Cost = "x-somastack-cost";
    public const string Model = "x-somastack-model";
    public const string Cache = "x-somastack-cache";

    /// <summary>The id of the caller's request, the same for all its attempts.</summary>
    public static string RequestOf(HttpContext http) => http.Response.Headers["X-Request-Id"].ToString();

    /// <summary>Known before the first byte. Of several attempts the last one's stands.</summary>
    public static void Announce(HttpContext http, ModelCall call)
    {
        var headers = http.Response.Headers;
        headers[CallId] = call.Id;
        headers[RequestId] = call.RequestId ?? RequestOf(http);
        headers[Model] = call.Model.Qualified;
        headers[OverheadMs] = call.OverheadMs.ToString("0.###", CultureInfo.InvariantCulture);
    }

    /// <summary>An answer that is complete: its cost is known, or known to be unknown.</summary>
    public static void AnnounceWhole(HttpContext http, ModelCall call, long? costNanos)
    {
        Announce(http, call);
        http.Response.Headers[Cost] = CostText(call, costNanos);
    }

    /// <summary>A stream: the cost follows as a trailer where the connection has those.</summary>
    public static void AnnounceStream(HttpContext http, ModelCall call)
    {
        Announce(http, call);
        var headers = http.Response.Headers;
        http.Response.ContentType = "text/event-stream";
        headers.CacheControl = "no-cache";
        headers["X-Accel-Buffering"] = "no";
        if (http.Response.SupportsTrailers()) http.Response.DeclareTrailer(Cost);
    }

    /// <summary>After the last byte of a stream, before its end.</summary>
    public static void TrailCost(HttpContext http, ModelCall call, long? costNanos)
    {
        if (http.Response.SupportsTrailers()) http.Response.AppendTrailer(Cost, CostText(call, costNanos));
    }

    public static string CostText(ModelCall call, long? costNanos) => costNanos is { } nanos && call.Price is { } price ? Money.Text(nanos, price.Currency) : "unknown";
}
