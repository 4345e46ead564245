using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Options;
using SomaStack.Platform;

namespace SomaStack.Server.Edge;

/// <summary>
/// Refuses unknown fields, for everybody (<c>SOMA_STRICT</c>) or for the caller who asks (<c>Prefer: handling=strict</c>, RFC 7240).
/// It reads the body a second time with stricter options, since a handler's own reading is fixed when its route is built.
/// </summary>
internal sealed class Strictness(RequestDelegate next, SomaOptions options, IOptions<JsonOptions> json)
{
    private readonly JsonSerializerOptions _strict = new(json.Value.SerializerOptions) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    public Task InvokeAsync(HttpContext http)
    {
        var asked = AsksForStrict(http.Request);
        if (!asked && !options.Strict) return next(http);
        if (asked) http.Response.Headers["Preference-Applied"] = "handling=strict";
        return http.GetEndpoint()?.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType is { } type && type != typeof(Stream) && http.Request.HasJsonContentType()
            ? CheckAsync(http, type)
            // A handler that takes the raw body (NDJSON) judges it line by line itself.
            : next(http);
    }

    private async Task CheckAsync(HttpContext http, Type type)
    {
        var body = await BufferedBody.ReadAsync(http);
        try
        {
            if (body.Length > 0) JsonSerializer.Deserialize(body, _strict.GetTypeInfo(type));
        }
        catch (JsonException exception)
        {
            throw BadInput.OfJson(exception);
        }
        await next(http);
    }

    private static bool AsksForStrict(HttpRequest request)
    {
        foreach (var line in request.Headers["Prefer"])
            foreach (var preference in (line ?? "").Split(','))
                if (preference.Trim().Equals("handling=strict", StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}
