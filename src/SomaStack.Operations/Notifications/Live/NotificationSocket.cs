using System.Buffers;
using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using SomaStack.Governance.Identity.Contracts;
using SomaStack.Platform;

namespace SomaStack.Operations.Notifications;

/// <summary>
/// <c>GET /ws/notifications/{tenant}?cursor=</c>: one's own notifications as they come (docs/notifications-live.md). The client may send
/// <c>{"type":"token","token":…}</c>, a newer token of the same principal, before the one it came with expires.
/// </summary>
internal sealed class NotificationSocket(FollowNotifications follow, IIdentity identity, SomaOptions options)
{
    internal sealed record ClientMessage(string Type, string? Token = null);

    public static void Map(IEndpointRouteBuilder routes) => routes
        .MapGet("/ws/notifications/{tenant}", (string tenant, RequestContext context, NotificationSocket use, HttpContext http, long? cursor = null, int? history = null) =>
            use.RunAsync(tenant, context, FollowNotifications.StartOf(cursor, history), http))
        .ForAnyPrincipal().CountsItself().Produces(101).WithTags("notifications").WithSummary("Follow one's own notifications over WebSocket.");

    private async Task<IResult> RunAsync(string tenant, RequestContext context, LiveStart start, HttpContext http)
    {
        if (tenant != context.Tenant) throw PlatformProblems.NotFound.Because("There is no such tenant here.");
        if (!http.WebSockets.IsWebSocketRequest) throw Problem.Invalid("upgrade", "must ask for a WebSocket");
        using var seat = follow.Take(context, socket: true);
        // Who is slow is told so by us; Kestrel would cut the connection without a word.
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { KeepAliveInterval = options.FeedHeartbeat, KeepAliveTimeout = options.FeedHeartbeat });
        var follower = follow.Follower(context, http, new SocketOutlet(socket, http));
        await follow.RunAsync(context.Tenant, follower, start, () => ListenAsync(socket, context, follower), http.RequestAborted);
        return Results.Empty;
    }

    /// <summary>Holds no buffer while nothing comes.</summary>
    private async Task ListenAsync(WebSocket socket, RequestContext context, Follower follower)
    {
        try
        {
            while (true)
            {
                var ready = await socket.ReceiveAsync(Memory<byte>.Empty, CancellationToken.None);
                if (ready.MessageType == WebSocketMessageType.Close || (!ready.EndOfMessage && !await TakeAsync(socket, context, follower))) break;
            }
            // Now the closing frame of the peer has come, or its answer to ours.
            follower.End(Ending.Closed);
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            follower.End(Ending.Gone);
        }
    }

    /// <returns>False when the peer has closed.</returns>
    private async Task<bool> TakeAsync(WebSocket socket, RequestContext context, Follower follower)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(LiveLimits.MessageBytesMax);
        try
        {
            var length = 0;
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(length), CancellationToken.None);
                if (received.MessageType == WebSocketMessageType.Close) return false;
                length += received.Count;
                if (received.MessageType == WebSocketMessageType.Binary) follower.End(Ending.NotText);
                if (length > LiveLimits.MessageBytesMax || (length == LiveLimits.MessageBytesMax && !received.EndOfMessage)) follower.End(Ending.TooBig);
                // What still comes from a peer that was told goodbye is read, so that it can read our reason, and forgotten.
                if (follower.Ended) length = 0;
                if (received.EndOfMessage) break;
            }
            if (!follower.Ended) await ObeyAsync(buffer.AsMemory(0, length), context, follower);
            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    private async Task ObeyAsync(ReadOnlyMemory<byte> json, RequestContext context, Follower follower)
    {
        ClientMessage? message = null;
        try
        {
            message = JsonSerializer.Deserialize(json.Span, LiveJson.Default.ClientMessage);
        }
        catch (JsonException)
        {
            // Answered below.
        }
        if (message is not { Type: "token", Token: { Length: > 0 } token })
        {
            follower.Offer(Frames.Error(PlatformProblems.InvalidRequest.Code, "A message is {\"type\":\"token\",\"token\":…}; nothing else is understood."));
            return;
        }
        var holder = await identity.AuthenticateAsync(token, CancellationToken.None);
        if (holder is null || holder.Tenant != context.Tenant || holder.Principal.Id != context.Principal.Id)
        {
            follower.Offer(Frames.Error(PlatformProblems.Unauthenticated.Code, "The token is not valid now, or not this principal's; the one before still counts."));
            return;
        }
        follower.Renew(new Presented(token, holder.ExpiresAt));
        follower.Offer(Frames.Token(FollowNotifications.Ends(holder.ExpiresAt)));
    }
}
