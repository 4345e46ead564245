using System.Buffers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>
/// Reads the whole request body before the handler, up to the route's limit. A JSON reader that gives up half-way leaves Kestrel's
/// pipe in a state that costs the caller his connection; a body that has been read cannot. Routes for large bodies read their own.
/// </summary>
internal sealed class BufferedBody(RequestDelegate next)
{
    private const long LimitMax = 36 << 20;
    private const long ReserveMax = 1 << 20;

    public Task InvokeAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true }) return next(http);
        CheckEncoding(http.Request);
        return Limits.BodyLimitOf(http.GetEndpoint()) > LimitMax ? next(http) : ThenAsync(http);
    }

    public static async Task<byte[]> ReadAsync(HttpContext http)
    {
        if (http.Features.Get<Kept>() is { } kept) return kept.Bytes;
        var limit = Limits.BodyLimitOf(http.GetEndpoint());
        using var copy = new MemoryStream(http.Request.ContentLength is { } length ? (int)Math.Min(length, ReserveMax) : 0);
        var buffer = ArrayPool<byte>.Shared.Rent(16 << 10);
        try
        {
            int read;
            while ((read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0)
            {
                copy.Write(buffer, 0, read);
                if (copy.Length > limit) throw Limits.TooLarge(limit);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        var bytes = copy.Capacity == copy.Length ? copy.GetBuffer() : copy.ToArray();
        http.Request.Body = new MemoryStream(bytes, writable: false);
        http.Features.Set(new Kept(bytes));
        return bytes;
    }

    private async Task ThenAsync(HttpContext http)
    {
        var bytes = await ReadAsync(http);
        if (http.Request.HasJsonContentType()) CheckText(bytes);
        await next(http);
    }

    /// <summary>Some readers look at a string only when it is used; what is no text would surface there as an error of ours.</summary>
    private static void CheckText(byte[] json)
    {
        if (!JsonText.IsUtf8(json)) throw PlatformProblems.MalformedRequest.Because("The body is not valid UTF-8.");
        if (!JsonText.HasWholeSurrogates(json)) throw Problem.Invalid("body", "must be well-formed Unicode; it holds half a surrogate pair");
    }

    /// <summary>JSON between systems is UTF-8 (RFC 8259, 8.1); a charset that says otherwise is not guessed at.</summary>
    private static void CheckEncoding(HttpRequest request)
    {
        if (request.ContentType is not { } type || !type.Contains("charset", StringComparison.OrdinalIgnoreCase)) return;
        if (MediaTypeHeaderValue.TryParse(type, out var media) && media.Charset.HasValue && !HeaderUtilities.RemoveQuotes(media.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            throw PlatformProblems.UnsupportedMedia.Because("The charset must be utf-8.");
    }

    private sealed record Kept(byte[] Bytes);
}
