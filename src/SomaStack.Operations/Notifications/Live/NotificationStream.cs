using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// <c>GET /v1/notifications/stream?cursor=</c>: the same feed as server-sent events, <c>id:</c> = cursor; <c>Last-Event-ID</c> counts when
/// the browser reconnects. A stream that we end has a <c>close</c> event with the reason as its last.
/// </summary>
internal sealed class NotificationStream(FollowNotifications follow)
{
    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/v1/notifications/stream", (RequestContext context, NotificationStream use, HttpContext http, long? cursor = null, int? history = null) => use.RunAsync(context, http, cursor, history))
        .ForAnyPrincipal().CountsItself().Produces(200, contentType: "text/event-stream").WithTags("notifications").WithSummary("Follow one's own notifications, resumable.");

    private async Task<IResult> RunAsync(RequestContext context, HttpContext http, long? cursor, int? history)
    {
        if (http.Request.Headers.TryGetValue("Last-Event-ID", out var last) && long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var seen) && seen >= (cursor ?? 0))
            (cursor, history) = (seen, null);
        var start = FollowNotifications.StartOf(cursor, history);
        using var seat = follow.Take(context, socket: false);
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["X-Accel-Buffering"] = "no";
        await http.Response.StartAsync(http.RequestAborted);
        var outlet = new StreamOutlet(http);
        var follower = follow.Follower(context, http, outlet);
        await using var gone = http.RequestAborted.Register(() => follower.End(Ending.Gone));
        await follow.RunAsync(context.Tenant, follower, start, () => outlet.Closed, http.RequestAborted);
        return Results.Empty;
    }
}
